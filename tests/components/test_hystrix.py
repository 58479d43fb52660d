import base64
import gzip

import yaml

from components.access import connect
from components.control.hystrix import Hystrix
from components.service.gateway import Gateway

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2", "subnet-3"]}
HYSTRIX = {**PLACE, "image": "public.ecr.aws/docker/library/python:3.12-slim"}
GATEWAY = {**PLACE, "image": "public.ecr.aws/kong:3.9", "routes": {"user": {"paths": ["/api/users"]}}}
GROUP = "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


def hystrix(**args):
    return lambda: Hystrix("hystrix", {**HYSTRIX, **args})


def files(graph, name):
    data = gzip.decompress(base64.b64decode(graph.one(TEMPLATE, name).inputs["userData"]))
    return {file["path"]: file["content"] for file in yaml.safe_load(data)["write_files"]}


def test_is_seen_in_every_zone_and_stays_small(preview):
    group = preview(hystrix()).one(GROUP).inputs
    assert (group["minSize"], group["maxSize"]) == (3, 6)
    assert preview(hystrix()).one(TEMPLATE).inputs["instanceType"] == "t4g.micro"


def test_its_size_is_the_stack_s_to_choose(preview):
    graph = preview(hystrix(minimum=1, instance_type="t4g.small"))
    assert (graph.one(GROUP).inputs["minSize"], graph.one(GROUP).inputs["maxSize"]) == (1, 2)
    assert graph.one(TEMPLATE).inputs["instanceType"] == "t4g.small"


def test_the_machine_holds_the_program_and_its_page(preview):
    written = files(preview(hystrix()), "hystrix")
    assert {"/opt/turbine/turbine.py", "/opt/turbine/dashboard.html"} <= written.keys()
    assert "python3 /opt/turbine/turbine.py" in written["/etc/systemd/system/hystrix.service"]


def test_an_arrow_lets_a_gateway_in_and_tells_it_the_address(preview):
    graph = preview(lambda: connect(Gateway("gateway", GATEWAY), hystrix()()))
    way = graph.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "gateway-to-hystrix").inputs
    assert (way["fromPort"], way["toPort"]) == (80, 80)
    told = graph.one("aws:ssm/parameter:Parameter", "gateway-to-hystrix").inputs
    assert told["name"] == "/dev/gateway/hystrix" and told["insecureValue"].endswith(":80")


def test_opens_to_nobody_by_itself(preview):
    graph = preview(hystrix())
    assert graph.one("aws:lb/loadBalancer:LoadBalancer").inputs["internal"]
    ingress = graph.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert {rule.name for rule in ingress} == {"hystrix-balancer-to-hystrix"}
