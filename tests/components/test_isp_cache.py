import base64
import gzip
import json
from pathlib import Path

import moto.ec2
import pytest
import yaml

from components.access import connect, expose_to
from components.edge.content_edge import ContentEdge
from components.edge.isp_cache import DISKS_GB, IspCache

PLACE = {
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-1", "subnet-2"],
    "public_subnet_ids": ["subnet-3", "subnet-4"],
}
CACHE = {**PLACE, "image": "public.ecr.aws/nginx/nginx-unprivileged:1.28", "edge": "us", "terabytes": 10}
EDGE = {"near": "us-east-1", "origin_domain_name": "films.s3.us-east-1.amazonaws.com"}
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/c"


def cache(**args):
    return lambda: IspCache("isp", {**CACHE, **args})


def template(graph):
    return graph.one("aws:ec2/launchTemplate:LaunchTemplate").inputs


def settings(graph):
    files = yaml.safe_load(base64.b64decode(template(graph)["userData"]))["write_files"]
    return json.loads(next(one["content"] for one in files if one["path"].endswith("cache.json")))


@pytest.mark.parametrize(
    ("terabytes", "machine"),
    [(0.01, "t4g.small"), (0.5, "is4gen.medium"), (8, "is4gen.4xlarge"), (12, "is4gen.4xlarge")],
)
def test_the_smallest_machine_that_holds_it_all_holds_the_cache(preview, terabytes, machine):
    graph = preview(cache(terabytes=terabytes))
    assert template(graph)["instanceType"] == machine
    bytes_ = settings(graph)["max_gibibytes"] * 2**30
    assert terabytes * 0.9e12 <= bytes_ <= max(terabytes * 1e12, 2**30)


def test_a_machine_without_disks_of_its_own_keeps_it_on_its_root_disk(preview):
    disk = template(preview(cache(terabytes=0.05)))["blockDeviceMappings"][0]["ebs"]
    assert disk["volumeSize"] == 20 + 46 + 1 and disk["encrypted"] == "true"
    assert template(preview(cache()))["blockDeviceMappings"][0]["ebs"]["volumeSize"] == 20


def test_the_machines_table_is_what_ec2_has():
    with gzip.open(Path(moto.ec2.__file__).parent / "resources/instance_types.json.gz") as file:
        known = json.load(file)
    assert {kind: known[kind]["InstanceStorageInfo"]["TotalSizeInGB"] for kind in DISKS_GB} == DISKS_GB


def test_only_the_provider_s_networks_may_call_it(preview):
    def program():
        expose_to(cache(certificate_arn=CERTIFICATE)(), ["198.51.100.0/24", "203.0.113.0/24"])

    rules = [r.inputs for r in preview(program).all(INGRESS) if "cidrIpv4" in r.inputs]
    assert {(one["cidrIpv4"], one["fromPort"]) for one in rules} == {
        ("198.51.100.0/24", 443), ("203.0.113.0/24", 443)
    }  # fmt: skip


def test_it_is_told_its_edge_and_let_out_to_https_only(preview):
    graph = preview(lambda: connect(cache()(), ContentEdge("us", EDGE)))
    told = graph.one("aws:ssm/parameter:Parameter", "isp-to-us").inputs
    assert told["name"] == "/dev/isp/us" and told["insecureValue"].endswith(":443")
    out = graph.one("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "isp-to-us").inputs
    assert (out["cidrIpv4"], out["fromPort"], out["toPort"]) == ("0.0.0.0/0", 443, 443)
    assert settings(graph)["edge_variable"] == "US_ADDRESS"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"terabytes": 0}, "terabytes must be 0.001 to 30"),
        ({"terabytes": 31}, "terabytes must be 0.001 to 30"),
        ({"terabytes": 20, "instance_type": "m7g.large"}, "instance_type must be one that holds the 20 TB"),
        ({"instance_type": "large"}, "instance_type must be an EC2 instance type"),
    ],
)
def test_rejects_what_cannot_be(preview, args, words):
    with pytest.raises(Exception, match=words):
        preview(cache(**args))
