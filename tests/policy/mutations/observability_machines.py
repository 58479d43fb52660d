"""What runs in the world, and what breaks each rule about its telling how it fares."""

from tests.policy.world import Made, Ref, change

TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
GROUP = "aws:autoscaling/group:Group"
RDS_CLUSTER = "aws:rds/cluster:Cluster"
RDS_MEMBER = "aws:rds/clusterInstance:ClusterInstance"
KAFKA = "aws:msk/cluster:Cluster"
SUBNET = "aws:ec2/subnet:Subnet"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
TAGS = {"owner": "shop", "stack": "shop-prod"}

WORLD = [
    *(
        Made(
            RDS_MEMBER,
            f"books-{n}",
            {
                "clusterIdentifier": Ref(RDS_CLUSTER, "books", "id"),
                "instanceClass": "db.r7g.large",
                "performanceInsightsEnabled": True,
                "publiclyAccessible": False,
                "copyTagsToSnapshot": True,
                "autoMinorVersionUpgrade": True,
                "tags": TAGS,
            },
        )
        for n in range(2)
    ),
    Made(
        KAFKA,
        "events",
        {
            "numberOfBrokerNodes": 3,
            "brokerNodeGroupInfo": {
                "instanceType": "kafka.m7g.large",
                "clientSubnets": [Ref(SUBNET, f"net-{zone}", "id") for zone in "abc"],
                "connectivityInfo": {"publicAccess": {"type": "DISABLED"}},
            },
            "encryptionInfo": {
                "encryptionInTransit": {"clientBroker": "TLS", "inCluster": True},
                "encryptionAtRestKmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/events",
            },
            "clientAuthentication": {"sasl": {"iam": True}, "unauthenticated": False},
            "enhancedMonitoring": "PER_TOPIC_PER_BROKER",
            "loggingInfo": {
                "brokerLogs": {"cloudwatchLogs": {"enabled": True, "logGroup": Ref(LOG_GROUP, "pay", "name")}}
            },
            "tags": TAGS,
        },
        protect=True,
    ),
]

MUTATIONS = {
    "a_machine_is_measured_every_minute": change(TEMPLATE, "web", "monitoring.enabled", False),
    "a_group_publishes_how_many_it_has": change(GROUP, "web", "enabledMetrics", None),
    "a_database_tells_what_it_waits_for": change(RDS_MEMBER, "books-0", "performanceInsightsEnabled", False),
    "what_starts_others_is_traced": change(
        "aws:sfn/stateMachine:StateMachine", "film", "tracingConfiguration.enabled", False
    ),
    "a_kafka_cluster_tells_of_each_topic": change(KAFKA, "events", "enhancedMonitoring", "PER_BROKER"),
}
