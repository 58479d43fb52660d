"""What runs tells how it fares, in time and in detail."""

from policy.resource import Resource
from policy.rule import LOW, Complaints, rule

TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
INSTANCE = "aws:ec2/instance:Instance"
GROUP = "aws:autoscaling/group:Group"
DATABASES = ("aws:rds/instance:Instance", "aws:rds/clusterInstance:ClusterInstance")
KAFKA = "aws:msk/cluster:Cluster"
TRACED = {
    "aws:apigateway/stage:Stage": "xrayTracingEnabled",
    "aws:sfn/stateMachine:StateMachine": "tracingConfiguration.enabled",
}
"""What starts others, and the property by which it hands its trace on."""


@rule(
    (TEMPLATE, INSTANCE),
    severity=LOW,
    frameworks=("CKV_AWS_126", "AwsSolutions-EC28"),
    mend="set monitoring.enabled of a launch template, monitoring of an instance, to true",
    url="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/manage-detailed-monitoring.html",
    remediate=lambda machine: {"monitoring": {"enabled": True} if machine.type == TEMPLATE else True},
)
def a_machine_is_measured_every_minute(machine: Resource) -> Complaints:
    """Measured every five minutes, scaling and alarms are five minutes late."""
    if not machine["monitoring.enabled" if machine.type == TEMPLATE else "monitoring"]:
        yield "is measured every five minutes only"


@rule(
    GROUP,
    severity=LOW,
    frameworks=("WA REL06-BP01",),
    mend="set enabledMetrics, GroupInServiceInstances and GroupDesiredCapacity at least; they are free",
    url="https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html",
)
def a_group_publishes_how_many_it_has(group: Resource) -> Complaints:
    """A group that cannot start machines says so nowhere else."""
    if (group["maxSize"] or 0) > 1 and "GroupInServiceInstances" not in group.many("enabledMetrics"):
        yield "does not publish how many machines serve"


@rule(
    DATABASES,
    severity=LOW,
    frameworks=("CKV_AWS_353",),
    mend="set performanceInsightsEnabled to true; seven days of it are free",
    url="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PerfInsights.Overview.html",
)
def a_database_tells_what_it_waits_for(database: Resource) -> Complaints:
    """Which statement a database is busy with cannot be asked once it is too busy to answer."""
    small = str(database["instanceClass"]).startswith("db.t")  # MySQL's cannot
    if not small and not database["performanceInsightsEnabled"]:
        yield "does not tell what it waits for"


@rule(
    KAFKA,
    severity=LOW,
    frameworks=("FSBP MSK.2",),
    mend="set enhancedMonitoring to PER_TOPIC_PER_BROKER or PER_TOPIC_PER_PARTITION",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/msk-controls.html#msk-2",
)
def a_kafka_cluster_tells_of_each_topic(cluster: Resource) -> Complaints:
    """Of a broker's sum alone nobody can tell which topic is late."""
    if not str(cluster["enhancedMonitoring"]).startswith("PER_TOPIC"):
        yield "does not tell of its topics"


@rule(
    TRACED,
    severity=LOW,
    frameworks=("CKV_AWS_284", "AwsSolutions-SF2", "FSBP APIGateway.3", "CKV_AWS_73"),
    mend="set tracingConfiguration.enabled of a state machine, xrayTracingEnabled of a stage, to true",
    url="https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html",
)
def what_starts_others_is_traced(starter: Resource) -> Complaints:
    """Where the trace begins late, nobody sees which of the many that were started was slow."""
    if not starter[TRACED[starter.type]]:
        yield "leaves no trace of what it starts"
