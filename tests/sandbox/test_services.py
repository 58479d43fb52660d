"""The smaller services: keys, messages, secrets, images, names, backups, alarms, functions."""

import json

import pulumi
import pulumi_aws as aws
import pytest

from fourplane.errors import Mistake
from tests.sandbox.machines import REGION

POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
    }
)


def role() -> aws.iam.Role:
    return aws.iam.Role("it", assume_role_policy={"Version": "2012-10-17", "Statement": []})


def test_a_key_rotates_and_has_a_name_and_a_copy(deploy, cloud):
    def program():
        key = aws.kms.Key("it", enable_key_rotation=True, multi_region=True)
        aws.kms.Alias("it", name="alias/it", target_key_id=key.id)
        aws.kms.ReplicaKey("it", primary_key_arn=key.arn, region="us-west-2")

    id = deploy(program).one("aws:kms/key:Key").id
    kms = cloud.client("kms", REGION)
    assert kms.get_key_rotation_status(KeyId=id)["KeyRotationEnabled"]
    assert kms.describe_key(KeyId="alias/it")["KeyMetadata"]["KeyId"] == id
    assert cloud.client("kms", "us-west-2").describe_key(KeyId=id)["KeyMetadata"]["KeyId"] == id


def test_a_topic_reaches_a_queue(deploy, cloud):
    def program():
        topic, queue = aws.sns.Topic("it"), aws.sqs.Queue("it", visibility_timeout_seconds=60)
        aws.sns.TopicPolicy("it", arn=topic.arn, policy=POLICY)
        aws.sqs.QueuePolicy("it", queue_url=queue.url, policy=POLICY)
        aws.sns.TopicSubscription(
            "it", topic=topic.arn, protocol="sqs", endpoint=queue.arn, raw_message_delivery=True
        )

    graph = deploy(program)
    cloud.client("sns", REGION).publish(TopicArn=graph.one("aws:sns/topic:Topic").id, Message="hello")
    received = cloud.client("sqs", REGION).receive_message(QueueUrl=graph.one("aws:sqs/queue:Queue").id)
    assert received["Messages"][0]["Body"] == "hello"


def test_a_queue_keeps_its_settings(deploy, cloud):
    graph = deploy(
        lambda: aws.sqs.Queue("it", fifo_queue=True, message_retention_seconds=60, delay_seconds=5)
    )
    url = graph.one("aws:sqs/queue:Queue").id
    found = cloud.client("sqs", REGION).get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
        "Attributes"
    ]
    assert url.endswith(".fifo") and (found["MessageRetentionPeriod"], found["DelaySeconds"]) == ("60", "5")


def test_a_secret_is_kept_and_never_shown(deploy, cloud):
    def program():
        secret = aws.secretsmanager.Secret("it", description="it", tags={"Tier": "state"})
        value = pulumi.Output.secret("correct horse")
        aws.secretsmanager.SecretVersion("it", secret_id=secret.id, secret_string=value)

    graph = deploy(program)
    id = graph.one("aws:secretsmanager/secret:Secret").id
    assert (
        cloud.client("secretsmanager", REGION).get_secret_value(SecretId=id)["SecretString"]
        == "correct horse"
    )
    assert "correct horse" not in json.dumps(graph.as_json())


def test_an_image_repository_scans_and_forgets(deploy, cloud):
    many = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 3}
    text = json.dumps({"rules": [{"rulePriority": 1, "selection": many, "action": {"type": "expire"}}]})

    def program():
        scan = {"scan_on_push": True}
        made = aws.ecr.Repository("it", image_scanning_configuration=scan, image_tag_mutability="IMMUTABLE")
        aws.ecr.LifecyclePolicy("it", repository=made.name, policy=text)

    name = deploy(program).one("aws:ecr/repository:Repository").id
    ecr = cloud.client("ecr", REGION)
    found = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    assert found["imageScanningConfiguration"]["scanOnPush"] and found["imageTagMutability"] == "IMMUTABLE"
    assert json.loads(ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]) == json.loads(
        text
    )


