import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from components.access import connect
from components.edge.cdn_edge import CdnEdge
from components.service.kubernetes_gateway import KubernetesGateway
from components.service.kubernetes_service import KubernetesService

SCHEMA = yaml.safe_load((Path(__file__).parents[1] / "boot/data/kong/declarative.yaml").read_text())
PODS = {
    "cluster": "c",
    "cluster_name": "dev-c",
    "node_security_group_id": "sg-1",
    "node_group_name": "nodes",
    "namespace": "rides",
}
FRONT = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"], "cidr_blocks": ["10.0.0.0/24"]}
MATCHING = {"matching": {"paths": ["/api/rides"], "priority": 10}}
GATEWAY = {**PODS, "image": "public.ecr.aws/kong:3.9", "routes": MATCHING, "front": FRONT}
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def gateway(**args):
    return lambda: KubernetesGateway("gateway", {**GATEWAY, **args})


def service(name, **args):
    return KubernetesService(name, {**PODS, "image": "a:1", "port": 8080, **args})


def config(graph):
    """kong.yml as the pods have it, which Kong takes."""
    said = yaml.safe_load(graph.one("kubernetes:core/v1:ConfigMap").inputs["data"]["kong.yml"])
    jsonschema.validate(said, SCHEMA)
    return said


def container(graph):
    return graph.one("kubernetes:apps/v1:Deployment").inputs["spec"]["template"]["spec"]["containers"][0]


def environment(graph):
    return {one["name"]: one.get("value") for one in container(graph)["env"]}


def named(items, name):
    return next(one for one in items if one["name"] == name)


def test_calls_its_servers_by_their_names_at_the_port_of_the_mesh(preview):
    said = config(preview(gateway()))
    assert said["upstreams"][0]["targets"] == [{"target": "matching.rides.svc.cluster.local:15006"}]
    assert named(said["services"], "matching")["protocol"] == "http"


def test_sheds_breaks_and_limits_as_on_machines(preview):
    graph = preview(gateway(capacity=70))
    plugins = {one["name"]: one["config"] for one in named(config(graph)["services"], "matching")["plugins"]}
    assert plugins["load-shedding"] == {"server": "matching", "priority": 10, "capacity": 70}
    assert {"circuit-breaker", "rate-limiting"} <= plugins.keys()
    assert environment(graph)["KONG_PLUGINS"] == "bundled,circuit-breaker,load-shedding,token-scope"
    mounted = graph.one("kubernetes:apps/v1:Deployment").inputs["spec"]["template"]["spec"]["volumes"]
    paths = {
        item["path"] for volume in mounted if "configMap" in volume for item in volume["configMap"]["items"]
    }
    assert {"kong.yml", "lua/kong/plugins/circuit-breaker/handler.lua", "lua/gateway/breaker.lua"} <= paths


def test_a_route_is_for_who_has_its_scope_where_the_balancer_asks_for_tokens(preview):
    tokens = {"issuer": "https://in", "jwks": "https://in/keys", "client_ids": ["app"]}
    routes = {"matching": {"paths": ["/api/rides"], "scope": "rides/ride"}}
    for front in (FRONT, {**FRONT, "certificate_arn": "arn", "tokens": tokens}):
        plugins = named(config(preview(gateway(routes=routes, front=front)))["services"], "matching")[
            "plugins"
        ]
        asked = [one["config"]["scope"] for one in plugins if one["name"] == "token-scope"]
        assert asked == (["rides/ride"] if "tokens" in front else [])


def test_servers_are_told_the_priority_of_a_route_whatever_the_client_says(preview):
    plugins = named(config(preview(gateway()))["services"], "matching")["plugins"]
    assert named(plugins, "request-transformer")["config"] == {
        "remove": {"headers": ["X-Priority"]},
        "add": {"headers": ["X-Priority:10"]},
    }


def test_metrics_are_for_who_is_in_the_network(preview):
    graph = preview(gateway())
    metrics = named(config(graph)["services"], "gateway-metrics")
    assert metrics["routes"][0]["paths"] == ["/metrics"]
    allowed = named(metrics["plugins"], "ip-restriction")["config"]["allow"]
    assert all(re.match(r"(10|172\.16|192\.168)\.", one) for one in allowed)
    assert metrics["url"] == f"http://{environment(graph)['KONG_STATUS_LISTEN']}/metrics"
    assert graph.one("kubernetes:core/v1:Service", "gateway-pods")


