import base64
import gzip
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
    data = graph.one("aws:ec2/launchTemplate:LaunchTemplate", "gateway").inputs["userData"]
    config = yaml.safe_load(gzip.decompress(base64.b64decode(data)))
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


def test_the_machine_holds_the_plugins_that_shed_and_break_and_kong_runs_them(preview):
    written = files(preview(gateway()))
    assert (
        "KONG_PLUGINS=bundled,circuit-breaker,load-shedding,token-scope"
        in written["/etc/fourplane/program.env"]
    )
    for plugin in ("circuit-breaker", "load-shedding", "token-scope"):
        folder = f"/etc/fourplane/kong/lua/kong/plugins/{plugin}"
        assert {f"{folder}/handler.lua", f"{folder}/schema.lua"} <= written.keys()


def test_starts_without_the_dashboard_and_tells_it_of_its_breakers_once_it_is_connected(preview):
    written = files(preview(gateway(breakers="turbine")))
    assert json.loads(written["/etc/fourplane/routes.json"])["breakers"] == "turbine"
    assert 'CALLS="user"' in written["/etc/fourplane/machine.env"]


def test_a_route_is_shed_half_way_unless_it_says_otherwise(preview):
    routes = {**USER, "a": {"paths": ["/a"], "priority": 0, "fallback": "[]"}}
    written = json.loads(files(preview(gateway(routes=routes)))["/etc/fourplane/routes.json"])["routes"]
    assert (written["user"]["priority"], written["a"]["priority"]) == (50, 0)
    assert "fallback" not in written["user"] and written["a"]["fallback"] == "[]"


def test_on_the_internet_it_believes_cloudfront_of_who_the_client_is(preview):
    front = {**PLACE, "internet_facing": True}
    inside, outside = (
        files(preview(gateway(**more)))["/etc/fourplane/program.env"] for more in ({}, {"front": front})
    )
    trusted = [next(line for line in env.split() if "TRUSTED_IPS" in line) for env in (inside, outside)]
    assert trusted[1].startswith(f"{trusted[0]},10.") and trusted[0].endswith("192.168.0.0/16")


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
        ({"a": {"paths": ["/a"], "priority": 101}}, r"routes\['a'\].priority must be 0 to 100, got 101"),
        ({"a": {"paths": ["/a"], "error_percent": 0}}, r"routes\['a'\].error_percent must be 1 to 100"),
        ({"a": {"paths": ["/a"], "fallback": "{"}}, r"routes\['a'\].fallback must be JSON, got '\{'"),
        ({"a": {"paths": ["/health"]}}, "a path that is not the gateway's own health check, got '/health'"),
    ],
)
def test_rejects_routes_that_kong_would_not_take(preview, routes, words):
    with pytest.raises(Exception, match=words):
        preview(gateway(routes=routes))


def test_rejects_a_machine_without_capacity(preview):
    with pytest.raises(Exception, match="Gateway 'gateway': capacity must be at least 1, got 0"):
        preview(gateway(capacity=0))
