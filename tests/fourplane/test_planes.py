"""A resource's plane is told by its tags, or by the component around it."""

import pytest

from fourplane.cli import show
from fourplane.planes import kind, planes
from tests.fourplane.regions import PROGRAM

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


def test_what_is_in_another_region_is_shown_with_it(run):
    lines = list(show.tree(run(PROGRAM, preview=True)))
    assert "  Box 'eu/user'" in lines and "    sqs Queue 'eu/user'" in lines and "  Box 'user'" in lines
    assert lines[0].endswith(" in us-east-1 and us-east-1 (eu)")


def test_a_region_s_parts_have_their_own_planes(run):
    graph = run(PROGRAM, preview=True)
    assert {planes(graph)[one.urn] for one in graph.values() if one.name == "user"} == {"service"}
    assert planes(graph)[graph.one("fourplane:index:Region").urn] == "other"
