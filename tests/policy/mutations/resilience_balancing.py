"""What the world answers with, and what breaks each rule about asking those who can."""

from tests.policy.world import Made, Ref, add, change

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
TARGETS = "aws:lb/targetGroup:TargetGroup"
RECORD = "aws:route53/record:Record"
ZONE = "aws:route53/zone:Zone"
SUBNET = "aws:ec2/subnet:Subnet"
VPC = "aws:ec2/vpc:Vpc"
TAGS = {"owner": "shop", "stack": "shop-prod"}
ALIAS = {"name": "front.example", "zoneId": "Z1", "evaluateTargetHealth": True}
THROUGH = {
    "loadBalancerType": "network",
    "internal": True,
    "subnets": [Ref(SUBNET, f"net-{zone}", "id") for zone in "abc"],
    "securityGroups": ["sg-1"],
    "enableDeletionProtection": True,
    "accessLogs": {"enabled": True, "bucket": "logs", "prefix": "through"},
    "tags": TAGS,
}

WORLD = [
    Made(
        TARGETS,
        "web",
        {
            "vpcId": Ref(VPC, "net", "id"),
            "protocol": "HTTP",
            "port": 8080,
            "deregistrationDelay": 30,
            "healthCheck": {"path": "/health"},
            "tags": TAGS,
        },
    ),
    Made(
        RECORD,
        "shop",
        {
            "zoneId": Ref(ZONE, "shop", "id"),
            "name": "shop.example",
            "type": "A",
            "setIdentifier": "us-east-1",
            "latencyRoutingPolicies": [{"region": "us-east-1"}],
            "aliases": [ALIAS],
        },
    ),
]

MUTATIONS = {
    "a_balancer_is_not_deleted_by_mistake": change(BALANCER, "inner", "enableDeletionProtection", False),
    "a_balancer_reaches_the_targets_of_every_zone": add(Made(BALANCER, "through", THROUGH, protect=True)),
    "a_target_group_asks_who_is_well": change(TARGETS, "web", "healthCheck", None),
    "requests_end_before_their_target_goes": change(TARGETS, "web", "deregistrationDelay", 0),
    "a_name_with_several_answers_gives_those_that_work": change(
        RECORD, "shop", "aliases.0.evaluateTargetHealth", False
    ),
}
