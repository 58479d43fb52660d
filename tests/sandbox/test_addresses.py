"""A machine that finds addresses in its user data has one of its zone, and so has its replacement."""

import pytest

from components.control.eureka import Eureka
from components.control.package_cache import PackageCache
from components.control.release import Release
from components.network import Network
from fourplane.chaos import Wish, strike
from tests.sandbox.machines import REGION, running


def servers():
    network = Network("network", {"zones": 3})
    war = PackageCache("packages", {}).artifact("com.netflix.eureka:eureka-server:1.10.17:war")
    Eureka("eureka", {**network.public, "zones": network.zones, "image": "tomcat:9", **war})


@pytest.fixture
def graph(deploy):
    return deploy(servers)


@pytest.fixture
def seats(graph, cloud):
    """seats(): the living machine at each address of the servers, by the address's name."""
    names = {r.id: r.name for r in graph.all("aws:ec2/eip:Eip") if r.name.startswith("eureka-")}

    def seats():
        alive = {machine["InstanceId"]: machine for machine in running(cloud)}
        found = cloud.client("ec2", REGION).describe_addresses(AllocationIds=sorted(names))["Addresses"]
        held = {names[one["AllocationId"]]: alive.get(one.get("InstanceId")) for one in found}
        return {name: machine for name, machine in held.items() if machine}

    return seats


def test_each_zone_has_its_server_at_its_address(seats):
    zones = {name: machine["Placement"]["AvailabilityZone"] for name, machine in seats().items()}
    assert zones == {"eureka-a0": "us-east-1a", "eureka-b0": "us-east-1b", "eureka-c0": "us-east-1c"}


def test_the_program_waits_in_a_bucket_under_its_own_name(deploy, cloud):
    release = "https://example.com/program-1.2.jar"
    graph = deploy(lambda: Release("it", {"release_url": release}))
    bucket = graph.one("aws:s3/bucket:Bucket").id
    kept = cloud.client("s3", REGION).list_objects_v2(Bucket=bucket)["Contents"]
    assert [one["Key"] for one in kept] == ["program-1.2.jar"]
    assert graph.one("aws:s3/bucketObjectv2:BucketObjectv2").simulated


def test_a_lost_zone_takes_its_server_alone(graph, cloud, seats):
    found = strike(graph, cloud.client, Wish("gorilla", zone="us-east-1a")).as_json()["components"]
    eureka = next(one for one in found if one["component"] == "eureka")
    assert eureka["ok"] and eureka["has"] == "2 of 3 servers at their addresses"
    assert eureka["why"] == "lost: eureka-a0" and seats().keys() == {"eureka-b0", "eureka-c0"}


def test_a_lost_machine_comes_back_where_it_was(graph, cloud, seats):
    lived = {machine["InstanceId"] for machine in seats().values()}
    found = strike(graph, cloud.client, Wish("monkey", seed=1)).as_json()["components"]
    assert "came back with the same address" in next(o for o in found if o["component"] == "eureka")["why"]
    assert len(lived & {machine["InstanceId"] for machine in seats().values()}) == 2 and len(seats()) == 3
