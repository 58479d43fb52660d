"""Who asked what of whom is written down, and can be read afterwards."""

from policy.documents import statements
from policy.resource import Resource, Stack, at
from policy.rule import HIGH, LOW, MEDIUM, Complaints, rule

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
DELIVERY = "aws:cloudwatch/logDeliverySource:LogDeliverySource"
BUCKET = "aws:s3/bucket:Bucket"
BUCKET_LOGGING = "aws:s3/bucketLogging:BucketLogging"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
STAGES = ("aws:apigateway/stage:Stage", "aws:apigatewayv2/stage:Stage")
DATABASES = ("aws:rds/cluster:Cluster", "aws:rds/instance:Instance")
KAFKA = "aws:msk/cluster:Cluster"
SEARCH = "aws:opensearch/domain:Domain"
WAREHOUSE = "aws:redshift/cluster:Cluster"
WAREHOUSE_LOG = "aws:redshift/logging:Logging"
STATE_MACHINE = "aws:sfn/stateMachine:StateMachine"
BUILD = "aws:codebuild/project:Project"
ZONE = "aws:route53/zone:Zone"
QUERY_LOG = "aws:route53/queryLog:QueryLog"
TRAIL = "aws:cloudtrail/trail:Trail"

SECURITY_HUB = "https://docs.aws.amazon.com/securityhub/latest/userguide"
LOG_WRITERS = {"Service:logging.s3.amazonaws.com", "Service:delivery.logs.amazonaws.com"}


@rule(
    BALANCER,
    severity=MEDIUM,
    frameworks=("FSBP ELB.5", "CKV_AWS_91", "AwsSolutions-ELB2"),
    mend="set accessLogs.enabled, and accessLogs.bucket to a bucket that the balancer may write to",
    url=f"{SECURITY_HUB}/elb-controls.html#elb-5",
)
def each_load_balancer_keeps_its_access_log(balancer: Resource, stack: Stack) -> Complaints:
    """Requests that no server answered are in no log but the balancer's."""
    listeners = stack.users(balancer, "loadBalancerArn", LISTENER)
    # A network balancer logs what it decrypts only.
    can = balancer.given("loadBalancerType") in (None, "application") or any(
        one["protocol"] == "TLS" for one in listeners
    )
    if can and not balancer.given("accessLogs.enabled"):
        yield "keeps no access log"


@rule(
    DISTRIBUTION,
    severity=MEDIUM,
    frameworks=("FSBP CloudFront.5", "CKV_AWS_86", "AwsSolutions-CFR3"),
    mend="set loggingConfig.bucket, or add an aws.cloudwatch.LogDeliverySource of the distribution",
    url=f"{SECURITY_HUB}/cloudfront-controls.html#cloudfront-5",
)
def each_distribution_keeps_its_access_log(distribution: Resource, stack: Stack) -> Complaints:
    """What is answered from the edge is seen by nobody behind it."""
    if not distribution.given("loggingConfig") and not stack.users(distribution, "resourceArn", DELIVERY):
        yield "keeps no access log"


@rule(
    BUCKET,
    severity=MEDIUM,
    frameworks=("FSBP S3.9", "CKV_AWS_18", "AwsSolutions-S1"),
    mend="add an aws.s3.BucketLogging to a bucket of logs",
    url=f"{SECURITY_HUB}/s3-controls.html#s3-9",
)
def each_bucket_keeps_its_access_log(bucket: Resource, stack: Stack) -> Complaints:
    """Whether a leaked key was used to read is asked of this log first; a bucket of logs needs none."""
    if not stack.users(bucket, "bucket", BUCKET_LOGGING) and not _takes_logs(bucket, stack):
        yield "keeps no access log"


@rule(
    STAGES,
    severity=MEDIUM,
    frameworks=("FSBP APIGateway.9", "FSBP APIGateway.1", "CKV_AWS_76", "AwsSolutions-APIG1"),
    mend="set accessLogSettings.destinationArn to a log group, and its format",
    url=f"{SECURITY_HUB}/apigateway-controls.html#apigateway-9",
)
def each_api_keeps_its_access_log(stage: Resource) -> Complaints:
    """Requests that the gateway refuses reach no program that could log them."""
    if not stage["accessLogSettings"]:
        yield "keeps no access log"


@rule(
    DATABASES,
    severity=MEDIUM,
    frameworks=("FSBP RDS.9", "FSBP RDS.34", "FSBP RDS.37", "CKV_AWS_129", "CKV_AWS_324"),
    mend="set enabledCloudwatchLogsExports to the logs of its engine",
    url=f"{SECURITY_HUB}/rds-controls.html#rds-9",
)
def a_database_hands_out_its_logs(database: Resource) -> Complaints:
    """A log that stays on the database's disk is lost with it."""
    if not database["enabledCloudwatchLogsExports"]:
        yield "keeps its logs to itself"


@rule(
    KAFKA,
    severity=MEDIUM,
    frameworks=("CKV_AWS_80", "AwsSolutions-MSK6"),
    mend="set loggingInfo.brokerLogs to CloudWatch Logs, Firehose or S3",
    url="https://docs.aws.amazon.com/msk/latest/developerguide/msk-logging.html",
)
def a_kafka_cluster_hands_out_its_logs(cluster: Resource) -> Complaints:
    """Brokers cannot be logged in to; why one left is in this log or nowhere."""
    logs = cluster["loggingInfo.brokerLogs"] or {}
    if not any(at(logs, f"{to}.enabled") for to in ("cloudwatchLogs", "firehose", "s3")):
        yield "keeps its brokers' logs to itself"


