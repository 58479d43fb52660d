"""Load balancers, firewalls and sites of the world, and what breaks each rule about them."""

from tests.policy.world import Made, Ref, change, remove

GROUP = "aws:ec2/securityGroup:SecurityGroup"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"
ACL = "aws:wafv2/webAcl:WebAcl"
ACL_ASSOCIATION = "aws:wafv2/webAclAssociation:WebAclAssociation"
ACL_LOGGING = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
SITE = "aws:cloudfront/distribution:Distribution"
EKS = "aws:eks/cluster:Cluster"
BUCKET = "aws:s3/bucket:Bucket"
TAGS = {"owner": "shop", "stack": "shop-prod"}

MANAGED = {"vendorName": "AWS", "name": "AWSManagedRulesCommonRuleSet"}
SERVER = {
    "originId": "api",
    "domainName": "origin.shop.example.com",
    "customOriginConfig": {"originProtocolPolicy": "https-only", "originSslProtocols": ["TLSv1.2"]},
}
BEHAVIOUR = {"targetOriginId": "api", "viewerProtocolPolicy": "redirect-to-https", "compress": True}
ALL = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]

WORLD = [
    Made(
        BALANCER,
        "front",
        {
            "loadBalancerType": "application",
            "internal": False,
            "securityGroups": [Ref(GROUP, "web", "id")],
            "dropInvalidHeaderFields": True,
            "enableDeletionProtection": True,
            "accessLogs": {"bucket": Ref(BUCKET, "files", "id"), "enabled": True},
            "tags": TAGS,
        },
        protect=True,
    ),
    Made(
        LISTENER,
        "front",
        {
            "loadBalancerArn": Ref(BALANCER, "front"),
            "port": 443,
            "protocol": "HTTPS",
            "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
            "defaultActions": [{"type": "forward"}],
            "tags": TAGS,
        },
    ),
    Made(ACL, "front", {"rules": [{"statement": {"managedRuleGroupStatement": MANAGED}}], "tags": TAGS}),
    Made(
        ACL_ASSOCIATION,
        "front",
        {"resourceArn": Ref(BALANCER, "front"), "webAclArn": Ref(ACL, "front")},
    ),
    Made(
        ACL_LOGGING, "front", {"resourceArn": Ref(ACL, "front"), "logDestinationConfigs": ["arn:aws:logs:1"]}
    ),
    Made(
        EKS,
        "closed",
        {
            "version": "1.36",
            "vpcConfig": {"endpointPublicAccess": True, "publicAccessCidrs": ["192.0.2.0/24"]},
            "encryptionConfig": {"resources": ["secrets"], "provider": {"keyArn": "arn:aws:kms:1"}},
            "enabledClusterLogTypes": ["api", "audit", "authenticator", "controllerManager", "scheduler"],
            "tags": TAGS,
        },
    ),
    Made(
        SITE,
        "site",
        {
            "aliases": ["shop.example.com"],
            "webAclId": Ref(ACL, "front"),
            "origins": [
                SERVER,
                {"originId": "still", "domainName": "still.s3.amazonaws.com", "originAccessControlId": "E1"},
            ],
            "originGroups": [
                {"originId": "both", "members": [{"originId": "api"}, {"originId": "still"}]},
            ],
            "defaultCacheBehavior": {**BEHAVIOUR, "allowedMethods": ALL},
            "orderedCacheBehaviors": [
                {
                    **BEHAVIOUR,
                    "pathPattern": "/catalog*",
                    "targetOriginId": "both",
                    "allowedMethods": ["GET", "HEAD"],
                }
            ],
            "viewerCertificate": {"minimumProtocolVersion": "TLSv1.2_2021"},
            "loggingConfig": {"bucket": "logs.s3.amazonaws.com"},
            "tags": TAGS,
        },
    ),
]

MUTATIONS = {
    "a_public_load_balancer_is_guarded": remove(ACL_ASSOCIATION, "front", blame=(BALANCER, "front")),
    "a_listener_speaks_tls_1_2_or_redirects": change(
        LISTENER, "front", "sslPolicy", "ELBSecurityPolicy-2016-08"
    ),
    "a_load_balancer_drops_invalid_headers": change(BALANCER, "front", "dropInvalidHeaderFields", None),
    "a_firewall_knows_what_is_known_to_be_bad": change(ACL, "front", "rules", []),
    "each_firewall_keeps_a_log": remove(ACL_LOGGING, "front", blame=(ACL, "front")),
    "what_holds_data_has_no_public_address": change(
        "aws:rds/cluster:Cluster", "books", "publiclyAccessible", True
    ),
    "the_api_of_a_cluster_is_not_open_to_everywhere": change(
        EKS, "closed", "vpcConfig.publicAccessCidrs", ["0.0.0.0/0"]
    ),
    "a_site_is_read_over_tls_1_2_only": change(
        SITE, "site", "defaultCacheBehavior.viewerProtocolPolicy", "allow-all"
    ),
    "a_site_speaks_tls_with_its_origin": change(
        SITE, "site", "origins.0.customOriginConfig.originSslProtocols", ["TLSv1"]
    ),
    "a_site_has_a_firewall": change(SITE, "site", "webAclId", None),
    "a_site_reads_a_bucket_under_its_own_name": change(SITE, "site", "origins.1.originAccessControlId", None),
    "each_read_behaviour_has_a_second_origin": change(
        SITE, "site", "orderedCacheBehaviors.0.targetOriginId", "api"
    ),
}
