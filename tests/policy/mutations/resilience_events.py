"""Events of the world, and what breaks each rule about losing them."""

from tests.policy.world import Json, Made, Ref, change

QUEUE = "aws:sqs/queue:Queue"
RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
FUNCTION = "aws:lambda/function:Function"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
MACHINE = "aws:sfn/stateMachine:StateMachine"
TAGS = {"owner": "shop", "stack": "shop-prod"}
CALL = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}

WORLD = [
    Made(RULE, "paid", {"eventPattern": Json({"source": ["shop.pay"]}), "tags": TAGS}),
    Made(
        TARGET,
        "paid",
        {
            "rule": Ref(RULE, "paid", "name"),
            "arn": Ref(FUNCTION, "pay"),
            "deadLetterConfig": {"arn": Ref(QUEUE, "aside")},
        },
    ),
    Made(
        MAPPING,
        "orders",
        {
            "eventSourceArn": Ref(QUEUE, "orders"),
            "functionName": Ref(FUNCTION, "pay"),
            "scalingConfig": {"maximumConcurrency": 5},
            "functionResponseTypes": ["ReportBatchItemFailures"],
            "tags": TAGS,
        },
    ),
]

MUTATIONS = {
    "what_an_event_starts_is_not_lost_in_silence": change(TARGET, "paid", "deadLetterConfig", None),
    "what_a_function_was_told_is_not_lost": change(FUNCTION, "pay", "deadLetterConfig", None),
    "a_message_is_not_handed_out_twice": change(
        QUEUE, "orders", "visibilityTimeoutSeconds", 10, blame=(MAPPING, "orders")
    ),
    "a_backlog_does_not_take_every_function": change(MAPPING, "orders", "scalingConfig", None),
    "a_step_that_calls_is_tried_again": change(
        MACHINE, "film", "definition", Json({"StartAt": "Encode", "States": {"Encode": CALL}})
    ),
}
