"""Auto Scaling groups launch, spread, replace and keep their settings."""

import pulumi_aws as aws
import pytest

from fourplane.errors import Mistake
from tests.sandbox.machines import REGION, fleet, network, running, template, zones


def spread(size: int, **more: object) -> aws.autoscaling.Group:
    return fleet(network()[1], template(), size, **more)


def group_of(cloud) -> dict:
    return cloud.client("autoscaling", REGION).describe_auto_scaling_groups()["AutoScalingGroups"][0]


def test_machines_are_spread_over_the_zones(deploy, cloud):
    deploy(lambda: spread(5))
    assert zones(cloud) == ["a", "a", "b", "b", "c"]


def test_a_dead_machine_is_replaced_in_its_zone(deploy, cloud):
    deploy(lambda: spread(3))
    lost = next(m for m in running(cloud) if m["Placement"]["AvailabilityZone"].endswith("b"))
    cloud.client("ec2", REGION).terminate_instances(InstanceIds=[lost["InstanceId"]])
    assert zones(cloud) == ["a", "b", "c"]
    assert lost["InstanceId"] not in [m["InstanceId"] for m in running(cloud)]


@pytest.mark.parametrize(("size", "expected"), [(6, "aabbcc"), (3, "abc"), (1, None)])
def test_a_change_of_size_keeps_the_spread(deploy, cloud, size, expected):
    name = deploy(lambda: spread(5)).one("aws:autoscaling/group:Group").id
    cloud.client("autoscaling", REGION).set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=size)
    assert len(zones(cloud)) == size
    assert expected is None or "".join(zones(cloud)) == expected


def test_machines_take_everything_from_the_launch_template(deploy, cloud):
    def program():
        vpc, subnets = network("a")
        group = aws.ec2.SecurityGroup("it", vpc_id=vpc.id)
        role = aws.iam.Role("it", assume_role_policy={"Version": "2012-10-17", "Statement": []})
        profile = aws.iam.InstanceProfile("it", role=role.name)
        disk = {"device_name": "/dev/xvda", "ebs": {"volume_size": 30, "encrypted": "true"}}
        launch = template(
            vpc_security_group_ids=[group.id],
            iam_instance_profile={"arn": profile.arn},
            block_device_mappings=[disk],
            monitoring={"enabled": True},
        )
        fleet(subnets, launch, 1, tags=[{"key": "Tier", "value": "web", "propagate_at_launch": True}])

    graph = deploy(program)
    machine = running(cloud)[0]
    assert [g["GroupId"] for g in machine["SecurityGroups"]] == [
        graph.one("aws:ec2/securityGroup:SecurityGroup").id
    ]
    assert (
        machine["IamInstanceProfile"]["Arn"]
        == graph.one("aws:iam/instanceProfile:InstanceProfile").outputs["arn"]
    )
    assert [d["DeviceName"] for d in machine["BlockDeviceMappings"]] == ["/dev/xvda"]
    assert machine["Monitoring"]["State"] == "enabled" and {"Key": "Tier", "Value": "web"} in machine["Tags"]


def test_machines_take_security_groups_from_the_templates_interface(deploy, cloud):
    def program():
        vpc, subnets = network("a")
        group = aws.ec2.SecurityGroup("it", vpc_id=vpc.id)
        nic = {"security_groups": [group.id], "associate_public_ip_address": "false"}
        fleet(subnets, template(network_interfaces=[nic]), 1)

    group = deploy(program).one("aws:ec2/securityGroup:SecurityGroup").id
    assert [g["GroupId"] for g in running(cloud)[0]["NetworkInterfaces"][0]["Groups"]] == [group]


def test_target_groups_follow_the_group(deploy, cloud):
    def program():
        vpc, subnets = network()
        targets = aws.lb.TargetGroup("it", vpc_id=vpc.id, port=80, protocol="HTTP")
        fleet(subnets, template(), 2, target_group_arns=[targets.arn])

    arn = deploy(program).one("aws:lb/targetGroup:TargetGroup").id
    cloud.client("ec2", REGION).terminate_instances(InstanceIds=[running(cloud)[0]["InstanceId"]])
    found = cloud.client("elbv2", REGION).describe_target_health(TargetGroupArn=arn)[
        "TargetHealthDescriptions"
    ]
    assert sorted(t["Target"]["Id"] for t in found) == sorted(m["InstanceId"] for m in running(cloud))