def test_an_image_cache_is_simulated(deploy):
    def program():
        aws.ecr.PullThroughCacheRule(
            "it", ecr_repository_prefix="hub", upstream_registry_url="registry-1.docker.io"
        )
        aws.ecr.RepositoryCreationTemplate("it", prefix="hub", applied_fors=["PULL_THROUGH_CACHE"])

    graph = deploy(program)
    assert all(resource.simulated for resource in graph.values()) and len(graph) == 2


def test_a_certificate_is_proven_by_the_records_it_asks_for(deploy, cloud):
    def program():
        zone = aws.route53.Zone("it", name="example.com")
        certificate = aws.acm.Certificate("it", domain_name="example.com", validation_method="DNS")
        proof = certificate.domain_validation_options[0]
        record = aws.route53.Record(
            "it",
            zone_id=zone.id,
            name=proof.resource_record_name,
            type=proof.resource_record_type,
            records=[proof.resource_record_value],
            ttl=60,
        )
        aws.acm.CertificateValidation(
            "it", certificate_arn=certificate.arn, validation_record_fqdns=[record.fqdn]
        )

    graph = deploy(program)
    zone = graph.one("aws:route53/zone:Zone").id
    found = cloud.client("route53", REGION).list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert next(r["Name"] for r in found if r["Type"] == "CNAME").startswith("_")


def test_a_name_fails_over_when_its_health_check_does(deploy, cloud):
    def program():
        zone = aws.route53.Zone("it", name="example.com", tags={"Tier": "edge"})
        check = aws.route53.HealthCheck(
            "it", type="HTTPS", fqdn="a.example.com", port=443, failure_threshold=3
        )
        alias = {
            "name": "lb.us-east-1.elb.amazonaws.com",
            "zone_id": "Z35SXDOTRQ7X7K",
            "evaluate_target_health": True,
        }
        aws.route53.Record(
            "it",
            zone_id=zone.id,
            name="www",
            type="A",
            set_identifier="first",
            failover_routing_policies=[{"type": "PRIMARY"}],
            health_check_id=check.id,
            aliases=[alias],
        )

    graph = deploy(program)
    zone = graph.one("aws:route53/zone:Zone").id
    found = cloud.client("route53", REGION).list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    record = next(r for r in found if r["Type"] == "A")
    assert (record["Name"], record["Failover"]) == ("www.example.com.", "PRIMARY")
    assert record["HealthCheckId"] == graph.one("aws:route53/healthCheck:HealthCheck").id
    assert record["AliasTarget"]["EvaluateTargetHealth"]


def test_a_backup_plan_keeps_its_rules(deploy, cloud):
    def program():
        vault = aws.backup.Vault("it")
        rule = {"rule_name": "daily", "target_vault_name": vault.name, "schedule": "cron(0 5 * * ? *)"}
        plan = aws.backup.Plan("it", rules=[{**rule, "lifecycle": {"delete_after": 35}}])
        tag = {"type": "STRINGEQUALS", "key": "Backup", "value": "daily"}
        aws.backup.Selection("it", plan_id=plan.id, iam_role_arn=role().arn, selection_tags=[tag])

    graph = deploy(program)
    id = graph.one("aws:backup/plan:Plan").id
    rule = cloud.client("backup", REGION).get_backup_plan(BackupPlanId=id)["BackupPlan"]["Rules"][0]
    assert rule["Lifecycle"]["DeleteAfterDays"] == 35 and rule["ScheduleExpression"] == "cron(0 5 * * ? *)"
    assert graph.one("aws:backup/selection:Selection").simulated


def snapshots(unit: str) -> None:
    rule = {
        "name": "daily",
        "create_rule": {"interval": 24, "interval_unit": unit},
        "retain_rule": {"count": 7},
    }
    details = {"resource_types": ["VOLUME"], "target_tags": {"Backup": "daily"}, "schedules": [rule]}
    aws.dlm.LifecyclePolicy("it", description="it", execution_role_arn=role().arn, policy_details=details)


