"""The listener's rule that refuses writes, turned as the automation turns it."""

import json
import re

import boto3
import yaml

from components.control.alerts import Alerts
from components.edge.load_balancer import LoadBalancer
from components.edge.write_fallback import WriteFallback
from tests.sandbox.machines import REGION, network


def program():
    vpc, subnets = network("ab")
    place = {"vpc_id": vpc.id, "subnet_ids": [one.id for one in subnets]}
    balancer = LoadBalancer("it", {**place, "target_port": 80})
    WriteFallback(
        "writes",
        {
            "listener_arn": balancer.listener_arn,
            "load_balancer_dimension": balancer.dimension,
            "target_group_dimension": balancer.target_group_dimension,
            "topic_arn": Alerts("alerts", {}).topic_arn,
        },
    )


def run(cloud, graph, role):
    """Do the automation's steps as SSM does, with the parameters that the alarm's event gives it."""
    document = yaml.safe_load(graph.one("aws:ssm/document:Document", f"writes-{role}").inputs["content"])
    target = graph.one("aws:cloudwatch/eventTarget:EventTarget", f"writes-{role}")
    given = json.loads(target.inputs["input"])
    kinds = {name: one["type"] for name, one in document["parameters"].items()}
    values = {name: value if kinds[name] == "StringList" else value[0] for name, value in given.items()}
    values["automation:EXECUTION_ID"] = "1"

    def filled(said):
        if isinstance(said, dict):
            return {key: filled(value) for key, value in said.items()}
        if isinstance(said, list):
            return [filled(value) for value in said]
        if whole := re.fullmatch(r"\{\{ (\S+) \}\}", said):
            return values[whole[1]]
        return re.sub(r"\{\{ (\S+) \}\}", lambda found: values[found[1]], said)

    for step in document["mainSteps"]:
        call = filled(step["inputs"])
        client = cloud.client(call.pop("Service"), REGION)
        getattr(client, boto3.session.botocore.xform_name(call.pop("Api")))(**call)


def sources(cloud, rule):
    (found,) = cloud.client("elbv2", REGION).describe_rules(RuleArns=[rule])["Rules"]
    assert found["Actions"][0]["FixedResponseConfig"]["StatusCode"] == "503"
    conditions = {one["Field"]: one for one in found["Conditions"]}
    assert len(conditions["http-request-method"]["HttpRequestMethodConfig"]["Values"]) == 4
    return conditions["source-ip"]["SourceIpConfig"]["Values"]


def test_writes_are_refused_and_let_through_again(deploy, cloud):
    graph = deploy(program)
    rule = graph.one("aws:lb/listenerRule:ListenerRule").outputs["arn"]
    assert sources(cloud, rule) == ["192.0.2.0/24"]
    run(cloud, graph, "refuse")
    assert sources(cloud, rule) == ["0.0.0.0/0"]
    run(cloud, graph, "resume")
    assert sources(cloud, rule) == ["192.0.2.0/24"]
