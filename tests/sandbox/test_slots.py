"""A stateful machine's replacement holds the same network interface and the same disk."""

import base64
import gzip
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pulumi
import pulumi_aws as aws
import pytest

from fourplane.sandbox import moto_slots
from tests.sandbox.machines import REGION, fleet, network, running, template

CONFIG = """#cloud-config
write_files:
  - path: /etc/fourplane/slot.env
    content: |
      # who this machine is
      NETWORK_INTERFACE_ID={interface}
      VOLUME_ID={volume}
      DEVICE=/dev/sdf
"""


def slot() -> None:
    _, subnets = network("a")
    interface = aws.ec2.NetworkInterface("slot", subnet_id=subnets[0].id)
    volume = aws.ebs.Volume("slot", availability_zone=f"{REGION}a", size=10)
    text = pulumi.Output.all(interface.id, volume.id).apply(
        lambda a: CONFIG.format(interface=a[0], volume=a[1])
    )
    launch = aws.ec2.LaunchTemplate(
        "it",
        instance_type="m7g.large",
        image_id="ami-065b1b834d2a83a7a",
        user_data=text.apply(lambda t: base64.b64encode(t.encode()).decode()),
    )
    fleet(subnets, launch, 1)


def held(cloud) -> tuple[str, list[str]]:
    """The interface in slot 1 of the living machine, and its disks."""
    machine = running(cloud)[0]
    second = next(n for n in machine["NetworkInterfaces"] if n["Attachment"]["DeviceIndex"] == 1)
    return second["NetworkInterfaceId"], [d["DeviceName"] for d in machine["BlockDeviceMappings"]]


def test_a_machine_takes_its_slot_at_launch(deploy, cloud):
    interface = deploy(slot).one("aws:ec2/networkInterface:NetworkInterface").id
    assert held(cloud)[0] == interface and "/dev/sdf" in held(cloud)[1]


def test_its_replacement_holds_the_same_interface_and_disk(deploy, cloud):
    graph = deploy(slot)
    before = running(cloud)[0]["InstanceId"]
    ec2 = cloud.client("ec2", REGION)
    ec2.terminate_instances(InstanceIds=[before])
    volume = ec2.describe_volumes(VolumeIds=[graph.one("aws:ebs/volume:Volume").id])["Volumes"][0]
    after = running(cloud)[0]["InstanceId"]
    assert after != before and volume["Attachments"][0]["InstanceId"] == after
    assert held(cloud)[0] == graph.one("aws:ec2/networkInterface:NetworkInterface").id


def test_a_dead_machine_lets_go_of_what_was_attached_to_it(deploy, cloud):
    graph = deploy(slot)
    ec2 = cloud.client("ec2", REGION)
    group = graph.one("aws:autoscaling/group:Group").id
    cloud.client("autoscaling", REGION).set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=0)
    interfaces = ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert [(i["NetworkInterfaceId"], i["Status"]) for i in interfaces] == [
        (graph.one("aws:ec2/networkInterface:NetworkInterface").id, "available")
    ]
    assert [v["State"] for v in ec2.describe_volumes()["Volumes"]] == ["available"]


def multipart(text: str) -> bytes:
    whole = MIMEMultipart()
    whole.attach(MIMEText("#!/bin/sh\n", "x-shellscript"))
    whole.attach(MIMEText(text, "cloud-config"))
    return whole.as_bytes()


@pytest.mark.parametrize("packed", [str.encode, multipart, lambda text: gzip.compress(multipart(text))])
def test_finds_the_slot_however_the_user_data_is_packed(packed):
    user_data = base64.b64encode(packed(CONFIG.format(interface="eni-1", volume="vol-1"))).decode()
    assert moto_slots.read(user_data) == {
        "NETWORK_INTERFACE_ID": "eni-1",
        "VOLUME_ID": "vol-1",
        "DEVICE": "/dev/sdf",
    }


def test_finds_no_slot_in_other_user_data():
    assert moto_slots.read(base64.b64encode(b"#!/bin/sh\necho /etc/fourplane/slot.env").decode()) == {}


def test_launches_where_the_template_has_no_user_data(deploy, cloud):
    deploy(lambda: fleet(network("a")[1], template(), 1))
    assert len(running(cloud)) == 1
