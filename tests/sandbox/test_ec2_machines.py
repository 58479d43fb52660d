"""Launch templates, machines, and what is attached to them."""

import pulumi_aws as aws

from tests.sandbox.machines import REGION, network, running, template


def test_a_launch_template_keeps_every_setting(deploy, cloud):
    nic = {"device_index": 0, "associate_public_ip_address": "false", "security_groups": ["sg-1"]}
    tracking = {"connection_tracking_specification": {"tcp_established_timeout": 3600}}
    graph = deploy(
        lambda: template(
            "#!/bin/sh",
            block_device_mappings=[
                {"device_name": "/dev/xvda", "ebs": {"volume_size": 9, "encrypted": "true"}}
            ],
            metadata_options={"http_tokens": "required", "http_put_response_hop_limit": 2},
            network_interfaces=[{**nic, **tracking, "ipv4_addresses": ["10.0.0.9"]}],
            credit_specification={"cpu_credits": "standard"},
            monitoring={"enabled": True},
            tag_specifications=[{"resource_type": "instance", "tags": {"Name": "web"}}],
        )
    )
    made = graph.one("aws:ec2/launchTemplate:LaunchTemplate")
    versions = cloud.client("ec2", REGION).describe_launch_template_versions(LaunchTemplateId=made.id)
    data = versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    assert data["BlockDeviceMappings"][0]["Ebs"] == {"VolumeSize": 9, "Encrypted": True}
    assert data["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 2}
    assert data["NetworkInterfaces"][0]["Groups"] == ["sg-1"]
    assert data["NetworkInterfaces"][0]["ConnectionTrackingSpecification"] == {"TcpEstablishedTimeout": 3600}
    assert data["CreditSpecification"] == {"CpuCredits": "standard"} and data["Monitoring"] == {
        "Enabled": True
    }
    assert data["TagSpecifications"] == [
        {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}]}
    ]
    assert made.outputs["latestVersion"] == 1


def machine() -> aws.ec2.Instance:
    subnet = network("a")[1][0]
    image = "ami-065b1b834d2a83a7a"
    interface = aws.ec2.NetworkInterface("it", subnet_id=subnet.id, private_ips=["10.0.0.50"])
    volume = aws.ebs.Volume("it", availability_zone=f"{REGION}a", size=10, type="gp3", encrypted=True)
    made = aws.ec2.Instance(
        "it", ami=image, instance_type="m7g.large", subnet_id=subnet.id, tags={"Name": "web"}
    )
    aws.ec2.VolumeAttachment("it", device_name="/dev/sdf", volume_id=volume.id, instance_id=made.id)
    aws.ec2.NetworkInterfaceAttachment(
        "it", device_index=1, instance_id=made.id, network_interface_id=interface.id
    )
    return made


def test_a_machine_holds_what_is_attached_to_it(deploy, cloud):
    graph = deploy(machine)
    found = running(cloud)[0]
    assert found["InstanceId"] == graph.one("aws:ec2/instance:Instance").id
    assert [n["PrivateIpAddress"] for n in found["NetworkInterfaces"]][1] == "10.0.0.50"
    assert "/dev/sdf" in [disk["DeviceName"] for disk in found["BlockDeviceMappings"]]


def test_a_machine_knows_its_own_address(deploy, cloud):
    made = deploy(machine).one("aws:ec2/instance:Instance")
    assert made.outputs["privateIp"] == running(cloud)[0]["PrivateIpAddress"]


def test_a_volume_is_as_asked(deploy, cloud):
    id = deploy(machine).one("aws:ebs/volume:Volume").id
    found = cloud.client("ec2", REGION).describe_volumes(VolumeIds=[id])["Volumes"][0]
    assert (found["Size"], found["VolumeType"], found["Encrypted"]) == (10, "gp3", True)


def test_a_placement_group_is_simulated(deploy):
    made = deploy(lambda: aws.ec2.PlacementGroup("it", strategy="spread")).one(
        "aws:ec2/placementGroup:PlacementGroup"
    )
    assert made.simulated and made.id.startswith("it-")


def test_the_public_parameters_image_is_one_that_exists(deploy, cloud):
    graph = deploy(template)
    image = graph.one("aws:ec2/launchTemplate:LaunchTemplate").inputs["imageId"]
    found = cloud.client("ec2", REGION).describe_images(ImageIds=[image])["Images"]
    assert found[0]["Architecture"] == "arm64" and found[0]["Name"].startswith("al2023-ami-2023")
