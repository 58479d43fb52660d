"""Auto Scaling groups that launch as AWS does: over all subnets, from the whole launch template."""

import copy
from typing import Any

from moto.autoscaling.models import ASG_NAME_TAG, AutoScalingBackend, FakeAutoScalingGroup, InstanceState
from moto.ec2.models.instances import Instance

from fourplane.sandbox import moto_slots
from fourplane.sandbox.moto_methods import replace

ROOTS = ("/dev/xvda", "/dev/sda1")
_resize = FakeAutoScalingGroup.set_desired_capacity
_notify = AutoScalingBackend.notify_terminate_instances
_update_targets = AutoScalingBackend.update_attached_target_groups


def mend() -> None:
    replace(
        FakeAutoScalingGroup, replace_autoscaling_group_instances=_launch, set_desired_capacity=_resize_evenly
    )
    replace(
        AutoScalingBackend,
        notify_terminate_instances=_notify_targets_too,
        update_attached_target_groups=_update_targets_both_ways,
    )


def _launch(group: FakeAutoScalingGroup, count_needed: int, propagated_tags: dict[str, str]) -> None:
    """Each instance goes where the group has the fewest; moto takes the first subnet for all. None goes
    anywhere while launching is suspended."""
    if "Launch" in group._suspended_processes:
        return
    for _ in range(count_needed):
        instance = _run(group, {**propagated_tags, **group.instance_tags, ASG_NAME_TAG: group.name})
        instance.autoscaling_group = group  # type: ignore[attr-defined]
        protected = group.new_instances_protected_from_scale_in
        group.instance_states.append(InstanceState(instance, protected_from_scale_in=protected))
        moto_slots.fill(instance)
        moto_slots.claim(instance)


def _run(group: FakeAutoScalingGroup, tags: dict[str, str]) -> Instance:
    ec2 = group.autoscaling_backend.ec2_backend
    template = group.ec2_launch_template
    data = template.get_version(group.launch_template_version).data if template else {}
    options = _from_template(data, _place(group))
    if template:
        options["launch_template"] = {
            "LaunchTemplateId": template.id,
            "Version": group.launch_template_version,
        }
    reservation = ec2.run_instances(
        _image(group),
        1,
        group.user_data,
        group.security_groups,
        instance_type=_instance_type(group),
        tags={"instance": tags},
        is_instance_type_default=False,
        launch_config=group.launch_config,
        **options,
    )
    instance = reservation.instances[0]
    profile = data.get("IamInstanceProfile") or {}
    if profile:
        ec2.associate_iam_instance_profile(
            instance_id=instance.id,
            iam_instance_profile_name=profile.get("Name"),
            iam_instance_profile_arn=profile.get("Arn"),
        )
    return instance


def _from_template(data: dict[str, Any], place: dict[str, str]) -> dict[str, Any]:
    """What moto leaves in the template when a group launches from it."""
    nics = copy.deepcopy(data.get("NetworkInterfaces") or [])
    for index, nic in enumerate(nics):
        nic.setdefault("DeviceIndex", index)
        nic.setdefault("DeleteOnTermination", True)
    monitored = (data.get("Monitoring") or {}).get("Enabled")
    disks = data.get("BlockDeviceMappings") or []
    options: dict[str, Any] = {
        **place,
        "nics": nics,
        "associate_public_ip": None,
        "metadata_options": data.get("MetadataOptions") or {},
        "monitoring_state": "enabled" if monitored else "disabled",
        "ebs_optimized": data.get("EbsOptimized") or False,
    }
    if any(
        disk["DeviceName"] in ROOTS for disk in disks
    ):  # else moto adds a root disk of its own beside this one
        options["block_device_mappings"] = disks
    return options


def _place(group: FakeAutoScalingGroup) -> dict[str, str]:
    subnets = (group.vpc_zone_identifier or "").split(",")
    if subnets == [""]:
        zones = [state.instance.availability_zone for state in group.instance_states]
        return {"placement": min(group.availability_zones, key=zones.count)}
    taken = [state.instance.subnet_id for state in group.instance_states]
    return {"subnet_id": min(subnets, key=taken.count)}


def _image(group: FakeAutoScalingGroup) -> str:
    """The template's image, or the one that a public parameter names ("resolve:ssm:/aws/service/…")."""
    image = group.image_id
    if not image.startswith("resolve:ssm:"):
        return image
    from moto.ssm.models import ssm_backends

    parameters = ssm_backends[group.account_id][group.region]
    found = parameters.get_parameter(image.removeprefix("resolve:ssm:"))
    return found.value if found else image


def _instance_type(group: FakeAutoScalingGroup) -> str:
    """With mixed instances AWS takes the first override that has capacity, which here is the first."""
    mixed = (group.mixed_instances_policy or {}).get("LaunchTemplate", {})
    first = next(iter(mixed.get("Overrides") or []), {})
    return first.get("InstanceType") or group.instance_type or "m5.large"


def _resize_evenly(group: FakeAutoScalingGroup, new_capacity: int | None) -> None:
    """A shrinking group loses instances where it has the most; moto drops the first ones of its list."""
    seen: list[str | None] = []
    ranks: dict[str, int] = {}
    for state in group.instance_states:
        ranks[state.instance_id] = seen.count(state.instance.subnet_id)
        seen.append(state.instance.subnet_id)
    group.instance_states.sort(key=lambda state: ranks[state.instance_id], reverse=True)
    _resize(group, new_capacity)
    group.instance_states.sort(key=lambda state: ranks.get(state.instance_id, len(ranks)))


def _notify_targets_too(backend: AutoScalingBackend, instance_ids: list[str]) -> None:
    _notify(backend, instance_ids)
    for name in list(backend.autoscaling_groups):
        backend.update_attached_target_groups(name)


def _update_targets_both_ways(backend: AutoScalingBackend, group_name: str) -> None:
    """Register a group's instances, and let go of those that are no more."""
    _update_targets(backend, group_name)
    for arn in backend.autoscaling_groups[group_name].target_group_arns:
        target_group = backend.elbv2_backend.target_groups[arn]
        machines = {id: backend.ec2_backend.get_instance_by_id(id) for id in target_group.targets}
        gone = [id for id, machine in machines.items() if machine and machine.state == "terminated"]
        target_group.deregister_terminated_instances(gone)
