"""Kubernetes objects are checked against the published schemas."""

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from components.network import Network
from components.service.eks_cluster import EksCluster
from fourplane.errors import Mistake

POD = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}


def web(**spec: object) -> None:
    kubernetes.apps.v1.Deployment(
        "web", spec={"selector": {"matchLabels": {"app": "web"}}, "template": POD, **spec}
    )


def test_gives_an_object_a_namespaced_id_and_a_generated_name(deploy):
    made = deploy(web).one("kubernetes:apps/v1:Deployment")
    assert made.id == f"default/{made.outputs['metadata']['name']}"
    assert made.outputs["metadata"]["name"].startswith("web-") and made.simulated


def test_a_cluster_wide_object_has_no_namespace(deploy):
    made = deploy(lambda: kubernetes.core.v1.Namespace("n", metadata={"name": "data"}))
    assert made.one("kubernetes:core/v1:Namespace").id == "data"


def test_rejects_a_field_of_the_wrong_type_and_names_it(deploy):
    with pytest.raises(Mistake, match=r"Deployment default/web-\w+: spec.replicas: 'three' is not of type"):
        deploy(lambda: web(replicas="three"))


def test_rejects_a_field_that_does_not_exist(deploy):
    with pytest.raises(Mistake, match="'replica' was unexpected"):
        deploy(lambda: web(replica=3))


def test_rejects_a_kind_that_kubernetes_does_not_have(deploy):
    with pytest.raises(Mistake, match="has no Deploymint in apps/v1"):
        deploy(lambda: custom("apps/v1", "Deploymint"))


def test_takes_a_custom_resource_as_it_is(deploy):
    graph = deploy(lambda: custom("karpenter.sh/v1", "NodePool"))
    assert graph.one("kubernetes:karpenter.sh/v1:NodePool").id == "default/it"


def custom(api_version: str, kind: str) -> pulumi.CustomResource:
    return kubernetes.apiextensions.CustomResource(
        "it", api_version=api_version, kind=kind, metadata={"name": "it"}
    )


def in_a_cluster(version):
    """ServiceCIDR is in networking.k8s.io/v1 since 1.33."""
    network = Network("network", {})
    cluster = EksCluster("apps", {**network.private, "version": version})
    spec = {"cidrs": ["10.96.0.0/16"]}
    kubernetes.networking.v1.ServiceCIDR("it", metadata={"name": "it"}, spec=spec, opts=cluster.inside)


def test_an_object_is_checked_as_its_cluster_s_version_has_it(deploy):
    with pytest.raises(Mistake, match=r"Kubernetes 1\.32 has no ServiceCIDR in networking"):
        deploy(lambda: in_a_cluster("1.32"))


def test_a_newer_cluster_has_more_kinds(deploy):
    assert deploy(lambda: in_a_cluster("1.33")).one("kubernetes:networking.k8s.io/v1:ServiceCIDR")
