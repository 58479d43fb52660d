import json

import pytest

from components.access import connect
from components.service.auto_scaling_service import AutoScalingService
from components.service.eks_cluster import EksCluster

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-a", "subnet-b", "subnet-c"]}
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
CLUSTER = "aws:eks/cluster:Cluster"
NODES = "aws:eks/nodeGroup:NodeGroup"
ADD_ON = "aws:eks/addon:Addon"
DISKS = "kubernetes:storage.k8s.io/v1:StorageClass"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


def cluster(**more):
    return lambda: EksCluster("apps", {**PLACE, **more})


def made(graph):
    return graph.one(CLUSTER).inputs


def rules(graph):
    return {(one.name, one.inputs.get("fromPort"), one.inputs.get("cidrIpv4")) for one in graph.all(EGRESS)}


def test_its_api_is_private(preview):
    place = made(preview(cluster()))["vpcConfig"]
    assert place["endpointPrivateAccess"] and not place["endpointPublicAccess"]


def test_named_addresses_may_call_it_from_outside(preview):
    place = made(preview(cluster(public_cidrs=["203.0.113.0/24"])))["vpcConfig"]
    assert place["endpointPublicAccess"] and place["publicAccessCidrs"] == ["203.0.113.0/24"]
    assert place["endpointPrivateAccess"]


def test_its_secrets_are_encrypted_and_all_its_logs_kept(preview):
    graph = preview(cluster(key_arn=KEY, log_retention_days=30))
    cluster_ = made(graph)
    assert cluster_["encryptionConfig"] == {"provider": {"keyArn": KEY}, "resources": ["secrets"]}
    assert len(cluster_["enabledClusterLogTypes"]) == 5
    group = graph.one("aws:cloudwatch/logGroup:LogGroup")
    assert group.inputs["name"] == "/aws/eks/dev-apps/cluster" and group.inputs["retentionInDays"] == 30
    assert group.urn in graph.one(CLUSTER).dependencies


def test_only_identities_of_iam_come_in(preview):
    graph = preview(cluster(administrators=["arn:aws:iam::123456789012:role/admin"]))
    assert made(graph)["accessConfig"]["authenticationMode"] == "API"
    assert graph.one("aws:eks/accessEntry:AccessEntry").inputs["principalArn"].endswith("role/admin")
    policy = graph.one("aws:eks/accessPolicyAssociation:AccessPolicyAssociation").inputs["policyArn"]
    assert policy == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


def test_it_is_raised_rather_than_paid_for_and_not_deleted(preview):
    assert made(preview(cluster()))["upgradePolicy"] == {"supportType": "STANDARD"}
    assert made(preview(cluster()))["deletionProtection"]
    assert not made(preview(cluster(disposable=True)))["deletionProtection"]


def test_network_policies_are_enforced_before_a_node_starts(preview):
    graph = preview(cluster())
    plugin = graph.one(ADD_ON, "apps-vpc-cni")
    assert json.loads(plugin.inputs["configurationValues"]) == {"enableNetworkPolicy": "true"}
    assert (
        plugin.urn in graph.one(NODES).dependencies
        or plugin.urn in graph.one("fourplane:index:EksNodes").dependencies
    )
    assert graph.one(NODES).urn in graph.one(ADD_ON, "apps-coredns").dependencies


def test_the_network_plugin_has_a_role_that_nodes_have_not(preview):
    graph = preview(cluster())
    (identity,) = graph.one(ADD_ON, "apps-vpc-cni").inputs["podIdentityAssociations"]
    assert identity["roleArn"] == graph.one("aws:iam/role:Role", "apps-vpc-cni").outputs["arn"]
    attached = {
        one.inputs["policyArn"].rpartition("/")[2]
        for one in graph.all("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        if one.name.startswith("apps-nodes")
    }
    assert attached == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}


def test_disks_are_encrypted_made_where_the_pod_is_and_kept(preview):
    disk = preview(cluster(disks=True, key_arn=KEY)).one(DISKS).inputs
    assert disk["metadata"]["name"] == "encrypted" and disk["provisioner"] == "ebs.csi.aws.com"
    assert (disk["parameters"]["encrypted"], disk["parameters"]["kmsKeyId"]) == ("true", KEY)
    assert disk["volumeBindingMode"] == "WaitForFirstConsumer" and disk["reclaimPolicy"] == "Retain"
    disposable = preview(cluster(disks=True, disposable=True)).one(DISKS).inputs
    assert disposable["reclaimPolicy"] == "Delete" and "kmsKeyId" not in disposable["parameters"]
    assert preview(cluster()).all(DISKS) == []


