"""MediaConvert, Step Functions, IP-based records, budgets."""

import json

import pulumi_aws as aws
import pytest

from fourplane.errors import Mistake
from tests.sandbox.machines import REGION

DONE = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})


def machine(definition=DONE):
    role = aws.iam.Role("it", assume_role_policy={"Version": "2012-10-17", "Statement": []})
    logs = aws.cloudwatch.LogGroup("it")
    return aws.sfn.StateMachine(
        "it",
        role_arn=role.arn,
        definition=definition,
        logging_configuration={
            "level": "ALL",
            "include_execution_data": True,
            "log_destination": logs.arn.apply(lambda arn: f"{arn}:*"),
        },
        tracing_configuration={"enabled": True},
        tags={"Tier": "service"},
    )


def test_a_state_machine_keeps_its_steps_its_log_and_its_traces(deploy, cloud):
    made = deploy(machine).one("aws:sfn/stateMachine:StateMachine")
    found = cloud.client("stepfunctions", REGION).describe_state_machine(stateMachineArn=made.id)
    assert json.loads(found["definition"]) == json.loads(DONE) and found["tracingConfiguration"]["enabled"]
    logging = found["loggingConfiguration"]
    assert logging["level"] == "ALL" and "log-group:it" in json.dumps(logging["destinations"])
    assert made.outputs["arn"] == made.id and made.outputs["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        (
            DONE.replace('"Succeed"', '"Pass", "Next": "Nowhere"'),
            "leads to a state 'Nowhere', which it does not",
        ),
        ("StartAt: Done", "the definition is not JSON"),
    ],
)
def test_rejects_steps_that_are_no_state_machine(deploy, definition, words):
    with pytest.raises(Mistake, match=words):
        deploy(lambda: machine(definition))


def test_a_queue_of_mediaconvert_is_checked_and_simulated(deploy):
    made = deploy(lambda: aws.mediaconvert.Queue("it")).one("aws:mediaconvert/queue:Queue")
    assert made.simulated and made.outputs["arn"].endswith(f":queues/{made.id}")


def test_rejects_a_queue_that_mediaconvert_would_refuse(deploy):
    with pytest.raises(Mistake, match="PricingPlan must be one of ON_DEMAND, RESERVED"):
        deploy(lambda: aws.mediaconvert.Queue("it", pricing_plan="FREE"))


def networks(block="198.51.100.0/24"):
    collection = aws.route53.CidrCollection("it")
    aws.route53.CidrLocation("isp", name="isp", cidr_collection_id=collection.id, cidr_blocks=[block])
    zone = aws.route53.Zone("it", name="example.com")
    for place in ("*", "isp"):
        aws.route53.Record(
            f"it-{place}", zone_id=zone.id, name="a.example.com", type="A", ttl=60, records=["192.0.2.1"],
            set_identifier=place,
            cidr_routing_policy={"collection_id": collection.id, "location_name": place},
        )  # fmt: skip


def test_each_network_has_a_record_of_its_own_under_one_name(deploy, cloud):
    graph = deploy(networks)
    zone = graph.one("aws:route53/zone:Zone").id
    found = cloud.client("route53", REGION).list_resource_record_sets(HostedZoneId=zone)
    ours = [one["SetIdentifier"] for one in found["ResourceRecordSets"] if one["Type"] == "A"]
    assert sorted(ours) == ["*", "isp"]
    assert graph.one("aws:route53/cidrLocation:CidrLocation").simulated


def test_rejects_a_network_that_route_53_cannot_tell_apart(deploy):
    with pytest.raises(Mistake, match=r"networks of /24 or wider, got 198\.51\.100\.0/25"):
        deploy(lambda: networks("198.51.100.0/25"))


def budget(**more):
    tag = {"tags": {"key": "component", "values": ["a"], "match_options": ["EQUALS"]}}
    told = {
        "notification_type": "ACTUAL", "comparison_operator": "GREATER_THAN", "threshold": 80,
        "threshold_type": "PERCENTAGE",
        "subscriber_sns_topic_arns": ["arn:aws:sns:us-east-1:123456789012:t"],
    }  # fmt: skip
    return aws.budgets.Budget(
        "it",
        **{
            "name": "it", "budget_type": "COST", "limit_amount": "20.00", "limit_unit": "USD",
            "time_unit": "MONTHLY", "metrics": "UnblendedCost", "filter_expression": {"ands": [tag, tag]},
            "notifications": [told],
            **more,
        },
    )  # fmt: skip


def test_a_budget_keeps_its_limit_and_whom_it_tells(deploy, cloud):
    deploy(budget)
    client = cloud.client("budgets", REGION)
    found = client.describe_budget(AccountId="123456789012", BudgetName="it")["Budget"]
    assert found["BudgetLimit"] == {"Amount": "20.00", "Unit": "USD"}
    told = client.describe_notifications_for_budget(AccountId="123456789012", BudgetName="it")
    assert [one["Threshold"] for one in told["Notifications"]] == [80.0]


def test_rejects_a_budget_for_a_time_that_aws_does_not_know(deploy):
    with pytest.raises(Mistake, match="TimeUnit must be one of"):
        deploy(lambda: budget(time_unit="WEEKLY"))
