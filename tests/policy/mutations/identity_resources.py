"""Whom resources of the world let in, what it keeps secret, and what breaks each rule about them."""

import base64

from tests.policy.mutations.identity import allow, document
from tests.policy.world import Json, Made, Ref, change

QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
PERMISSION = "aws:lambda/permission:Permission"
FUNCTION = "aws:lambda/function:Function"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
POLICY = "aws:iam/policy:Policy"
TAGS = {"owner": "shop", "stack": "shop-prod"}
EVENTS = {"Service": "events.amazonaws.com"}


def lets_in(who: object, **more: object) -> Json:
    what = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": Ref(QUEUE, "orders")}
    return document({**what, "Principal": who, **more})


FROM = {"ArnEquals": {"aws:SourceArn": "arn:aws:events:us-east-1:123456789012:rule/orders"}}
WORLD = [
    Made(
        QUEUE_POLICY,
        "orders",
        {"queueUrl": Ref(QUEUE, "orders", "id"), "policy": lets_in(EVENTS, Condition=FROM)},
    ),
    Made(
        PERMISSION,
        "pay",
        {
            "function": Ref(FUNCTION, "pay", "name"),
            "action": "lambda:InvokeFunction",
            "principal": "events.amazonaws.com",
            "sourceArn": "arn:aws:events:us-east-1:123456789012:rule/pay",
        },
    ),
    Made(POLICY, "sender", {"policy": allow("sqs:SendMessage"), "tags": TAGS}),
]

MUTATIONS = {
    "a_resource_lets_in_only_whom_it_names": change(QUEUE_POLICY, "orders", "policy", lets_in("*")),
    "a_service_comes_only_for_its_own_account": change(QUEUE_POLICY, "orders", "policy", lets_in(EVENTS)),
    "a_function_knows_for_whom_it_is_called": change(PERMISSION, "pay", "sourceArn", None),
    "a_policy_fits_its_limit": change(
        POLICY, "sender", "policy", allow(*(f"sqs:Send{n:0100}" for n in range(60)))
    ),
    "metadata_is_told_only_for_a_token": change(TEMPLATE, "web", "metadataOptions.httpTokens", "optional"),
    "no_secret_stands_in_an_environment": change(
        FUNCTION, "pay", "environment.variables", {"DATABASE_PASSWORD": "correct-horse"}
    ),
    "no_secret_stands_in_user_data": change(
        TEMPLATE, "web", "userData", base64.b64encode(b"export TOKEN=hunter2hunter2\n").decode()
    ),
}