def test_the_driver_of_disks_may_use_their_key_alone(preview):
    graph = preview(cluster(disks=True, key_arn=KEY))
    (identity,) = graph.one(ADD_ON, "apps-disks").inputs["podIdentityAssociations"]
    assert identity["serviceAccount"] == "ebs-csi-controller-sa"
    assert identity["roleArn"] == graph.one("aws:iam/role:Role", "apps-disks").outputs["arn"]
    use, grants = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", "apps-disks").inputs["policy"])[
        "Statement"
    ]
    assert use["Resource"] == grants["Resource"] == KEY
    assert grants["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_nodes_stand_in_every_zone_on_graviton(preview):
    nodes = preview(cluster()).one(NODES).inputs
    assert nodes["subnetIds"] == PLACE["subnet_ids"] and nodes["amiType"] == "AL2023_ARM_64_STANDARD"
    assert nodes["scalingConfig"] == {"minSize": 3, "desiredSize": 3, "maxSize": 3}
    assert nodes["nodeRepairConfig"] == {"enabled": True}
    assert preview(cluster(instance_type="m7i.large")).one(NODES).inputs["amiType"].startswith("AL2023_x86")


def test_pods_cannot_take_their_node_s_role(preview):
    template = preview(cluster()).one(TEMPLATE).inputs
    assert template["metadataOptions"]["httpTokens"] == "required"
    assert template["metadataOptions"]["httpPutResponseHopLimit"] == 1
    assert template["blockDeviceMappings"][0]["ebs"]["encrypted"] == "true"


def test_nodes_reach_the_control_plane_each_other_and_nobody_else(preview):
    assert rules(preview(cluster())) == {
        ("apps-nodes-to-apps", 443, None),
        ("apps-to-apps-nodes-kubelet", 10250, None),
        ("apps-to-apps-nodes-metrics", 10251, None),
        ("apps-nodes-within", None, None),
    }


def test_public_images_open_one_port_to_the_internet(preview):
    opened = rules(preview(cluster(public_images=True))) - rules(preview(cluster()))
    assert opened == {("apps-nodes-to-internet", 443, "0.0.0.0/0")}


def test_an_arrow_to_it_leads_to_its_api(preview):
    def program():
        client = AutoScalingService("ci", {**PLACE, "image": "a/b:1", "port": 80})
        connect(client, EksCluster("apps", PLACE))

    graph = preview(program)
    rule = graph.one(INGRESS, "ci-to-apps").inputs
    control = graph.one("aws:ec2/securityGroup:SecurityGroup", "apps").id
    assert (rule["securityGroupId"], rule["fromPort"]) == (control, 443)
    assert control in made(graph)["vpcConfig"]["securityGroupIds"]


@pytest.mark.parametrize(
    ("argument", "value", "said"),
    [
        ("subnet_ids", ["subnet-a"], "subnet_ids must be two or more"),
        ("version", "1.5", "version must be a minor version of Kubernetes"),
        ("public_cidrs", ["0.0.0.0/0"], "public_cidrs must be networks of /8 or smaller"),
        ("public_cidrs", ["home"], "public_cidrs must be networks of /8 or smaller"),
        ("public_cidrs", ["203.0.113.7"], "public_cidrs must be networks of /8 or smaller"),
        ("instance_type", "large", "instance_type must be an EC2 instance type"),
        ("minimum", 0, "minimum must be at least 1"),
        ("maximum", 2, "maximum must be at least the minimum, 3"),
    ],
)
def test_rejects_what_cannot_keep_the_promise(preview, argument, value, said):
    with pytest.raises(Exception, match=said):
        preview(cluster(**{argument: value}))


def test_rejects_a_name_that_a_cluster_cannot_have(preview):
    with pytest.raises(Exception, match="name must be letters, digits and hyphens"):
        preview(lambda: EksCluster("a.b", PLACE))