def test_traces_begin_here_where_there_is_someone_to_tell(preview):
    assert "opentelemetry" not in {one["name"] for one in config(preview(gateway()))["plugins"]}
    graph = preview(gateway(tracing_address="jaeger.observability.svc.cluster.local:4318", traced_percent=25))
    told = named(config(graph)["plugins"], "opentelemetry")["config"]
    assert told["traces_endpoint"] == "http://jaeger.observability.svc.cluster.local:4318/v1/traces"
    assert told["sampling_rate"] == 0.25 and "extract" not in told["propagation"]
    assert environment(graph)["KONG_TRACING_INSTRUMENTATIONS"] == "request,balancer"


def test_knows_clients_by_their_own_addresses(preview):
    graph = preview(gateway())
    assert environment(graph)["KONG_REAL_IP_HEADER"] == "X-Forwarded-For"
    assert (
        graph.one("kubernetes:core/v1:Service", "gateway-front").inputs["spec"]["externalTrafficPolicy"]
        == "Local"
    )
    abroad = environment(preview(gateway(front={**FRONT, "internet_facing": True})))["KONG_TRUSTED_IPS"]
    assert abroad.startswith(environment(graph)["KONG_TRUSTED_IPS"] + ",")


def test_runs_where_nothing_but_its_own_folder_can_be_written(preview):
    graph = preview(gateway())
    assert container(graph)["securityContext"]["readOnlyRootFilesystem"]
    assert environment(graph)["KONG_PREFIX"] in {one["mountPath"] for one in container(graph)["volumeMounts"]}
    assert environment(graph)["KONG_ADMIN_LISTEN"] == "off"


def test_is_private_and_only_cloudfront_comes_in(preview):
    def program():
        way_in = gateway()()
        told = {"origin_arn": way_in.load_balancer_arn, "origin_dns_name": way_in.dns_name}
        connect(CdnEdge("edge", told), way_in)

    graph = preview(program)
    assert graph.one("aws:lb/loadBalancer:LoadBalancer").inputs["internal"]
    door = graph.one("aws:ec2/securityGroup:SecurityGroup", "gateway-balancer").id
    rule = next(one.inputs for one in graph.all(INGRESS) if one.inputs["securityGroupId"] == door)
    assert "prefixListId" in rule and rule["fromPort"] == 80


def test_an_arrow_opens_a_policy_on_each_side_and_pods_reach_it_without_the_balancer(preview):
    def program():
        way_in = gateway()()
        connect(way_in, service("matching", mesh={}))
        connect(service("prometheus"), way_in)

    policies = {one.name: json.dumps(one.inputs["spec"]) for one in preview(program).all(POLICY)}
    assert '"port": 15006' in policies["gateway-to-matching"]
    assert '"port": 15006' in policies["gateway-to-matching-in"]
    assert (
        '"port": 8000' in policies["prometheus-to-gateway"]
        and "ipBlock" not in policies["prometheus-to-gateway"]
    )
    assert '"port": 8000' in policies["prometheus-to-gateway-in"]


def test_rejects_an_arrow_to_a_port_that_it_does_not_call(preview):
    with pytest.raises(
        Exception, match=r"'gateway' calls 'matching' at port 15006 \(server_port\), and it lis.* 8080"
    ):
        preview(lambda: connect(gateway()(), service("matching")))


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"routes": {"a": {"paths": ["/metrics"]}}}, "a path that is not the gateway's own metrics, got"),
        ({"routes": {}}, r"KubernetesGateway 'gateway': routes must be one route or more, got \{\}"),
        ({"capacity": 0}, "capacity must be at least 1, got 0"),
        ({"traced_percent": 101}, "traced_percent must be 0 to 100, got 101"),
        ({"front": {**FRONT, "cidr_blocks": []}}, "cidr_blocks"),
    ],
)
def test_rejects_what_kong_would_not_take(preview, args, words):
    with pytest.raises(Exception, match=words):
        preview(gateway(**args))
