"""RDS: Aurora clusters, instances of theirs and alone, parameters and subnets."""

from typing import Any

from moto.moto_api._internal import mock_random
from moto.rds import models

from fourplane.errors import Failure, Mistake
from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.moto_methods import replace
from fourplane.sandbox.shapes import given

replace(models, uuid=mock_random)  # where all other ids come from, which are the same at every deployment

LATER: dict[str, str | None] = {
    key: None
    for key in (
        "allowMajorVersionUpgrade",
        "applyImmediately",
        "deleteAutomatedBackups",
        "finalSnapshotIdentifier",
        "forceDestroy",
        "skipFinalSnapshot",
    )
}
"""What the provider keeps for a change or a deletion."""


def _name(new: New, key: str = "name") -> str:
    """RDS's names are in lower case."""
    return (new.get(key) or new.auto_name).lower()


@creates("aws:rds/subnetGroup:SubnetGroup")
def subnet_group(new: New) -> Made:
    found = new.client("ec2").describe_subnets(SubnetIds=new["subnetIds"])["Subnets"]
    if len({subnet["AvailabilityZone"] for subnet in found}) < 2:
        raise Failure(
            "CreateDBSubnetGroup refused: DBSubnetGroupDoesNotCoverEnoughAZs: "
            "the subnets must be in two zones or more"
        )
    name = _name(new)
    description = new.get("description", "Managed by Pulumi")
    made = new.client("rds").create_db_subnet_group(
        DBSubnetGroupName=name,
        DBSubnetGroupDescription=description,
        SubnetIds=new["subnetIds"],
        Tags=new.tag_list,
    )["DBSubnetGroup"]
    return name, {
        "arn": made["DBSubnetGroupArn"],
        "name": name,
        "description": description,
        "vpcId": made["VpcId"],
    }


@creates("aws:rds/clusterParameterGroup:ClusterParameterGroup")
def cluster_parameter_group(new: New) -> Made:
    rds, name = new.client("rds"), _name(new)
    description = new.get("description", "Managed by Pulumi")
    made = rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName=name,
        DBParameterGroupFamily=new["family"],
        Description=description,
        Tags=new.tag_list,
    )["DBClusterParameterGroup"]
    if parameters := _parameters(new):
        rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName=name, Parameters=parameters)
    return name, {"arn": made["DBClusterParameterGroupArn"], "name": name, "description": description}


def _parameters(new: New) -> list[dict[str, str]]:
    return [
        {
            "ParameterName": one["name"],
            "ParameterValue": one["value"],
            "ApplyMethod": one.get("applyMethod", "immediate"),
        }
        for one in new.get("parameters", [])
    ]


@creates("aws:rds/parameterGroup:ParameterGroup")
def parameter_group(new: New) -> Made:
    rds, name = new.client("rds"), _name(new)
    description = new.get("description", "Managed by Pulumi")
    made = rds.create_db_parameter_group(
        DBParameterGroupName=name,
        DBParameterGroupFamily=new["family"],
        Description=description,
        Tags=new.tag_list,
    )["DBParameterGroup"]
    if parameters := _parameters(new):
        rds.modify_db_parameter_group(DBParameterGroupName=name, Parameters=parameters)
    return name, {"arn": made["DBParameterGroupArn"], "name": name, "description": description}


@creates("aws:rds/globalCluster:GlobalCluster")
def global_cluster(new: New) -> Made:
    id = _name(new, "globalClusterIdentifier")
    request = new.fit("rds", "create_global_cluster", LATER, GlobalClusterIdentifier=id)
    made: dict[str, Any] = new.client("rds").create_global_cluster(**request)["GlobalCluster"]
    return id, {
        "arn": made["GlobalClusterArn"],
        "globalClusterIdentifier": id,
        "globalClusterResourceId": made["GlobalClusterResourceId"],
        "endpoint": made["Endpoint"],
        "engineVersion": made["EngineVersion"],
        "engineVersionActual": made["EngineVersion"],
        "databaseName": new.get("databaseName", ""),
        "globalClusterMembers": [],  # those that join it are made later
    }


CLUSTER: dict[str, str | None] = {
    **LATER,
    "clusterIdentifier": "DBClusterIdentifier",
    "clusterIdentifierPrefix": None,
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "masterPassword": "MasterUserPassword",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
}


@creates("aws:rds/cluster:Cluster")
def cluster(new: New) -> Made:
    id = _name(new, "clusterIdentifier")
    request = new.fit("rds", "create_db_cluster", CLUSTER, DBClusterIdentifier=id)
    made: dict[str, Any] = new.client("rds").create_db_cluster(**request)["DBCluster"]
    secret = made.get("MasterUserSecret")
    secrets = [_secret(secret)] if secret else []
    return id, {
        "arn": made["DBClusterArn"],
        "clusterIdentifier": id,
        "clusterResourceId": made["DbClusterResourceId"],
        "endpoint": made["Endpoint"],
        "readerEndpoint": made["ReaderEndpoint"],
        "engineVersion": made["EngineVersion"],
        "engineVersionActual": made["EngineVersion"],
        "hostedZoneId": made["HostedZoneId"],
        "port": made["Port"],
        "masterUsername": made.get("MasterUsername", ""),
        "masterUserSecrets": secrets,
        "availabilityZones": made["AvailabilityZones"],
    }