def test_keeps_hooks_metrics_and_a_warm_pool(deploy, cloud):
    hook = {
        "name": "drain",
        "lifecycle_transition": "autoscaling:EC2_INSTANCE_TERMINATING",
        "heartbeat_timeout": 60,
    }
    graph = deploy(
        lambda: spread(
            0,
            initial_lifecycle_hooks=[hook],
            enabled_metrics=["GroupMinSize"],
            warm_pool={"min_size": 1, "pool_state": "Stopped"},
        )
    )
    name = graph.one("aws:autoscaling/group:Group").id
    client = cloud.client("autoscaling", REGION)
    hooks = client.describe_lifecycle_hooks(AutoScalingGroupName=name)["LifecycleHooks"]
    assert hooks[0]["LifecycleHookName"] == "drain" and hooks[0]["HeartbeatTimeout"] == 60
    assert group_of(cloud)["EnabledMetrics"][0]["Metric"] == "GroupMinSize"
    assert client.describe_warm_pool(AutoScalingGroupName=name)["WarmPoolConfiguration"]["MinSize"] == 1


def test_rejects_an_instance_refresh_that_aws_would_refuse(deploy):
    with pytest.raises(Mistake, match="StartInstanceRefresh would refuse it: Strategy must be one of"):
        deploy(lambda: spread(0, instance_refresh={"strategy": "Roling"}))


def test_scaling_policies_keep_their_kind(deploy, cloud):
    def program():
        name = spread(0).name
        cpu = {"predefined_metric_type": "ASGAverageCPUUtilization"}
        pair = {"predefined_metric_type": "ASGCPUUtilization"}
        aws.autoscaling.Policy(
            "track",
            autoscaling_group_name=name,
            policy_type="TargetTrackingScaling",
            target_tracking_configuration={"target_value": 50, "predefined_metric_specification": cpu},
        )
        aws.autoscaling.Policy(
            "forecast",
            autoscaling_group_name=name,
            policy_type="PredictiveScaling",
            predictive_scaling_configuration={
                "mode": "ForecastAndScale",
                "metric_specification": {"target_value": 40, "predefined_metric_pair_specification": pair},
            },
        )

    deploy(program)
    found = {
        p["PolicyType"]: p for p in cloud.client("autoscaling", REGION).describe_policies()["ScalingPolicies"]
    }
    assert found["TargetTrackingScaling"]["TargetTrackingConfiguration"]["TargetValue"] == 50
    assert found["PredictiveScaling"]["PredictiveScalingConfiguration"]["Mode"] == "ForecastAndScale"


def test_a_schedule_leaves_alone_the_sizes_that_are_minus_one(deploy, cloud):
    deploy(
        lambda: aws.autoscaling.Schedule(
            "it",
            autoscaling_group_name=spread(0).name,
            scheduled_action_name="morning",
            recurrence="0 8 * * *",
            min_size=3,
            max_size=-1,
            desired_capacity=-1,
        )
    )
    action = cloud.client("autoscaling", REGION).describe_scheduled_actions()["ScheduledUpdateGroupActions"][
        0
    ]
    assert action["MinSize"] == 3 and not {"MaxSize", "DesiredCapacity"} & action.keys()


def test_nothing_is_launched_while_launching_is_suspended(deploy, cloud):
    name = deploy(lambda: spread(2)).one("aws:autoscaling/group:Group").id
    scaling = cloud.client("autoscaling", REGION)
    scaling.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["Launch"])
    cloud.client("ec2", REGION).terminate_instances(InstanceIds=[running(cloud)[0]["InstanceId"]])
    assert len(group_of(cloud)["Instances"]) == len(running(cloud)) == 1