def test_snapshots_on_a_schedule_are_checked_and_simulated(deploy):
    assert deploy(lambda: snapshots("HOURS")).one("aws:dlm/lifecyclePolicy:LifecyclePolicy").simulated


def test_rejects_a_snapshot_schedule_that_aws_would_refuse(deploy):
    with pytest.raises(Mistake, match="IntervalUnit must be one of HOURS, got 'HOUR'"):
        deploy(lambda: snapshots("HOUR"))


def test_a_log_group_forgets_and_counts(deploy, cloud):
    def program():
        group = aws.cloudwatch.LogGroup("it", retention_in_days=7, tags={"Tier": "control"})
        change = {"name": "errors", "namespace": "it", "value": "1"}
        aws.cloudwatch.LogMetricFilter(
            "it", log_group_name=group.name, pattern="ERROR", metric_transformation=change
        )

    deploy(program)
    logs = cloud.client("logs", REGION)
    assert logs.describe_log_groups()["logGroups"][0]["retentionInDays"] == 7
    assert (
        logs.describe_metric_filters()["metricFilters"][0]["metricTransformations"][0]["metricName"]
        == "errors"
    )


def test_an_alarm_may_watch_an_expression(deploy, cloud):
    metric = {
        "metric_name": "Errors",
        "namespace": "it",
        "period": 60,
        "stat": "Sum",
        "dimensions": {"Service": "web"},
    }
    deploy(
        lambda: aws.cloudwatch.MetricAlarm(
            "it",
            comparison_operator="GreaterThanThreshold",
            evaluation_periods=2,
            threshold=5,
            metric_queries=[
                {"id": "rate", "expression": "errors / 60", "return_data": True},
                {"id": "errors", "metric": metric},
            ],
        )
    )
    found = cloud.client("cloudwatch", REGION).describe_alarms()["MetricAlarms"][0]
    assert found["Metrics"][0]["Expression"] == "errors / 60"
    stat = found["Metrics"][1]["MetricStat"]
    assert (stat["Period"], stat["Metric"]["Dimensions"]) == (60, [{"Name": "Service", "Value": "web"}])


def test_an_alarm_of_alarms_is_simulated(deploy):
    graph = deploy(lambda: aws.cloudwatch.CompositeAlarm("it", alarm_name="it", alarm_rule="ALARM(a)"))
    assert graph.one("aws:cloudwatch/compositeAlarm:CompositeAlarm").simulated


def test_a_function_is_called_on_a_schedule(deploy, cloud):
    def program():
        code = pulumi.AssetArchive({"h.py": pulumi.StringAsset("def handler(event, context): ...")})
        function = aws.lambda_.Function(
            "it",
            role=role().arn,
            runtime="python3.12",
            handler="h.handler",
            code=code,
            timeout=30,
            environment={"variables": {"MODE": "test"}},
            reserved_concurrent_executions=5,
        )
        rule = aws.cloudwatch.EventRule("it", schedule_expression="rate(1 hour)")
        aws.cloudwatch.EventTarget("it", rule=rule.name, arn=function.arn)
        aws.lambda_.Permission(
            "it",
            function=function.name,
            action="lambda:InvokeFunction",
            principal="events.amazonaws.com",
            source_arn=rule.arn,
        )

    graph = deploy(program)
    name = graph.one("aws:lambda/function:Function").id
    found = cloud.client("lambda", REGION).get_function(FunctionName=name)
    assert found["Configuration"]["Environment"]["Variables"] == {"MODE": "test"}
    assert found["Concurrency"]["ReservedConcurrentExecutions"] == 5
    policy = json.loads(cloud.client("lambda", REGION).get_policy(FunctionName=name)["Policy"])
    assert policy["Statement"][0]["Principal"]["Service"] == "events.amazonaws.com"
    rule = graph.one("aws:cloudwatch/eventRule:EventRule").outputs["name"]
    targets = cloud.client("events", REGION).list_targets_by_rule(Rule=rule)["Targets"]
    assert targets[0]["Arn"] == found["Configuration"]["FunctionArn"]