def _secret(secret: dict[str, Any]) -> dict[str, Any]:
    return {
        "secretArn": secret["SecretArn"],
        "secretStatus": "active",
        "kmsKeyId": secret.get("KmsKeyId", ""),
    }


INSTANCE: dict[str, str | None] = {
    **LATER,
    "caCertIdentifier": "CACertificateIdentifier",
    "clusterIdentifier": "DBClusterIdentifier",
    "identifier": "DBInstanceIdentifier",
    "identifierPrefix": None,
    "instanceClass": "DBInstanceClass",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
}


@creates("aws:rds/clusterInstance:ClusterInstance")
def cluster_instance(new: New) -> Made:
    rds, id = new.client("rds"), _name(new, "identifier")
    of = rds.describe_db_clusters(DBClusterIdentifier=new["clusterIdentifier"])["DBClusters"][0]
    request = new.fit("rds", "create_db_instance", INSTANCE, DBInstanceIdentifier=id)
    made = rds.create_db_instance(**request)["DBInstance"]
    members = rds.describe_db_clusters(DBClusterIdentifier=of["DBClusterIdentifier"])["DBClusters"][0]
    writers = {one["DBInstanceIdentifier"] for one in members["DBClusterMembers"] if one["IsClusterWriter"]}
    return id, {
        "arn": made["DBInstanceArn"],
        "identifier": id,
        "availabilityZone": made["AvailabilityZone"],
        "dbiResourceId": made["DbiResourceId"],
        "endpoint": made["Endpoint"]["Address"],
        "port": of["Port"],
        "storageEncrypted": of["StorageEncrypted"],
        "engineVersionActual": of["EngineVersion"],
        "writer": id in writers,
    }


ALONE: dict[str, str | None] = {
    **INSTANCE,
    "backupWindow": "PreferredBackupWindow",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "parameterGroupName": "DBParameterGroupName",
    "username": "MasterUsername",
    "password": "MasterUserPassword",
}


@creates("aws:rds/instance:Instance")
def instance(new: New) -> Made:
    """One that belongs to no cluster."""
    if new.get("multiAz") and new.get("availabilityZone"):
        raise Mistake("'multiAz' and 'availabilityZone' exclude each other")
    rds, id = new.client("rds"), _name(new, "identifier")
    request = new.fit("rds", "create_db_instance", ALONE, DBInstanceIdentifier=id)
    group = rds.describe_db_subnet_groups(DBSubnetGroupName=new["dbSubnetGroupName"])["DBSubnetGroups"][0]
    zones = sorted({one["SubnetAvailabilityZone"]["Name"] for one in group["Subnets"]})
    request.setdefault("AvailabilityZone", zones[0])  # of two, AWS says which is in use
    made = rds.create_db_instance(**request)["DBInstance"]
    secret = made.get("MasterUserSecret")
    host, port = made["Endpoint"]["Address"], made["Endpoint"]["Port"]
    return id, {
        "arn": made["DBInstanceArn"],
        "identifier": id,
        "address": host,
        "port": port,
        "endpoint": f"{host}:{port}",
        "availabilityZone": made["AvailabilityZone"],
        "resourceId": made["DbiResourceId"],
        "engineVersionActual": made["EngineVersion"],
        "masterUserSecrets": [_secret(secret)] if secret else [],
        "status": made["DBInstanceStatus"],
    }


@creates("aws:rds/integration:Integration")
def integration(new: New) -> Made:
    """What flows from a cluster into a warehouse: refused where the cluster does not write it down."""
    source, rds = new["sourceArn"], new.client("rds")
    (of,) = rds.describe_db_clusters(DBClusterIdentifier=source.rpartition(":")[2])["DBClusters"]
    group = of["DBClusterParameterGroup"]
    found = rds.describe_db_cluster_parameters(DBClusterParameterGroupName=group)["Parameters"]
    if {p["ParameterName"]: p.get("ParameterValue") for p in found}.get("aurora_enhanced_binlog") != "1":
        raise Failure(
            f"CreateIntegration refused: InvalidParameterValue: {group} must have aurora_enhanced_binlog"
        )
    request = given(
        IntegrationName=new["integrationName"],
        SourceArn=source,
        TargetArn=new["targetArn"],
        KMSKeyId=new.get("kmsKeyId"),
        DataFilter=new.get("dataFilter"),
        Tags=new.tag_list,
    )
    new.simulate("rds", "create_integration", request)
    arn = new.arn("rds", f"integration:{new.uuid}")
    return arn, {
        "arn": arn,
        "integrationIdentifier": arn,
        "dataFilter": new.get("dataFilter", "include: *.*"),
    }
