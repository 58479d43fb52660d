"""SQS: queues and who may use them."""

from fourplane.sandbox.aws.sns import attributes
from fourplane.sandbox.creator import Made, New, creates, document

QUEUE = {
    "visibilityTimeoutSeconds": "VisibilityTimeout",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "maxMessageSize": "MaximumMessageSize",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
}
DEFAULTS = {
    "visibilityTimeoutSeconds": 30,
    "messageRetentionSeconds": 345600,
    "delaySeconds": 0,
    "receiveWaitTimeSeconds": 0,
    "fifoQueue": False,
}


@creates("aws:sqs/queue:Queue")
def queue(new: New) -> Made:
    name = new.name if not new.get("fifoQueue") or new.name.endswith(".fifo") else f"{new.name}.fifo"
    settings = attributes(new, {"tags", "name", "namePrefix", "region", "fifoQueue"}, QUEUE)
    fifo = {"FifoQueue": "true"} if new.get("fifoQueue") else {}
    url = new.client("sqs").create_queue(QueueName=name, Attributes={**settings, **fifo}, tags=new.tags)[
        "QueueUrl"
    ]
    return url, {
        "arn": new.arn("sqs", name),
        "name": name,
        "url": url,
        **{key: new.get(key, default) for key, default in DEFAULTS.items()},
    }


@creates("aws:sqs/queuePolicy:QueuePolicy")
def queue_policy(new: New) -> Made:
    text = document(new["policy"])
    new.client("sqs").set_queue_attributes(QueueUrl=new["queueUrl"], Attributes={"Policy": text})
    return new["queueUrl"], {"policy": text}


@creates("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy")
def redrive_allow_policy(new: New) -> Made:
    """moto does not keep it: whose dead letters a queue takes."""
    text, sqs = document(new["redriveAllowPolicy"]), new.client("sqs")
    sqs.get_queue_attributes(QueueUrl=new["queueUrl"], AttributeNames=["QueueArn"])
    request = {"QueueUrl": new["queueUrl"], "Attributes": {"RedriveAllowPolicy": text}}
    new.simulate("sqs", "set_queue_attributes", request)
    return new["queueUrl"], {"redriveAllowPolicy": text}
