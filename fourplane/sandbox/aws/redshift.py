"""Redshift: warehouses, their settings, subnets and logs, and what may flow into them."""

from typing import Any

from fourplane.errors import Failure, Mistake
from fourplane.sandbox.creator import Made, New, creates, document
from fourplane.sandbox.shapes import given, validate

CLUSTER: dict[str, str | None] = {
    "availabilityZoneRelocationEnabled": "AvailabilityZoneRelocation",
    "databaseName": "DBName",
    "masterPassword": "MasterUserPassword",
    **{key: None for key in ("applyImmediately", "finalSnapshotIdentifier", "skipFinalSnapshot")},
}
TO_CLOUDWATCH = "cloudwatch"


@creates("aws:redshift/subnetGroup:SubnetGroup")
def subnet_group(new: New) -> Made:
    name = new.name.lower()
    new.client("redshift").create_cluster_subnet_group(
        ClusterSubnetGroupName=name,
        Description=new.get("description", "Managed by Pulumi"),
        SubnetIds=new["subnetIds"],
        Tags=new.tag_list,
    )
    return name, {"name": name, "arn": new.arn("redshift", f"subnetgroup:{name}")}


@creates("aws:redshift/parameterGroup:ParameterGroup")
def parameter_group(new: New) -> Made:
    """moto keeps the group, and not what is in it."""
    redshift, name = new.client("redshift"), new.name.lower()
    redshift.create_cluster_parameter_group(
        ParameterGroupName=name,
        ParameterGroupFamily=new["family"],
        Description=new.get("description", "Managed by Pulumi"),
        Tags=new.tag_list,
    )
    values = [{"ParameterName": p["name"], "ParameterValue": p["value"]} for p in new.get("parameters", [])]
    request = {"ParameterGroupName": name, "Parameters": values}
    validate(redshift, "modify_cluster_parameter_group", request)
    return name, {"name": name, "arn": new.arn("redshift", f"parametergroup:{name}")}


@creates("aws:redshift/cluster:Cluster")
def cluster(new: New) -> Made:
    redshift, id = new.client("redshift"), new["clusterIdentifier"].lower()
    if new.get("multiAz") and str(new.get("encrypted")).lower() != "true":
        raise Failure("CreateCluster refused: InvalidParameterCombination: two zones ask for encryption")
    if new.get("multiAz") and int(new.get("numberOfNodes", 1)) < 2:
        raise Failure("CreateCluster refused: InvalidParameterCombination: two zones ask for two nodes each")
    if not new.get("manageMasterPassword") and not new.get("masterPassword"):
        raise Mistake("one of 'manageMasterPassword' and 'masterPassword' is required")
    request = new.fit("redshift", "create_cluster", CLUSTER, ClusterIdentifier=id)
    request.setdefault("AvailabilityZone", _first_zone(new))
    validate(redshift, "create_cluster", request)
    made: dict[str, Any] = redshift.create_cluster(**request)["Cluster"]
    host, port = made["Endpoint"]["Address"], made["Endpoint"]["Port"]
    return id, {
        "arn": new.arn("redshift", f"cluster:{id}"),
        "clusterNamespaceArn": new.arn("redshift", f"namespace:{new.uuid}"),
        "clusterIdentifier": id,
        "availabilityZone": made["AvailabilityZone"],
        "databaseName": made["DBName"],
        "dnsName": host,
        "endpoint": f"{host}:{port}",
        "port": port,
        **({"masterPasswordSecretArn": _secret(new, id)} if new.get("manageMasterPassword") else {}),
    }


def _first_zone(new: New) -> str:
    """AWS chooses one of its subnets'; of two, it says one."""
    (group,) = new.client("redshift").describe_cluster_subnet_groups(
        ClusterSubnetGroupName=new["clusterSubnetGroupName"]
    )["ClusterSubnetGroups"]
    ids = [one["SubnetIdentifier"] for one in group["Subnets"]]
    found = new.client("ec2").describe_subnets(SubnetIds=ids)["Subnets"]
    return min(one["AvailabilityZone"] for one in found)


def _secret(new: New, id: str) -> str:
    """Redshift's own, which moto does not make."""
    key = new.get("masterPasswordSecretKmsKeyId")
    made = new.client("secretsmanager").create_secret(
        Name=f"redshift!{id}-{new['masterUsername']}", SecretString="{}", **given(KmsKeyId=key)
    )
    return str(made["ARN"])


@creates("aws:redshift/logging:Logging")
def logging(new: New) -> Made:
    redshift, id = new.client("redshift"), new["clusterIdentifier"]
    request = new.fit("redshift", "enable_logging")
    validate(redshift, "enable_logging", request)
    if request.get("LogDestinationType") == TO_CLOUDWATCH and not request.get("LogExports"):
        raise Failure("EnableLogging refused: InvalidParameterValue: CloudWatch gets no log")
    redshift.enable_logging(**request)
    return id, {}


@creates("aws:redshift/resourcePolicy:ResourcePolicy")
def resource_policy(new: New) -> Made:
    arn = new["resourceArn"]
    new.simulate("redshift", "put_resource_policy", {"ResourceArn": arn, "Policy": document(new["policy"])})
    return arn, {}
