"""A way to a fleet is open to its last link; components are the boxes of a diagram."""

import pulumi
import pytest

from components.access import connect, expose
from components.service.auto_scaling_service import AutoScalingService
from fourplane.reach import INTERNET

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
FLEET = {**PLACE, "image": "public.ecr.aws/a:1", "port": 8080}


def two_fleets():
    a, b = AutoScalingService("a", FLEET), AutoScalingService("b", FLEET)
    connect(a, b)
    return a, b


@pytest.mark.parametrize(
    "link",
    [
        "SecurityGroupEgressRule a-to-b",
        "SecurityGroupIngressRule a-to-b",
        "Listener b-balancer",
        "TargetGroup b-balancer",
        "Group b",
        "SecurityGroupEgressRule b-balancer-to-b",
        "SecurityGroupIngressRule b-balancer-to-b",
    ],
)
def test_an_arrow_to_a_fleet_is_open_only_to_its_last_link(ways, link):
    assert ways(two_fleets) == {"a -> b security groups tcp 80"}
    assert ways(two_fleets, [link]) == set()


def test_a_private_balancer_is_not_on_the_internet(ways):
    assert ways(lambda: expose(AutoScalingService("a", FLEET))) == set()
    public = {**FLEET, "front": {"internet_facing": True}}
    assert ways(lambda: expose(AutoScalingService("a", public))) == {
        f"{INTERNET} -> a security groups tcp 80"
    }


class Blueprint(pulumi.ComponentResource):
    """Tags nothing, as blueprints do: its parts are the boxes."""

    def __init__(self):
        super().__init__("fourplane:index:Blueprint", "whole")
        for name in ("a", "b"):
            setattr(self, name, AutoScalingService(name, FLEET, pulumi.ResourceOptions(parent=self)))
        connect(self.a, self.b)


def test_the_parts_of_a_blueprint_are_boxes_of_their_own(ways):
    assert ways(Blueprint) == {"a -> b security groups tcp 80"}
