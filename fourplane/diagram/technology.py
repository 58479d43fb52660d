"""What a component is made with, and how much of it there is, read from what it registers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fourplane import wire
from fourplane.diagram.software import on_machine, software
from fourplane.graph import Graph, Resource

GROUP = "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
Values = dict[str, Any]


@dataclass(frozen=True)
class Told:
    technology: str
    scale: str = ""


def told(graph: Graph, component: Resource, parts: Sequence[Resource]) -> Told:
    """What the most telling of a component's resources says; a component may be made of many kinds."""
    by_type: dict[str, list[Resource]] = {}
    for part in parts:
        by_type.setdefault(part.type, []).append(part)
    for type, say in SAYS.items():
        if found := by_type.get(type):
            known = [wire.plain({**one.inputs}) for one in found]
            return say(Parts(graph, component, by_type), known)
    return Told("")


@dataclass(frozen=True)
class Parts:
    """A component with its resources, for the few kinds that need more than their own settings."""

    graph: Graph
    component: Resource
    by_type: dict[str, list[Resource]]

    @property
    def software(self) -> str:
        return software(self.graph, self.component)

    def values(self, type: str) -> list[Values]:
        return [wire.plain({**one.inputs}) for one in self.by_type.get(type, ())]


def number(value: Any) -> str:
    """A number as it was written: numbers arrive as floats."""
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def times(count: Any, what: Any) -> str:
    return f"{number(count)} × {what}"


def span(first: Any, last: Any) -> str:
    low, high = number(first), number(last)
    return low if low == high else f"{low}–{high}"


def _fleet(parts: Parts, groups: list[Values]) -> Told:
    template = next(iter(parts.values(TEMPLATE)), {})
    size = span(sum(one.get("minSize", 0) for one in groups), sum(one.get("maxSize", 0) for one in groups))
    runs = parts.software or on_machine(str(template.get("userData", "")))
    return Told(f"{runs} on EC2" if runs else "EC2", times(size, template.get("instanceType", "machine")))


def _pods(parts: Parts, made: list[Values]) -> Told:
    scaled = {one["metadata"].get("name"): one["spec"] for one in parts.values(AUTOSCALER)}
    low = high = 0
    for one in made:
        spec = scaled.get((one.get("metadata") or {}).get("name")) or {}
        own = (one.get("spec") or {}).get("replicas", 1)
        low, high = low + spec.get("minReplicas", own), high + spec.get("maxReplicas", own)
    programs = f"{len(made)} programs" if len(made) > 1 else parts.software
    return Told(f"{programs} on Kubernetes", f"{span(low, high)} {'pod' if high == 1 else 'pods'}")


def _cache(_: Parts, made: list[Values]) -> Told:
    one = made[0]
    shards, copies = one.get("numNodeGroups", 1), one.get("replicasPerNodeGroup", 0)
    nodes = f"{number(shards)} × {number(copies + 1)}" if shards != 1 else number(copies + 1)
    engine = str(one.get("engine", "redis")).capitalize()
    return Told(f"{engine} {one.get('engineVersion', '')}".strip(), f"{nodes} × {one.get('nodeType')}")


def _aurora(parts: Parts, made: list[Values]) -> Told:
    instances = parts.values("aws:rds/clusterInstance:ClusterInstance")
    engine = "Aurora MySQL" if "mysql" in str(made[0].get("engine")) else "Aurora PostgreSQL"
    return Told(engine, times(len(instances), instances[0].get("instanceClass")) if instances else "")


def _database(_: Parts, made: list[Values]) -> Told:
    one = made[0]
    engine = {"postgres": "PostgreSQL", "mysql": "MySQL"}.get(str(one.get("engine")), str(one.get("engine")))
    standby = " + standby" if one.get("multiAz") else ""
    return Told(f"{engine} {one.get('engineVersion', '')} on RDS", f"{one.get('instanceClass')}{standby}")


def _kafka(_: Parts, made: list[Values]) -> Told:
    one = made[0]
    version = str(one.get("kafkaVersion", "")).removesuffix(".kraft").removesuffix(".x")
    machines = (one.get("brokerNodeGroupInfo") or {}).get("instanceType")
    return Told(f"Kafka {version} (MSK)", times(one.get("numberOfBrokerNodes"), machines))


def _search(_: Parts, made: list[Values]) -> Told:
    config = made[0].get("clusterConfig") or {}
    engine = str(made[0].get("engineVersion", "OpenSearch")).replace("_", " ")
    return Told(engine, times(config.get("instanceCount", 1), config.get("instanceType")))


def _kubernetes(parts: Parts, made: list[Values]) -> Told:
    nodes = parts.values("aws:eks/nodeGroup:NodeGroup")
    sizes = [one.get("scalingConfig") or {} for one in nodes]
    size = span(sum(one.get("minSize", 0) for one in sizes), sum(one.get("maxSize", 0) for one in sizes))
    machine = next((type for one in nodes for type in one.get("instanceTypes") or ()), "node")
    return Told(f"EKS {made[0].get('version', '')}".strip(), times(size, machine) if nodes else "")


def _functions(_: Parts, made: list[Values]) -> Told:
    memory = span(*(pick(one.get("memorySize", 128) for one in made) for pick in (min, max)))
    several = f"{len(made)} × " if len(made) > 1 else ""
    return Told(f"Lambda, {made[0].get('runtime', 'container')}", f"{several}{memory} MB")


