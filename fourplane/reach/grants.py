"""Ways that IAM opens: statements of a role, or of a bucket's policy, that name what a component holds."""

from collections.abc import Iterator
from typing import Any

from fourplane.graph import Resource
from fourplane.reach.directory import Directory, Way, many
from fourplane.reach.events import MAPPING, ROLE
from fourplane.reach.policies import actions, allowed, names, principals

ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
MANAGED = "aws:iam/policy:Policy"
BUCKET = "aws:s3/bucket:Bucket"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
FUNCTION = "aws:lambda/function:Function"
HELD = frozenset(
    {
        "aoss", "cassandra", "dax", "dynamodb", "ecr", "elasticache", "es", "events", "execute-api",
        "firehose", "fis", "kafka", "kinesis", "kms", "lambda", "logs", "mediaconvert", "personalize",
        "rds-db", "redshift", "s3", "sagemaker", "secretsmanager", "sns", "sqs", "ssm", "states",
    }
)  # fmt: skip
"""Services whose resources are used through IAM, by the service's name in ARNs and actions."""
RECEIVING = (
    "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility",
    "kinesis:Get", "kinesis:Describe", "kinesis:List", "kinesis:SubscribeToShard",
    "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream", "dynamodb:ListStreams",
)  # fmt: skip
"""What an event source mapping does in its function's name: the way is the mapping's, to the function."""


def grant_ways(directory: Directory) -> Iterator[Way]:
    """A way for every action that a role of one component may do to what another holds."""
    held = _held(directory)
    for role, statement in [*_role_statements(directory), *_bucket_statements(directory)]:
        for arn, service, resource in held:
            if names(statement, arn):
                for action in actions(statement, service):
                    if not _polls(directory, role, arn, action):
                        yield Way(directory.of(role), directory.of(resource), "IAM", action)


def _held(directory: Directory) -> list[tuple[str, str, Resource]]:
    """What can be used through IAM: its ARN, its service, and itself."""
    known = ((directory.values(r).get("arn"), r) for r in directory.graph.values() if r.custom)
    return [
        (arn, arn.split(":")[2], resource)
        for arn, resource in known
        if isinstance(arn, str) and arn.startswith("arn:") and arn.split(":")[2] in HELD
    ]


def _role_statements(directory: Directory) -> Iterator[tuple[Resource, dict[str, Any]]]:
    for _, values in directory.all(ROLE_POLICY):
        if role := directory.named(values.get("role"), ROLE):
            yield from ((role, statement) for statement in allowed(values.get("policy")))
    for _, values in directory.all(ATTACHMENT):
        role = directory.named(values.get("role"), ROLE)
        policy = directory.named(values.get("policyArn"), MANAGED)
        if role and policy:
            yield from ((role, one) for one in allowed(directory.values(policy).get("policy")))
    for role, values in directory.all(ROLE):
        for inline in many(values.get("inlinePolicies")):
            yield from ((role, statement) for statement in allowed(inline.get("policy")))


def _bucket_statements(directory: Directory) -> Iterator[tuple[Resource, dict[str, Any]]]:
    """A bucket's policy gives roles what they may do to it."""
    for _, values in directory.all(BUCKET_POLICY):
        for statement in allowed(values.get("policy")):
            for principal in principals(statement, "AWS"):
                if role := directory.named(principal, ROLE):
                    yield role, statement


def _polls(directory: Directory, role: Resource, arn: str, action: str) -> bool:
    """Whether a grant only lets an event source mapping fetch what it hands to the role's function."""
    if not action.startswith(RECEIVING):
        return False
    for _, mapping in directory.all(MAPPING):
        function = directory.named(mapping.get("functionName"), FUNCTION)
        theirs = directory.named(directory.values(function).get("role"), ROLE) if function else None
        if theirs is role and str(mapping.get("eventSourceArn")).startswith(arn):
            return True
    return False
