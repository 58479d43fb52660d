"""DAX: clusters before tables, their settings and subnets."""

from typing import Any

from moto.moto_api import state_manager

from fourplane.errors import Failure, Mistake
from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import given, validate

CLUSTER: dict[str, str | None] = {"serverSideEncryption": "SSESpecification", "maintenanceWindow": None}
PORTS = {"TLS": 9111, "NONE": 8111}
TO_NAME = 20

state_manager.set_transition("dax::cluster", {"progression": "immediate"})


@creates("aws:dax/subnetGroup:SubnetGroup")
def subnet_group(new: New) -> Made:
    name = new.name.lower()
    found = new.client("ec2").describe_subnets(SubnetIds=new["subnetIds"])["Subnets"]
    request = given(SubnetGroupName=name, SubnetIds=new["subnetIds"], Description=new.get("description"))
    new.simulate("dax", "create_subnet_group", request)
    return name, {"name": name, "vpcId": found[0]["VpcId"]}


@creates("aws:dax/parameterGroup:ParameterGroup")
def parameter_group(new: New) -> Made:
    name = new.name.lower()
    request = given(ParameterGroupName=name, Description=new.get("description"))
    new.simulate("dax", "create_parameter_group", request)
    values = [{"ParameterName": p["name"], "ParameterValue": p["value"]} for p in new.get("parameters", [])]
    settings = {"ParameterGroupName": name, "ParameterNameValues": values}
    validate(new.client("dax"), "update_parameter_group", settings)
    return name, {"name": name}


@creates("aws:dax/cluster:Cluster")
def cluster(new: New) -> Made:
    name, client = new["clusterName"].lower(), new.client("dax")
    if len(name) > TO_NAME:
        raise Mistake(f"the name '{name}' is longer than {TO_NAME}")
    role = new["iamRoleArn"].rpartition("/")[2]
    trusted = new.client("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    if "dax.amazonaws.com" not in str(trusted):
        raise Failure(f"CreateCluster refused: InvalidParameterValueException: DAX may not assume '{role}'")
    request = new.fit("dax", "create_cluster", CLUSTER, ClusterName=name)
    request["PreferredMaintenanceWindow"] = new.get("maintenanceWindow", "sun:04:30-sun:05:30")
    validate(client, "create_cluster", request)
    made = client.create_cluster(**request)["Cluster"]
    found: dict[str, Any] = client.describe_clusters(ClusterNames=[name])["Clusters"][0]
    at, port = (
        found["ClusterDiscoveryEndpoint"]["Address"],
        PORTS[request.get("ClusterEndpointEncryptionType", "NONE")],
    )
    return name, {
        "arn": made["ClusterArn"],
        "clusterName": name,
        "clusterAddress": at,
        "configurationEndpoint": f"{at}:{port}",
        "port": port,
        "nodes": [],
    }
