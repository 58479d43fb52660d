"""Fault injection and schedules in the sandbox."""

import pulumi_aws as aws
import pytest

from fourplane.errors import Mistake
from tests.sandbox.machines import REGION
from tests.sandbox.test_services import role

TARGET = {
    "name": "some",
    "resource_type": "aws:ec2:instance",
    "selection_mode": "COUNT(1)",
    "resource_tags": [{"key": "component", "value": "web"}],
    "filters": [{"path": "State.Name", "values": ["running"]}],
}
ACTION = {
    "name": "end",
    "action_id": "aws:ec2:terminate-instances",
    "target": {"key": "Instances", "value": "some"},
}


def experiment(**more):
    settings = {"targets": [TARGET], "actions": [ACTION], "stop_conditions": [{"source": "none"}], **more}
    return aws.fis.ExperimentTemplate(
        "it", description="it", role_arn=role().arn, tags={"fault": "monkey"}, **settings
    )


def test_an_experiment_is_ready_to_be_started(deploy, cloud):
    id = deploy(experiment).one("aws:fis/experimentTemplate:ExperimentTemplate").id
    fis = cloud.client("fis", REGION)
    made = fis.get_experiment_template(id=id)["experimentTemplate"]
    assert made["targets"]["some"]["resourceTags"] == {"component": "web"}
    assert made["actions"]["end"]["targets"] == {"Instances": "some"} and made["tags"] == {"fault": "monkey"}


def test_rejects_an_action_on_a_target_that_is_not_there(deploy):
    with pytest.raises(Mistake, match="target 'some', which the template does not define"):
        deploy(lambda: experiment(targets=[]))


def test_a_schedule_calls_aws_within_a_window(deploy, cloud):
    def program():
        group = aws.scheduler.ScheduleGroup("it")
        aws.scheduler.Schedule(
            "it",
            group_name=group.name,
            schedule_expression="cron(0 10 ? * MON-FRI *)",
            flexible_time_window={"mode": "FLEXIBLE", "maximum_window_in_minutes": 300},
            target={
                "arn": "arn:aws:scheduler:::aws-sdk:fis:startExperiment",
                "role_arn": role().arn,
                "input": "{}",
            },
        )

    made = deploy(program).one("aws:scheduler/schedule:Schedule")
    group, name = made.id.split("/")
    found = cloud.client("scheduler", REGION).get_schedule(GroupName=group, Name=name)
    assert found["FlexibleTimeWindow"]["MaximumWindowInMinutes"] == 300 and found["State"] == "ENABLED"
