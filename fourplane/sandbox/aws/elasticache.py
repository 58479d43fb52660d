"""ElastiCache: replication groups, and who may log in to them."""

from typing import Any

from fourplane.errors import Failure, Mistake
from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import given, validate

GROUP: dict[str, str | None] = {
    "description": "ReplicationGroupDescription",
    "nodeType": "CacheNodeType",
    "parameterGroupName": "CacheParameterGroupName",
    "subnetGroupName": "CacheSubnetGroupName",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "logDeliveryConfigurations": None,
    **{
        key: None
        for key in ("applyImmediately", "finalSnapshotIdentifier", "tags", "replicationGroupId", "kmsKeyId")
    },
}


@creates("aws:elasticache/subnetGroup:SubnetGroup")
def subnet_group(new: New) -> Made:
    name = new.name.lower()
    made = new.client("elasticache").create_cache_subnet_group(
        CacheSubnetGroupName=name,
        CacheSubnetGroupDescription=new.get("description", "Managed by Pulumi"),
        SubnetIds=new["subnetIds"],
        Tags=new.tag_list,
    )["CacheSubnetGroup"]
    return name, {"name": name, "arn": made["ARN"], "vpcId": made["VpcId"]}


@creates("aws:elasticache/parameterGroup:ParameterGroup")
def parameter_group(new: New) -> Made:
    name = new.name.lower()
    request = {
        "CacheParameterGroupName": name,
        "CacheParameterGroupFamily": new["family"],
        "Description": new.get("description", "Managed by Pulumi"),
        "Tags": new.tag_list,
    }
    new.simulate("elasticache", "create_cache_parameter_group", request)
    values = [{"ParameterName": p["name"], "ParameterValue": p["value"]} for p in new.get("parameters", [])]
    settings = {"CacheParameterGroupName": name, "ParameterNameValues": values}
    validate(new.client("elasticache"), "modify_cache_parameter_group", settings)
    return name, {"name": name, "arn": new.arn("elasticache", f"parametergroup:{name}")}


@creates("aws:elasticache/user:User")
def user(new: New) -> Made:
    mode = new.first("authenticationMode")
    if mode.get("type") == "iam" and new["userId"] != new["userName"]:
        raise Mistake("a user that signs with IAM must have its id as its name")
    request = given(
        UserId=new["userId"],
        UserName=new["userName"],
        Engine=new["engine"],
        AccessString=new["accessString"],
        AuthenticationMode=given(Type=mode.get("type"), Passwords=mode.get("passwords")),
        Passwords=new.get("passwords"),
        NoPasswordRequired=new.get("noPasswordRequired"),
        Tags=new.tag_list,
    )
    validate(new.client("elasticache"), "create_user", request)
    made = new.client("elasticache").create_user(**request)
    return made["UserId"], {"arn": made["ARN"]}


@creates("aws:elasticache/userGroup:UserGroup")
def user_group(new: New) -> Made:
    client = new.client("elasticache")
    for id in new.get("userIds", []):
        client.describe_users(UserId=id)
    request = given(
        UserGroupId=new["userGroupId"], Engine=new["engine"], UserIds=new.get("userIds"), Tags=new.tag_list
    )
    new.simulate("elasticache", "create_user_group", request)
    return new["userGroupId"], {"arn": new.arn("elasticache", f"usergroup:{new['userGroupId']}")}


@creates("aws:elasticache/replicationGroup:ReplicationGroup")
def replication_group(new: New) -> Made:
    id = (new.get("replicationGroupId") or new.name_within(40)).lower()
    if new.get("authToken") and new.get("userGroupIds"):
        raise Mistake("'authToken' and 'userGroupIds' exclude each other")
    more: dict[str, Any] = given(
        ReplicationGroupId=id,
        KmsKeyId=new.get("kmsKeyId"),
        Tags=new.tag_list,
        LogDeliveryConfigurations=[_delivery(new, one) for one in new.get("logDeliveryConfigurations", [])],
    )
    request = new.fit("elasticache", "create_replication_group", GROUP, **more)
    validate(new.client("elasticache"), "create_replication_group", request)
    client = new.client("elasticache")
    client.create_replication_group(**_as_moto_counts(request))
    made = client.describe_replication_groups(ReplicationGroupId=id)["ReplicationGroups"][0]
    return id, {"replicationGroupId": id, **_ends(new, id, made)}


def _as_moto_counts(request: dict[str, Any]) -> dict[str, Any]:
    """moto counts the nodes of a group without cluster mode by another parameter."""
    if request.get("ClusterMode") == "enabled":
        return request
    copies = request.pop("ReplicasPerNodeGroup", None)
    nodes = request.get("NumCacheClusters") or 1 + (copies or 0)
    return {**{k: v for k, v in request.items() if k != "NumNodeGroups"}, "NumCacheClusters": nodes}


def _ends(new: New, id: str, made: dict[str, Any]) -> dict[str, Any]:
    """Hosts as AWS has them for TLS, the same at every deployment."""
    place = f"{id}.{new.hash(6)}.{new.region.replace('-', '')[:4]}.cache.amazonaws.com"
    sharded = new.get("clusterMode") == "enabled"
    return {
        "arn": made["ARN"],
        "clusterEnabled": sharded,
        "engineVersionActual": f"{new.get('engineVersion')}.0",
        "memberClusters": made["MemberClusters"],
        **(
            {"configurationEndpointAddress": f"clustercfg.{place}"}
            if sharded
            else {"primaryEndpointAddress": f"master.{place}", "readerEndpointAddress": f"replica.{place}"}
        ),
    }


def _delivery(new: New, one: dict[str, Any]) -> dict[str, Any]:
    group = one["destination"]
    found = new.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    if one["destinationType"] == "cloudwatch-logs" and not any(g["logGroupName"] == group for g in found):
        raise Failure(f"CreateReplicationGroup refused: there is no log group '{group}'")
    return {
        "LogType": one["logType"],
        "LogFormat": one["logFormat"],
        "DestinationType": one["destinationType"],
        "DestinationDetails": {"CloudWatchLogsDetails": {"LogGroup": group}}
        if one["destinationType"] == "cloudwatch-logs"
        else {"KinesisFirehoseDetails": {"DeliveryStream": group}},
    }
