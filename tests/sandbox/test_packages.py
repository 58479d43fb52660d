"""CodeArtifact."""

import pulumi_aws as aws
import pytest

from components.control.eureka import Eureka
from components.control.package_cache import PackageCache
from components.network import Network
from fourplane.errors import Mistake
from fourplane.sandbox import moto_slots


def servers():
    packages = PackageCache("packages", {})
    network = Network("network", {"package_bucket_arn": packages.bucket_arn})
    war = packages.artifact("com.netflix.eureka:eureka-server:1.10.17:war")
    Eureka("eureka", {**network.public, "zones": network.zones, "image": "tomcat:9", **war})


def test_a_cache_is_checked_and_simulated_and_its_servers_know_where_it_is(deploy):
    graph = deploy(servers)
    domain = graph.one("aws:codeartifact/domain:Domain")
    repository = graph.one("aws:codeartifact/repository:Repository")
    assert domain.simulated and repository.simulated
    assert repository.outputs["arn"] == f"{domain.id.replace('domain', 'repository', 1)}/packages"
    data = graph.one("aws:ec2/launchTemplate:LaunchTemplate").inputs["userData"]
    settings = moto_slots.files(data)["/etc/fourplane/artifact.env"]
    assert "DOMAIN=dev-packages\nOWNER=123456789012\nURL=https://dev-packages-123456789012.d." in settings


def test_rejects_a_domain_that_codeartifact_would_refuse(deploy):
    with pytest.raises(Mistake, match="CreateDomain would refuse it"):
        deploy(lambda: aws.codeartifact.Domain("it", domain="a"))
