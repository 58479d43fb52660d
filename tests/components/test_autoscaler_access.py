"""Who may change autoscalers from outside of a cluster."""

import pytest

from components.service.autoscaler_access import AutoscalerAccess

ROLE = "arn:aws:iam::123456789012:role/a"
ARGS = {
    "cluster": "apps",
    "cluster_name": "dev-apps",
    "node_security_group_id": "sg-1",
    "namespace": "shop",
    "role_arn": ROLE,
    "autoscalers": ["web", "api"],
}


def test_a_role_may_read_and_change_the_autoscalers_that_are_named(preview):
    graph = preview(lambda: AutoscalerAccess("more", ARGS))
    entry = graph.one("aws:eks/accessEntry:AccessEntry").inputs
    assert (entry["principalArn"], entry["kubernetesGroups"]) == (ROLE, ["dev-more"])
    (rule,) = graph.one("kubernetes:rbac.authorization.k8s.io/v1:Role").inputs["rules"]
    assert (rule["resourceNames"], rule["verbs"]) == (["web", "api"], ["get", "patch"])
    assert graph.all("aws:eks/accessPolicyAssociation:AccessPolicyAssociation") == []


def test_rejects_no_autoscaler(preview):
    with pytest.raises(Exception, match="autoscalers must be one or more"):
        preview(lambda: AutoscalerAccess("more", {**ARGS, "autoscalers": []}))
