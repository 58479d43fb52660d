import base64
import json

import pytest
import yaml

from components.access import connect
from components.service.auto_scaling_service import AutoScalingService
from components.service.gateway import Gateway

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
USER = {"user": {"paths": ["/api/users"]}}
GATEWAY = {**PLACE, "image": "public.ecr.aws/kong:3.9", "routes": USER}
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def gateway(**args):
    return lambda: Gateway("gateway", {**GATEWAY, **args})


def files(graph):
    config = yaml.safe_load(
        base64.b64decode(graph.one("aws:ec2/launchTemplate:LaunchTemplate", "gateway").inputs["userData"])
    )
    return {file["path"]: file["content"] for file in config["write_files"]}


def test_waits_for_every_server_that_it_routes_to(preview):
    routes = {**USER, "billing": {"paths": ["/api/billing"]}}
    assert 'CALLS="billing user"' in files(preview(gateway(routes=routes)))["/etc/fourplane/machine.env"]


def test_the_route_s_address_comes_from_the_arrow(preview):
    def program():
        user = AutoScalingService("user", {**PLACE, "image": "a:1", "port": 8080})
        connect(gateway()(), user)

    graph = preview(program)
    parameter = graph.one("aws:ssm/parameter:Parameter").inputs
    assert parameter["name"] == "/dev/gateway/user" and parameter["insecureValue"].endswith(":80")
    assert graph.one(INGRESS, "gateway-to-user")


def test_kong_has_no_database_and_no_open_admin_port(preview):
    environment = files(preview(gateway()))["/etc/fourplane/program.env"]
    assert "KONG_DATABASE=off" in environment and "KONG_ADMIN_LISTEN=off" in environment


def test_the_machine_holds_the_routes_and_what_makes_kong_s_file_of_them(preview):
    written = files(preview(gateway()))
    assert json.loads(written["/etc/fourplane/routes.json"])["routes"]["user"]["paths"] == ["/api/users"]
    assert {"/etc/fourplane/kong.yml.j2", "/usr/local/bin/render-kong"} <= written.keys()


def test_is_private_and_opens_to_nobody_by_itself(preview):
    graph = preview(gateway())
    assert graph.one("aws:lb/loadBalancer:LoadBalancer").inputs["internal"]
    assert {r.name for r in graph.all(INGRESS)} == {"gateway-balancer-to-gateway"}


@pytest.mark.parametrize(
    ("routes", "words"),
    [
        ({}, r"Gateway 'gateway': routes must be one route or more, got \{\}"),
        ({"a": {"paths": []}}, r"routes\['a'\].paths must be one path or more, got \[\]"),
        ({"a": {"paths": ["x"]}}, r"must be paths that begin with '/', got 'x'"),
        ({"a": {"paths": ["/x"]}, "b": {"paths": ["/x"]}}, "a path that is not the route of 'a', got '/x'"),
        ({"a": {"paths": ["/health"]}}, "a path that is not the gateway's own health check, got '/health'"),
    ],
)
def test_rejects_routes_that_kong_would_not_take(preview, routes, words):
    with pytest.raises(Exception, match=words):
        preview(gateway(routes=routes))
