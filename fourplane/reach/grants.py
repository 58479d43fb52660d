"""Ways that IAM opens: statements of a role, or of a bucket's policy, that name what a component holds."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from fourplane.graph import Resource
from fourplane.planes import tag
from fourplane.reach.directory import Directory, Way, many
from fourplane.reach.events import MAPPING, ROLE, function_of
from fourplane.reach.policies import (
    actions,
    allowed,
    covers,
    denied,
    endpoints_asked,
    names,
    principals,
    tags_asked,
)

ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
MANAGED = "aws:iam/policy:Policy"
BUCKET = "aws:s3/bucket:Bucket"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
FUNCTION = "aws:lambda/function:Function"
HELD = frozenset(
    {
        "aoss", "appconfig", "cassandra", "codeartifact", "codebuild", "dax", "dynamodb", "ecr",
        "elasticache", "es", "events", "execute-api", "firehose", "fis", "kafka", "kinesis", "kms", "lambda",
        "logs", "mediaconvert", "personalize", "rds-db", "redshift", "s3", "sagemaker", "secretsmanager",
        "sns", "sqs", "ssm", "states", "wafv2",
    }
)  # fmt: skip
"""Services whose resources are used through IAM, by the service's name in ARNs and actions."""
CALLED = {"kafka": ("kafka", "kafka-cluster")}
"""Services whose actions have other names than their ARNs, too: what clients do to topics, for example."""
RECEIVING = (
    "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility",
    "sqs:GetQueueUrl",
    "kinesis:Get", "kinesis:Describe", "kinesis:List", "kinesis:SubscribeToShard",
    "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream", "dynamodb:ListStreams",
)  # fmt: skip
"""What an event source mapping does in its function's name: the way is the mapping's, to the function."""


def grant_ways(directory: Directory) -> Iterator[Way]:
    """A way for every action that a role of one component may do to what another holds."""
    held, denials = _held(directory), _denials(directory)
    for role, statement in [*role_statements(directory), *_bucket_statements(directory)]:
        for arn, service, resource in held:
            if names(statement, arn) and _has_tags(resource, statement):
                for action in actions(statement, *CALLED.get(service, (service,))):
                    forbidden = any(
                        names(one, arn) and covers(one, action) for one in denials.get(role.urn, ())
                    )
                    if not forbidden and not _polls(directory, role, arn, action):
                        yield Way(directory.of(role), directory.of(resource), "IAM", action)


def _held(directory: Directory) -> list[tuple[str, str, Resource]]:
    """What can be used through IAM: its ARN, its service, and itself."""
    known = ((directory.values(r).get("arn"), r) for r in directory.graph.values() if r.custom)
    return [
        (arn, arn.split(":")[2], resource)
        for arn, resource in known
        if isinstance(arn, str) and arn.startswith("arn:") and arn.split(":")[2] in HELD
    ]


def role_statements(directory: Directory) -> Iterator[tuple[Resource, dict[str, Any]]]:
    """Every role, with each statement of its policies that allows something."""
    for role, document in _role_documents(directory):
        yield from ((role, statement) for statement in allowed(document))


def _denials(directory: Directory) -> dict[str, list[dict[str, Any]]]:
    """The statements that deny a role something whatever another allows, by the role's URN."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for role, document in _role_documents(directory):
        found[role.urn] += denied(document)
    return found


def _role_documents(directory: Directory) -> Iterator[tuple[Resource, Any]]:
    for _, values in directory.all(ROLE_POLICY):
        if role := directory.named(values.get("role"), ROLE):
            yield role, values.get("policy")
    for _, values in directory.all(ATTACHMENT):
        role = directory.named(values.get("role"), ROLE)
        policy = directory.named(values.get("policyArn"), MANAGED)
        if role and policy:
            yield role, directory.values(policy).get("policy")
    for role, values in directory.all(ROLE):
        yield from ((role, inline.get("policy")) for inline in many(values.get("inlinePolicies")))


def _has_tags(resource: Resource, statement: dict[str, Any]) -> bool:
    """Whether a resource has the tags that a statement's condition asks for."""
    return all(tag(resource, key) in values for key, values in tags_asked(statement).items())


def _bucket_statements(directory: Directory) -> Iterator[tuple[Resource, dict[str, Any]]]:
    """A bucket's policy gives roles what they may do to it, or whoever comes through an endpoint."""
    for _, values in directory.all(BUCKET_POLICY):
        for statement in allowed(values.get("policy")):
            for principal in principals(statement, "AWS"):
                if role := directory.named(principal, ROLE):
                    yield role, statement
            if "*" in principals(statement, "AWS"):
                for id in endpoints_asked(statement):
                    if endpoint := directory.named(id, ENDPOINT):
                        yield endpoint, statement


def _polls(directory: Directory, role: Resource, arn: str, action: str) -> bool:
    """Whether a grant only lets an event source mapping fetch what it hands to the role's function."""
    if not action.startswith(RECEIVING):
        return False
    for one, mapping in directory.all(MAPPING):
        function = function_of(directory, mapping.get("functionName"), one)
        theirs = directory.named(directory.values(function).get("role"), ROLE) if function else None
        if theirs is role and str(mapping.get("eventSourceArn")).startswith(arn):
            return True
    return False