def _tables(_: Parts, made: list[Values]) -> Told:
    copies = {str(copy.get("regionName")) for one in made for copy in one.get("replicas") or ()}
    on_demand = made[0].get("billingMode") == "PAY_PER_REQUEST"
    return Told(
        "DynamoDB",
        ", ".join(
            ["on demand" if on_demand else "provisioned", *(f"copy in {one}" for one in sorted(copies))]
        ),
    )


def _distribution(_: Parts, made: list[Values]) -> Told:
    several = f" × {len(made)}" if len(made) > 1 else ""
    classes = {"PriceClass_All": "all locations", "PriceClass_200": "most locations"}
    return Told(f"CloudFront{several}", classes.get(str(made[0].get("priceClass")), "fewest locations"))


def _stream(_: Parts, made: list[Values]) -> Told:
    shards = made[0].get("shardCount")
    return Told("Kinesis", f"{number(shards)} shards" if shards else "on demand")


def _spark(_: Parts, made: list[Values]) -> Told:
    most = (made[0].get("maximumCapacity") or {}).get("cpu", "")
    return Told(f"Spark, {made[0].get('releaseLabel', 'EMR')}", f"up to {most}" if most else "")


def _warehouse(_: Parts, made: list[Values]) -> Told:
    return Told("Redshift", times(made[0].get("numberOfNodes", 1), made[0].get("nodeType")))


def _dax(_: Parts, made: list[Values]) -> Told:
    return Told("DynamoDB DAX", times(made[0].get("replicationFactor", 1), made[0].get("nodeType")))


def _named(technology: str, one: str = "", many: str = "") -> Callable[[Parts, list[Values]], Told]:
    """A technology of which there is nothing more to say than how many there are, if that."""

    def say(_: Parts, made: list[Values]) -> Told:
        count = len(made)
        return Told(technology, f"{count} {one if count == 1 else many or f'{one}s'}" if one else "")

    return say


SAYS: dict[str, Callable[[Parts, list[Values]], Told]] = {
    GROUP: _fleet,
    "aws:eks/cluster:Cluster": _kubernetes,
    "kubernetes:apps/v1:Deployment": _pods,
    "kubernetes:apps/v1:StatefulSet": _pods,
    "aws:msk/cluster:Cluster": _kafka,
    "aws:elasticache/replicationGroup:ReplicationGroup": _cache,
    "aws:rds/cluster:Cluster": _aurora,
    "aws:rds/instance:Instance": _database,
    "aws:opensearch/domain:Domain": _search,
    "aws:redshift/cluster:Cluster": _warehouse,
    "aws:dax/cluster:Cluster": _dax,
    "aws:dynamodb/table:Table": _tables,
    "aws:kinesis/stream:Stream": _stream,
    "aws:cloudfront/distribution:Distribution": _distribution,
    "aws:emrserverless/application:Application": _spark,
    "aws:sagemaker/pipeline:Pipeline": _named("SageMaker", "pipeline"),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": _named("SageMaker registry"),
    "aws:mediaconvert/queue:Queue": _named("Elemental MediaConvert", "queue"),
    "aws:fis/experimentTemplate:ExperimentTemplate": _named("Fault Injection Service", "experiment"),
    "aws:synthetics/canary:Canary": _named("Synthetics", "canary", "canaries"),
    "aws:sfn/stateMachine:StateMachine": _named("Step Functions", "state machine"),
    "aws:scheduler/schedule:Schedule": _named("EventBridge Scheduler", "schedule"),
    "aws:autoscaling/schedule:Schedule": _named("Auto Scaling", "scheduled action"),
    "aws:cognito/userPool:UserPool": _named("Cognito", "user pool"),
    "aws:codebuild/project:Project": _named("CodeBuild + ECR", "image"),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": _named("Firehose to S3", "stream"),
    "aws:lambda/function:Function": _functions,
    "aws:sqs/queue:Queue": _named("SQS", "queue"),
    "aws:backup/plan:Plan": _named("AWS Backup", "plan"),
    "aws:cfg/rule:Rule": _named("AWS Config", "rule"),
    "aws:appconfig/application:Application": _named("AppConfig"),
    "aws:ssm/document:Document": _named("Systems Manager", "runbook"),
    "aws:cloudwatch/dashboard:Dashboard": _named("CloudWatch", "dashboard"),
    "aws:sns/topic:Topic": _named("SNS", "topic"),
    "aws:xray/samplingRule:SamplingRule": _named("X-Ray", "sampling rule"),
    "aws:route53/healthCheck:HealthCheck": _named("Route 53", "health check"),
    "aws:route53/cidrCollection:CidrCollection": _named("Route 53 by address"),
    "aws:ec2/vpc:Vpc": _named("VPC"),
    "aws:s3/bucket:Bucket": _named("S3", "bucket"),
    "aws:route53/zone:Zone": _named("Route 53", "zone"),
    "aws:wafv2/webAcl:WebAcl": _named("AWS WAF"),
    "aws:kms/key:Key": _named("KMS", "key"),
    "aws:acm/certificate:Certificate": _named("ACM", "certificate"),
    "aws:budgets/budget:Budget": _named("AWS Budgets", "budget"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _named("CloudWatch", "alarm"),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": _named("CloudWatch", "composite alarm"),
    "aws:s3/bucketObject:BucketObject": _named("S3", "file"),
    "aws:eks/accessEntry:AccessEntry": _named("EKS access"),
    "aws:cloudfront/function:Function": _named("CloudFront function"),
}
"""The most telling kinds first."""
