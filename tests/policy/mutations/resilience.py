"""Groups and queues of the world, and what breaks each rule about surviving."""

from tests.policy.world import Json, Made, Ref, change, remove

QUEUE = "aws:sqs/queue:Queue"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
TOPIC = "aws:sns/topic:Topic"
GROUP = "aws:autoscaling/group:Group"
SUBNET = "aws:ec2/subnet:Subnet"
NAT_GATEWAY = "aws:ec2/natGateway:NatGateway"
VPC = "aws:ec2/vpc:Vpc"
TAGS = {"owner": "shop", "stack": "shop-prod"}
TARGETS = "aws:lb/targetGroup:TargetGroup"
SCALING = "aws:autoscaling/policy:Policy"
HOOK = "aws:autoscaling/lifecycleHook:LifecycleHook"
GROUP_TAGS = [{"key": key, "value": value, "propagateAtLaunch": True} for key, value in TAGS.items()]


def tracking(percent):
    of = {"predefinedMetricSpecification": {"predefinedMetricType": "ASGAverageCPUUtilization"}}
    return {
        "policyType": "TargetTrackingScaling",
        "targetTrackingConfiguration": {**of, "targetValue": percent},
    }


WORLD = [
    Made(TOPIC, "alerts", {"kmsMasterKeyId": "arn:aws:kms:us-east-1:123456789012:key/alerts", "tags": TAGS}),
    Made(QUEUE, "aside", {"sqsManagedSseEnabled": True, "tags": TAGS}),
    Made(
        QUEUE,
        "orders",
        {
            "sqsManagedSseEnabled": True,
            "redrivePolicy": Json({"deadLetterTargetArn": Ref(QUEUE, "aside"), "maxReceiveCount": 5}),
            "tags": TAGS,
        },
    ),
    Made(
        ALARM,
        "aside",
        {
            "metricName": "ApproximateNumberOfMessagesVisible",
            "dimensions": {"QueueName": Ref(QUEUE, "aside", "name")},
            "alarmActions": [Ref(TOPIC, "alerts")],
            "treatMissingData": "notBreaching",
            "tags": TAGS,
        },
    ),
    Made(
        GROUP,
        "web",
        {
            "vpcZoneIdentifiers": [Ref(SUBNET, f"net-{zone}", "id") for zone in "abc"],
            "minSize": 3,
            "maxSize": 9,
            "enabledMetrics": ["GroupInServiceInstances", "GroupDesiredCapacity"],
            "targetGroupArns": [Ref(TARGETS, "web")],
            "healthCheckType": "ELB",
            "healthCheckGracePeriod": 300,
            "tags": GROUP_TAGS,
        },
    ),
    Made(SCALING, "web", {"autoscalingGroupName": Ref(GROUP, "web", "name"), **tracking(50)}),
    Made(
        HOOK,
        "web",
        {
            "autoscalingGroupName": Ref(GROUP, "web", "name"),
            "lifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
            "heartbeatTimeout": 900,
            "defaultResult": "CONTINUE",
        },
    ),
]

MUTATIONS = {
    "each_queue_puts_aside_what_fails_and_alarms": remove(ALARM, "aside", blame=(QUEUE, "aside")),
    "a_group_spans_zones": change(GROUP, "web", "vpcZoneIdentifiers", [Ref(SUBNET, "net-a", "id")]),
    "a_group_carries_a_lost_zone": change(
        SCALING, "web", "targetTrackingConfiguration.targetValue", 80, blame=(GROUP, "web")
    ),
    "a_group_behind_a_balancer_asks_it_who_is_well": change(GROUP, "web", "healthCheckType", "EC2"),
    "a_lifecycle_hook_ends_by_itself": change(HOOK, "web", "defaultResult", None),
    "what_serves_spans_zones": change(
        "aws:lb/loadBalancer:LoadBalancer", "inner", "subnets", [Ref(SUBNET, "net-a", "id")]
    ),
    "each_zone_has_its_own_way_out": remove(NAT_GATEWAY, "net-b", blame=(VPC, "net")),
}
