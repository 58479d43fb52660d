"""EKS: clusters, their nodes, and who may do what in them."""

import base64
from typing import Any

from moto.moto_api._internal import mock_random

from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.kubernetes import cluster_made
from fourplane.sandbox.shapes import given, validate

CLUSTER: dict[str, str | None] = {
    "vpcConfig": "resourcesVpcConfig",
    "enabledClusterLogTypes": None,
    "defaultAddonsToRemoves": None,
    "bootstrapSelfManagedAddons": "bootstrapSelfManagedAddons",
}


@creates("aws:eks/cluster:Cluster")
def cluster(new: New) -> Made:
    client, name = new.client("eks"), new.name
    kinds = new.get("enabledClusterLogTypes", [])
    logging = {"clusterLogging": [{"types": kinds, "enabled": True}]} if kinds else None
    request = new.fit("eks", "create_cluster", CLUSTER, **given(name=name, logging=logging, tags=new.tags))
    validate(client, "create_cluster", request)
    made = client.create_cluster(**request)["cluster"]
    vpc = {**new.first("vpcConfig"), "clusterSecurityGroupId": _security_group(new, name)}
    host = f"{new.hash(32).upper()}.gr7.{new.region}.eks.amazonaws.com"
    version = new.get("version", made["version"])
    cluster_made(new.resource.urn, version)
    authority = base64.b64encode(f"the authority of {name}".encode()).decode()
    return name, {
        "arn": made["arn"],
        "name": name,
        "endpoint": f"https://{host}",
        "certificateAuthority": {"data": authority},
        "certificateAuthorities": [{"data": authority}],
        "identities": [
            {"oidcs": [{"issuer": f"https://oidc.eks.{new.region}.amazonaws.com/id/{new.hash(32)}"}]}
        ],
        "platformVersion": "eks.1",
        "status": made["status"],
        "version": version,
        "vpcConfig": vpc,
    }


def _security_group(new: New, name: str) -> str:
    """EKS makes one of its own, which control planes wear besides those that they are given."""
    mock_random.seed(new.hash(32))
    ec2 = new.client("ec2")
    subnets = ec2.describe_subnets(SubnetIds=new.first("vpcConfig")["subnetIds"])["Subnets"]
    made = ec2.create_security_group(
        GroupName=f"eks-cluster-sg-{name}",
        Description="EKS created security group",
        VpcId=subnets[0]["VpcId"],
    )
    return made["GroupId"]


@creates("aws:eks/nodeGroup:NodeGroup")
def node_group(new: New) -> Made:
    client, name = new.client("eks"), new.get("nodeGroupName") or new.auto_name
    rename = {"nodeGroupName": None, "nodeRoleArn": "nodeRole", "subnetIds": "subnets"}
    request = new.fit("eks", "create_nodegroup", rename, **given(nodegroupName=name, tags=new.tags))
    validate(client, "create_nodegroup", request)
    made = client.create_nodegroup(**request)["nodegroup"]
    group = f"eks-{name}-{new.uuid}"
    _machines(new, group)
    return f"{new['clusterName']}:{name}", {
        "arn": made["nodegroupArn"],
        "nodeGroupName": name,
        "amiType": new.get("amiType", made["amiType"]),
        "diskSize": 0 if new.get("launchTemplate") else made["diskSize"],
        "resources": [{"autoscalingGroups": [{"name": group}], "remoteAccessSecurityGroupId": ""}],
        "status": made["status"],
    }


def _machines(new: New, group: str) -> None:
    """As EKS does it: a launch template like the one that it is given, with its own image, and a group."""
    ec2, wanted = new.client("ec2"), new.first("launchTemplate")
    data: dict[str, Any] = {}
    if wanted:
        versions = ec2.describe_launch_template_versions(
            LaunchTemplateId=wanted["id"], Versions=[str(wanted["version"])]
        )
        data = versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    kinds = new.get("instanceTypes") or ["t3.medium"]
    kernel = "arm64" if "ARM" in new.get("amiType", "").upper() else "x86_64"
    image = f"resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{kernel}"
    made = ec2.create_launch_template(
        LaunchTemplateName=group,
        LaunchTemplateData={
            **data,
            "ImageId": image,
            "InstanceType": kinds[0],
        },
    )["LaunchTemplate"]
    size = new.first("scalingConfig")
    tags = {"eks:cluster-name": new["clusterName"], "eks:nodegroup-name": new.get("nodeGroupName", group)}
    new.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=group,
        LaunchTemplate={"LaunchTemplateId": made["LaunchTemplateId"], "Version": "1"},
        MinSize=int(size["minSize"]),
        MaxSize=int(size["maxSize"]),
        DesiredCapacity=int(size["desiredSize"]),
        VPCZoneIdentifier=",".join(new["subnetIds"]),
        Tags=[{"Key": k, "Value": v, "PropagateAtLaunch": True} for k, v in tags.items()],
    )


@creates("aws:eks/addon:Addon")
def addon(new: New) -> Made:
    _known(new)
    rename = {
        "resolveConflictsOnCreate": "resolveConflicts",
        "resolveConflictsOnUpdate": None,
        "preserve": None,
    }
    new.simulate("eks", "create_addon", new.fit("eks", "create_addon", rename, **given(tags=new.tags)))
    id = f"{new['clusterName']}:{new['addonName']}"
    path = f"addon/{new['clusterName']}/{new['addonName']}/{new.uuid}"
    return id, {"arn": new.arn("eks", path), "addonVersion": new.get("addonVersion", "v1.0.0-eksbuild.1")}


@creates("aws:eks/accessEntry:AccessEntry")
def access_entry(new: New) -> Made:
    _known(new)
    rename = {"userName": "username"}
    new.simulate(
        "eks", "create_access_entry", new.fit("eks", "create_access_entry", rename, **given(tags=new.tags))
    )
    path = f"access-entry/{new['clusterName']}/{new['principalArn'].rpartition(':')[2]}/{new.uuid}"
    return f"{new['clusterName']}:{new['principalArn']}", {"accessEntryArn": new.arn("eks", path)}


@creates("aws:eks/accessPolicyAssociation:AccessPolicyAssociation")
def access_policy(new: New) -> Made:
    _known(new)
    new.simulate("eks", "associate_access_policy", new.fit("eks", "associate_access_policy"))
    return f"{new['clusterName']}#{new['principalArn']}#{new['policyArn']}", {}


@creates("aws:eks/podIdentityAssociation:PodIdentityAssociation")
def pod_identity(new: New) -> Made:
    _known(new)
    request = new.fit("eks", "create_pod_identity_association", **given(tags=new.tags))
    new.simulate("eks", "create_pod_identity_association", request)
    id = f"a-{new.hash(17)}"
    path = f"podidentityassociation/{new['clusterName']}/{id}"
    return id, {"associationId": id, "associationArn": new.arn("eks", path)}


def _known(new: New) -> None:
    """What is simulated stands on a cluster that is there."""
    new.client("eks").describe_cluster(name=new["clusterName"])
