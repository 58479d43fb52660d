"""Where moto differs from AWS in a way that a stack would notice, it is mended here, once for the process."""

from moto.autoscaling.models import FakeAutoScalingGroup

_launch = FakeAutoScalingGroup.replace_autoscaling_group_instances


def mend() -> None:
    """Make this process's moto behave as AWS does. Mending twice changes nothing."""
    FakeAutoScalingGroup.replace_autoscaling_group_instances = _launch_spread


def _launch_spread(group: FakeAutoScalingGroup, count_needed: int, propagated_tags: dict[str, str]) -> None:
    """An Auto Scaling group launches where it has the fewest instances; moto takes the first subnet for all."""
    zones: str | None = group.vpc_zone_identifier
    subnets = (zones or "").split(",")
    for _ in range(count_needed):
        taken = [state.instance.subnet_id for state in group.instance_states]
        group.vpc_zone_identifier = min(subnets, key=taken.count) or None
        try:
            _launch(group, 1, dict(propagated_tags))
        finally:
            group.vpc_zone_identifier = zones
