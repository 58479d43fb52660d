"""SNS: topics, who may publish to them, and who hears."""

from typing import Any

from fourplane.sandbox.creator import ACCOUNT, Made, New, creates, document

OTHERWISE = {"tags", "name", "namePrefix", "region"}
FEEDBACK = {
    "http": "HTTP",
    "sqs": "SQS",
    "lambda": "Lambda",
    "firehose": "Firehose",
    "application": "Application",
}


def attributes(new: New, apart: set[str], rename: dict[str, str]) -> dict[str, str]:
    """Inputs as the texts that SNS and SQS keep them as."""
    names = {key: rename.get(key, key[0].upper() + key[1:]) for key in new.inputs if key not in apart}
    return {theirs: _text(new[ours]) for ours, theirs in names.items()}


def _text(value: Any) -> str:
    return (
        str(value).lower()
        if isinstance(value, bool)
        else document(value)
        if isinstance(value, dict)
        else str(value)
    )


@creates("aws:sns/topic:Topic")
def topic(new: New) -> Made:
    fifo = new.get("fifoTopic", False)
    name = new.name if not fifo or new.name.endswith(".fifo") else f"{new.name}.fifo"
    feedback = {
        key: key.replace(ours, theirs, 1)
        for ours, theirs in FEEDBACK.items()
        for key in new.inputs
        if key.startswith(ours) and "Feedback" in key
    }
    settings = attributes(new, OTHERWISE, feedback)
    arn = new.client("sns").create_topic(Name=name, Attributes=settings, Tags=new.tag_list)["TopicArn"]
    return arn, {"arn": arn, "name": name, "owner": ACCOUNT, "fifoTopic": fifo}


@creates("aws:sns/topicPolicy:TopicPolicy")
def topic_policy(new: New) -> Made:
    text = document(new["policy"])
    new.client("sns").set_topic_attributes(TopicArn=new["arn"], AttributeName="Policy", AttributeValue=text)
    return new["arn"], {"owner": ACCOUNT, "policy": text}


@creates("aws:sns/topicSubscription:TopicSubscription")
def topic_subscription(new: New) -> Made:
    apart = {
        "topic",
        "protocol",
        "endpoint",
        "confirmationTimeoutInMinutes",
        "endpointAutoConfirms",
        "region",
    }
    made = new.client("sns").subscribe(
        TopicArn=new["topic"],
        Protocol=new["protocol"],
        Endpoint=new["endpoint"],
        Attributes=attributes(new, apart, {}),
        ReturnSubscriptionArn=True,
    )
    arn = made["SubscriptionArn"]
    pending = new["protocol"] in ("email", "email-json", "http", "https")
    return arn, {
        "arn": arn,
        "ownerId": ACCOUNT,
        "pendingConfirmation": pending,
        "confirmationWasAuthenticated": not pending,
    }


@creates("aws:sns/platformApplication:PlatformApplication")
def platform_application(new: New) -> Made:
    settings = attributes(new, {"name", "platform", "region"}, {})
    made = new.client("sns").create_platform_application(
        Name=new.name, Platform=new["platform"], Attributes=settings
    )
    return made["PlatformApplicationArn"], {"arn": made["PlatformApplicationArn"], "name": new.name}