@rule(
    SEARCH,
    severity=MEDIUM,
    frameworks=("FSBP Opensearch.4", "CKV_AWS_84", "AwsSolutions-OS9"),
    mend="give logPublishingOptions a log group for ES_APPLICATION_LOGS and for both kinds of slow log",
    url=f"{SECURITY_HUB}/opensearch-controls.html#opensearch-4",
    parameters={
        "logs": {
            "type": "array",
            "items": {"type": "string"},
            "default": ["ES_APPLICATION_LOGS", "INDEX_SLOW_LOGS", "SEARCH_SLOW_LOGS"],
        }
    },
)
def a_search_domain_hands_out_its_logs(domain: Resource, logs: list[str]) -> Complaints:
    """Which query brought the domain down is in its slow logs, which are off by default."""
    kept = {
        one.get("logType") for one in domain.many("logPublishingOptions") if one.get("enabled") is not False
    }
    if missing := [one for one in logs if one not in kept]:
        yield f"does not hand out {', '.join(missing)}"


@rule(
    WAREHOUSE,
    severity=MEDIUM,
    frameworks=("FSBP Redshift.4", "CKV_AWS_71", "AwsSolutions-RS5"),
    mend="add an aws.redshift.Logging",
    url=f"{SECURITY_HUB}/redshift-controls.html#redshift-4",
)
def each_warehouse_keeps_its_audit_log(warehouse: Resource, stack: Stack) -> Complaints:
    """Who read what out of all that a company knows is asked sooner or later."""
    if not stack.users(warehouse, "clusterIdentifier", WAREHOUSE_LOG):
        yield "keeps no audit log"


@rule(
    STATE_MACHINE,
    severity=MEDIUM,
    frameworks=("FSBP StepFunctions.1", "CKV_AWS_285", "AwsSolutions-SF1"),
    mend="set loggingConfiguration with a log group and the level ALL or ERROR",
    url=f"{SECURITY_HUB}/stepfunctions-controls.html#stepfunctions-1",
)
def a_state_machine_keeps_its_history(machine: Resource) -> Complaints:
    """Step Functions forgets an execution after 90 days, an express one at once."""
    if machine["loggingConfiguration.level"] in (None, "OFF"):
        yield "keeps no history"


@rule(
    BUILD,
    severity=LOW,
    frameworks=("FSBP CodeBuild.4", "CKV_AWS_314"),
    mend="set logsConfig to a log group of the stack, or to a bucket",
    url=f"{SECURITY_HUB}/codebuild-controls.html#codebuild-4",
)
def a_build_keeps_its_log(build: Resource) -> Complaints:
    """A log of CodeBuild's own making keeps for ever and belongs to nobody; with none nobody sees why."""
    logs = (build["logsConfig.cloudwatchLogs"], build["logsConfig.s3Logs"])
    if not any(one and one.get("status") != "DISABLED" for one in logs):
        yield "declares no log"


@rule(
    ZONE,
    severity=LOW,
    frameworks=("FSBP Route53.2", "CKV2_AWS_39"),
    mend="add an aws.route53.QueryLog with a log group in us-east-1",
    url=f"{SECURITY_HUB}/route53-controls.html#route53-2",
)
def each_public_zone_keeps_its_queries(zone: Resource, stack: Stack) -> Complaints:
    """That somebody searches for forgotten names, or that one is asked for no more, shows here first."""
    if not zone.given("vpcs") and not stack.users(zone, "zoneId", QUERY_LOG):
        yield "keeps no log of its queries"


@rule(
    TRAIL,
    severity=HIGH,
    frameworks=("CIS 3.1", "CIS 3.2", "FSBP CloudTrail.1", "FSBP CloudTrail.4", "CKV_AWS_67", "CKV_AWS_36"),
    mend="set isMultiRegionTrail and enableLogFileValidation to true, and leave enableLogging so",
    url=f"{SECURITY_HUB}/cloudtrail-controls.html#cloudtrail-1",
    remediate=lambda trail: {
        "isMultiRegionTrail": True,
        "enableLogFileValidation": True,
        "enableLogging": True,
    },
)
def a_trail_covers_every_region_and_proves_itself(trail: Resource) -> Complaints:
    """An intruder works in the region that nobody uses, and then mends the log."""
    if not trail["isMultiRegionTrail"]:
        yield "covers one region only"
    if not trail["enableLogFileValidation"]:
        yield "cannot prove that its files were not changed"
    if trail["enableLogging"] is False:
        yield "is switched off"


def _takes_logs(bucket: Resource, stack: Stack) -> bool:
    """Whether others of the stack log to it, or its policy lets AWS's writers of logs in."""
    if stack.users(bucket, "targetBucket", BUCKET_LOGGING):
        return True
    policies = [one.document("policy") for one in stack.users(bucket, "bucket", BUCKET_POLICY)]
    writers = {who for policy in policies for one in statements(policy) for who in one.principals}
    return not writers.isdisjoint(LOG_WRITERS)
