"""Whatever of the world is asked for something, and what breaks each rule about its log."""

from tests.policy.world import Json, Made, Ref, both, change, remove

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
BUCKET = "aws:s3/bucket:Bucket"
BUCKET_LOGGING = "aws:s3/bucketLogging:BucketLogging"
STAGE = "aws:apigatewayv2/stage:Stage"
RDS_CLUSTER = "aws:rds/cluster:Cluster"
KAFKA = "aws:msk/cluster:Cluster"
SEARCH = "aws:opensearch/domain:Domain"
WAREHOUSE = "aws:redshift/cluster:Cluster"
WAREHOUSE_LOG = "aws:redshift/logging:Logging"
STATE_MACHINE = "aws:sfn/stateMachine:StateMachine"
BUILD = "aws:codebuild/project:Project"
ZONE = "aws:route53/zone:Zone"
QUERY_LOG = "aws:route53/queryLog:QueryLog"
TRAIL = "aws:cloudtrail/trail:Trail"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
SUBNET = "aws:ec2/subnet:Subnet"
TAGS = {"owner": "shop", "stack": "shop-prod"}
SUBNETS = [Ref(SUBNET, f"net-{zone}", "id") for zone in "abc"]
KEY = "arn:aws:kms:us-east-1:123456789012:key/logs"

WORLD = [
    Made(
        BALANCER,
        "inner",
        {
            "internal": True,
            "subnets": SUBNETS,
            "dropInvalidHeaderFields": True,
            "desyncMitigationMode": "strictest",
            "enableDeletionProtection": True,
            "accessLogs": {"enabled": True, "bucket": "logs", "prefix": "inner"},
            "tags": TAGS,
        },
    ),
    Made(
        DISTRIBUTION,
        "pages",
        {
            "enabled": True,
            "webAclId": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/pages",
            "defaultRootObject": "index.html",
            "origins": [
                {
                    "originId": "files",
                    "domainName": "files.s3.us-east-1.amazonaws.com",
                    "originAccessControlId": "E1",
                }
            ],
            "defaultCacheBehavior": {
                "targetOriginId": "files",
                "allowedMethods": ["GET", "HEAD"],
                "viewerProtocolPolicy": "redirect-to-https",
                "compress": True,
            },
            "viewerCertificate": {"cloudfrontDefaultCertificate": True},
            "loggingConfig": {"bucket": "files.s3.us-east-1.amazonaws.com", "prefix": "cdn/"},
            "tags": TAGS,
        },
    ),
    Made(BUCKET_LOGGING, "files", {"bucket": Ref(BUCKET, "files", "id"), "targetBucket": "logs"}),
    Made(
        STAGE,
        "api",
        {"apiId": "api", "accessLogSettings": {"destinationArn": Ref(LOG_GROUP, "pay")}, "tags": TAGS},
    ),
    Made(
        SEARCH,
        "find",
        {
            "engineVersion": "OpenSearch_3.3",
            "clusterConfig": {
                "instanceType": "r7g.large.search",
                "instanceCount": 3,
                "zoneAwarenessEnabled": True,
                "zoneAwarenessConfig": {"availabilityZoneCount": 3},
                "dedicatedMasterEnabled": True,
                "dedicatedMasterType": "m7g.large.search",
                "dedicatedMasterCount": 3,
            },
            "vpcOptions": {"subnetIds": SUBNETS},
            "encryptAtRest": {"enabled": True, "kmsKeyId": KEY},
            "nodeToNodeEncryption": {"enabled": True},
            "domainEndpointOptions": {
                "enforceHttps": True,
                "tlsSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10",
            },
            "logPublishingOptions": [
                {"logType": one, "enabled": True, "cloudwatchLogGroupArn": Ref(LOG_GROUP, "pay")}
                for one in ("ES_APPLICATION_LOGS", "INDEX_SLOW_LOGS", "SEARCH_SLOW_LOGS")
            ],
            "tags": TAGS,
        },
        protect=True,
    ),
    Made(
        WAREHOUSE,
        "facts",
        {
            "clusterIdentifier": "facts",
            "nodeType": "ra3.xlplus",
            "encrypted": True,
            "kmsKeyId": KEY,
            "publiclyAccessible": False,
            "enhancedVpcRouting": True,
            "multiAz": True,
            "automatedSnapshotRetentionPeriod": 14,
            "clusterSubnetGroupName": "facts",
            "finalSnapshotIdentifier": "facts-final",
            "manageMasterPassword": True,
            "tags": TAGS,
        },
        protect=True,
    ),
    Made(
        WAREHOUSE_LOG,
        "facts",
        {
            "clusterIdentifier": Ref(WAREHOUSE, "facts", "clusterIdentifier"),
            "logDestinationType": "cloudwatch",
        },
    ),
    Made(
        STATE_MACHINE,
        "film",
        {
            "loggingConfiguration": {"level": "ALL", "logDestination": Ref(LOG_GROUP, "pay")},
            "tracingConfiguration": {"enabled": True},
            "definition": Json({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}),
            "tags": TAGS,
        },
    ),
    Made(
        BUILD,
        "image",
        {
            "encryptionKey": KEY,
            "artifacts": {"type": "NO_ARTIFACTS"},
            "environment": {"type": "ARM_CONTAINER"},
            "logsConfig": {"cloudwatchLogs": {"groupName": Ref(LOG_GROUP, "pay", "name")}},
            "tags": TAGS,
        },
    ),
    Made(ZONE, "shop", {"name": "shop.example", "tags": TAGS}),
    Made(
        QUERY_LOG,
        "shop",
        {"zoneId": Ref(ZONE, "shop", "id"), "cloudwatchLogGroupArn": Ref(LOG_GROUP, "pay")},
    ),
    Made(
        TRAIL,
        "audit",
        {
            "isMultiRegionTrail": True,
            "enableLogFileValidation": True,
            "kmsKeyId": KEY,
            "s3BucketName": "audit",
            "tags": TAGS,
        },
    ),
]

SILENT = {"cloudwatchLogs": {"enabled": False}}
MUTATIONS = {
    "each_load_balancer_keeps_its_access_log": change(BALANCER, "inner", "accessLogs.enabled", False),
    "each_distribution_keeps_its_access_log": change(DISTRIBUTION, "pages", "loggingConfig", None),
    "each_bucket_keeps_its_access_log": both(
        remove(BUCKET_LOGGING, "others", blame=(BUCKET, "files")),
        remove(BUCKET_LOGGING, "files", blame=(BUCKET, "files")),
    ),
    "each_api_keeps_its_access_log": change(STAGE, "api", "accessLogSettings", None),
    "a_database_hands_out_its_logs": change(RDS_CLUSTER, "books", "enabledCloudwatchLogsExports", []),
    "a_kafka_cluster_hands_out_its_logs": change(KAFKA, "events", "loggingInfo.brokerLogs", SILENT),
    "a_search_domain_hands_out_its_logs": change(SEARCH, "find", "logPublishingOptions.1.enabled", False),
    "each_warehouse_keeps_its_audit_log": remove(WAREHOUSE_LOG, "facts", blame=(WAREHOUSE, "facts")),
    "a_state_machine_keeps_its_history": change(STATE_MACHINE, "film", "loggingConfiguration.level", "OFF"),
    "a_build_keeps_its_log": change(BUILD, "image", "logsConfig.cloudwatchLogs.status", "DISABLED"),
    "each_public_zone_keeps_its_queries": remove(QUERY_LOG, "shop", blame=(ZONE, "shop")),
    "a_trail_covers_every_region_and_proves_itself": change(TRAIL, "audit", "isMultiRegionTrail", False),
}
