"""Budgets, addresses and endpoints of the world, and what breaks each rule about what is paid for."""

from tests.policy.world import Json, Made, Ref, add, change, remove

STACK = "pulumi:pulumi:Stack"
BUDGET = "aws:budgets/budget:Budget"
TOPIC = "aws:sns/topic:Topic"
ADDRESS = "aws:ec2/eip:Eip"
ASSOCIATION = "aws:ec2/eipAssociation:EipAssociation"
VPC = "aws:ec2/vpc:Vpc"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
TAGS = {"owner": "shop", "stack": "shop-prod"}
OWN = [
    {
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceAccount": "123456789012"}},
    }
]


def endpoint(name, service, kind):
    return Made(
        ENDPOINT,
        name,
        {
            "vpcId": Ref(VPC, "net", "id"),
            "serviceName": f"com.amazonaws.us-east-1.{service}",
            "vpcEndpointType": kind,
            "policy": Json({"Version": "2012-10-17", "Statement": OWN}),
            "tags": TAGS,
        },
    )


WORLD = [
    Made(STACK, "shop-prod"),
    Made(
        BUDGET,
        "month",
        {
            "budgetType": "COST",
            "notifications": [{"threshold": 80, "subscriberSnsTopicArns": [Ref(TOPIC, "alerts")]}],
            "tags": TAGS,
        },
    ),
    Made(ADDRESS, "door", {"domain": "vpc", "tags": TAGS}),
    Made(ASSOCIATION, "door", {"allocationId": Ref(ADDRESS, "door", "id"), "instanceId": "i-1"}),
    *(endpoint(service, service, "Gateway") for service in ("dynamodb", "s3")),
    endpoint("sqs", "sqs", "Interface"),
]

MUTATIONS = {
    "tags_are_complete": change(VPC, "net", "tags.owner", None),
    "a_stack_has_a_budget": remove(BUDGET, "month", blame=(STACK, "shop-prod")),
    "a_budget_tells_somebody": change(BUDGET, "month", "notifications.0.subscriberSnsTopicArns", []),
    "each_address_is_used": remove(ASSOCIATION, "door", blame=(ADDRESS, "door")),
    "what_is_free_does_not_go_through_nat": remove(ENDPOINT, "s3", blame=(VPC, "net")),
    "a_service_has_one_endpoint": add(endpoint("sqs-again", "sqs", "Interface"), blame=(VPC, "net")),
    "a_distribution_compresses": change(DISTRIBUTION, "pages", "defaultCacheBehavior.compress", False),
}
