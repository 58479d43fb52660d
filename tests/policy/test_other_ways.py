"""Other ways to break a rule than its mutation, and what looks broken but is not."""

import pytest

from policy.rules import RULES
from tests.policy.world import Json, Judge, Made, Ref, world

BALANCER, LISTENER = "aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener"
BUCKET, BUCKET_POLICY = "aws:s3/bucket:Bucket", "aws:s3/bucketPolicy:BucketPolicy"
CERTIFICATE, ALARM = "aws:acm/certificate:Certificate", "aws:cloudwatch/metricAlarm:MetricAlarm"
QUEUE, VOLUME = "aws:sqs/queue:Queue", "aws:ebs/volume:Volume"
DEPLOYMENT, SCALER = "kubernetes:apps/v1:Deployment", "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
NAMESPACE, NETWORK_POLICY = (
    "kubernetes:core/v1:Namespace",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy",
)
SERVICE = "kubernetes:core/v1:Service"
ON_BALANCER = "service.beta.kubernetes.io/aws-load-balancer-"


def network_balancer(protocol):
    listens = {"loadBalancerArn": Ref(BALANCER, "it"), "protocol": protocol}
    return [Made(BALANCER, "it", {"loadBalancerType": "network"}), Made(LISTENER, "it", listens)]


def log_bucket(service):
    said = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "s3:PutObject", "Resource": "*"}
    lets = {"bucket": Ref(BUCKET, "it", "id"), "policy": Json({"Statement": [said]})}
    return [Made(BUCKET, "it"), Made(BUCKET_POLICY, "it", lets)]


def imported(metric):
    looks = {"metricName": metric, "dimensions": {"CertificateArn": Ref(CERTIFICATE, "it")}}
    return [Made(CERTIFICATE, "it", {"certificateBody": "-----BEGIN"}), Made(ALARM, "it", looks)]


def queue(metric):
    asked = {"metric": {"metricName": metric, "dimensions": {"QueueName": Ref(QUEUE, "it", "name")}}}
    aside = '{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:aside"}'
    return [Made(QUEUE, "it", {"redrivePolicy": aside}), Made(ALARM, "it", {"metricQueries": [asked]})]


def scaled(least):
    target = {"kind": "Deployment", "name": "it"}
    scaler = {"metadata": {"namespace": "shop"}, "spec": {"minReplicas": least, "scaleTargetRef": target}}
    one = {"metadata": {"namespace": "shop", "name": "it"}, "spec": {"template": {"spec": {}}}}
    return [Made(DEPLOYMENT, "it", one), Made(SCALER, "it", scaler)]


def closed(*policies):
    found = [
        Made(NETWORK_POLICY, f"it-{n}", {"metadata": {"namespace": "it"}, "spec": {"podSelector": {}, **one}})
        for n, one in enumerate(policies)
    ]
    return [Made(NAMESPACE, "it", {"metadata": {"name": "it"}}), *found]


def door(annotations, **spec):
    asked = {"metadata": {"annotations": annotations}, "spec": {"type": "LoadBalancer", **spec}}
    return [Made(SERVICE, "it", asked)]


def pods(type, path, *containers):
    *steps, last = path.split(".")
    inner = {last: {"containers": [{"name": "main", **one} for one in containers]}}
    for step in reversed(steps):
        inner = {step: inner}
    return [Made(type, "it", inner)]


CRON_JOB = ("kubernetes:batch/v1:CronJob", "spec.jobTemplate.spec.template.spec")
POD = ("kubernetes:core/v1:Pod", "spec")
BOTH_WAYS = ["Ingress", "Egress"]


@pytest.mark.parametrize(
    ("rule", "breaks", "made"),
    [
        ("each_load_balancer_keeps_its_access_log", True, network_balancer("TLS")),
        ("each_load_balancer_keeps_its_access_log", False, network_balancer("TCP")),
        ("each_bucket_keeps_its_access_log", True, log_bucket("cloudtrail.amazonaws.com")),
        ("each_bucket_keeps_its_access_log", False, log_bucket("logging.s3.amazonaws.com")),
        ("a_certificate_renews_itself_or_alarms", True, imported("Connections")),
        ("a_certificate_renews_itself_or_alarms", False, imported("DaysToExpiry")),
        ("each_queue_alarms_when_messages_grow_old", True, queue("NumberOfMessagesSent")),
        ("each_queue_alarms_when_messages_grow_old", False, queue("ApproximateAgeOfOldestMessage")),
        ("a_workload_is_more_than_one_pod", True, scaled(1)),
        ("a_workload_is_more_than_one_pod", False, scaled(3)),
        ("each_workload_has_a_disruption_budget", True, scaled(3)),
        ("each_namespace_is_closed_first", True, closed()),
        ("each_namespace_is_closed_first", True, closed({"policyTypes": BOTH_WAYS, "egress": [{}]})),
        ("each_namespace_is_closed_first", True, closed({"policyTypes": BOTH_WAYS, "ingress": [{}]})),
        ("each_namespace_is_closed_first", False, closed(*({"policyTypes": [way]} for way in BOTH_WAYS))),
        ("no_service_is_a_public_door", True, door({})),
        ("no_service_is_a_public_door", False, door({f"{ON_BALANCER}scheme": "internal"})),
        ("no_service_is_a_public_door", False, door({}, loadBalancerClass="eks.amazonaws.com/nlb")),
        ("an_image_has_a_version", True, pods(*CRON_JOB, {"image": "localhost:5000/cart"})),
        ("an_image_has_a_version", False, pods(*POD, {"image": "redis@sha256:0123"})),
        ("an_image_comes_from_a_known_registry", False, pods(*POD, {"image": "library/redis:8.0"})),
        ("no_secret_is_written_in_a_pod", False, pods(*POD, {"env": [{"name": "TOKEN", "valueFrom": {}}]})),
        ("a_volume_is_not_of_the_old_kind", True, [Made(VOLUME, "it")]),
        ("a_volume_is_not_of_the_old_kind", False, [Made(VOLUME, "it", {"type": "io2"})]),
        (
            "a_machine_runs_on_graviton",
            False,
            [
                Made(
                    "aws:opensearch/domain:Domain",
                    "it",
                    {"clusterConfig": {"instanceType": "t3.small.search"}},
                )
            ],
        ),
        (
            "a_machine_is_of_this_generation",
            True,
            [Made("aws:rds/instance:Instance", "it", {"instanceClass": "db.m4.large"})],
        ),
    ],
)
def test_it_breaks_where_it_should_and_nowhere_else(rule, breaks, made):
    said, _ = Judge([one for one in RULES if one.name == rule])(world(made))
    assert {name for name, _, _ in said} == ({rule} if breaks else set())
