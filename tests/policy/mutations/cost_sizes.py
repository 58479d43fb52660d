"""What breaks each rule about the kind and the size of what runs."""

from tests.policy.world import change

VOLUME = "aws:ebs/volume:Volume"
GROUP = "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
FUNCTION = "aws:lambda/function:Function"

WORLD = []

MUTATIONS = {
    "a_machine_is_of_this_generation": change(TEMPLATE, "web", "instanceType", "m4.large"),
    "a_machine_runs_on_graviton": change(TEMPLATE, "web", "instanceType", "m7i.large"),
    "a_function_runs_on_graviton": change(FUNCTION, "pay", "architectures", ["x86_64"]),
    "a_volume_is_not_of_the_old_kind": change(VOLUME, "disk", "type", "gp2"),
    "a_volume_buys_no_speed_unasked": change(VOLUME, "disk", "iops", 16000),
    "a_group_is_small_when_idle": change(GROUP, "web", "minSize", 300),
}
