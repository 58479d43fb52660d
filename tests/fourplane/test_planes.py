"""A resource's plane is told by its tags, or by the component around it."""

import pytest

from fourplane.planes import kind, planes

TREE = """
class Part(pulumi.ComponentResource):
    def __init__(self, name, plane, parent=None, bare=False):
        super().__init__("fourplane:index:Part", name, {}, pulumi.ResourceOptions(parent=parent))
        child = pulumi.ResourceOptions(parent=self)
        if not bare:
            aws.ec2.Vpc(name, cidr_block="10.0.0.0/16", tags={"plane": plane}, opts=child)
            aws.iam.RolePolicyAttachment(name, role="r", policy_arn="p", opts=child)

whole = Part("whole", "", bare=True)
Part("cache", "state", whole)
Part("net", "network")
aws.autoscaling.Group("fleet", max_size=1, min_size=1,
    tags=[{"key": "plane", "value": "service", "propagate_at_launch": True}])
aws.sqs.Queue("loose")
aws.sqs.Queue("odd", tags={"plane": "astral"})
"""


@pytest.mark.parametrize(
    ("name", "plane"),
    [
        ("cache", "state"),
        ("whole", "state"),
        ("net", "network"),
        ("fleet", "service"),
        ("loose", "other"),
        ("odd", "other"),
    ],
)
def test_everything_has_a_plane(run, name, plane):
    graph = run(TREE)
    of = planes(graph)
    assert {of[r.urn] for r in graph.values() if r.name == name} == {plane}


def test_types_are_named_as_people_say_them(run):
    graph = run(TREE)
    assert {kind(r) for r in graph.values()} == {
        "Part", "ec2 Vpc", "iam RolePolicyAttachment", "autoscaling Group", "sqs Queue",
    }  # fmt: skip
