"""What a stack does when it loses something."""

import pytest

from tests.stacks.conftest import on
from tests.stacks.look import ZONES, instances, zones

pytestmark = [on("netflix-dev"), pytest.mark.apart]


def test_a_lost_ring_node_comes_back_as_itself(deployed):
    ec2 = deployed.client("ec2")
    lost = instances(deployed, component="users")[0]

    def belongings(node):
        interface = next(e for e in node["NetworkInterfaces"] if e["Attachment"]["DeviceIndex"] == 1)
        disk = next(d for d in node["BlockDeviceMappings"] if d["DeviceName"] == "/dev/sdf")
        return interface["NetworkInterfaceId"], interface["PrivateIpAddress"], disk["Ebs"]["VolumeId"]

    ec2.terminate_instances(InstanceIds=[lost["InstanceId"]])
    deployed.client("autoscaling").describe_auto_scaling_groups()
    nodes = instances(deployed, component="users")
    assert lost["InstanceId"] not in {node["InstanceId"] for node in nodes}
    assert belongings(lost) in [belongings(node) for node in nodes]


def test_a_lost_machine_is_replaced_where_it_is_missing(deployed):
    ec2, scaling = deployed.client("ec2"), deployed.client("autoscaling")
    name = next(r.id for r in deployed.graph.all("aws:autoscaling/group:Group") if r.name == "user")
    scaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=3)
    lost = instances(deployed, component="user")[1]
    ec2.terminate_instances(InstanceIds=[lost["InstanceId"]])
    scaling.describe_auto_scaling_groups()
    assert zones(instances(deployed, component="user")) == ZONES
