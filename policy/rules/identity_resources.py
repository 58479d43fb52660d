"""Everybody may do what they must, and nothing else: whom resources let in, and how much IAM can hold."""

from policy.documents import CALLERS, Statement, limited, statements
from policy.resource import Resource
from policy.rule import CRITICAL, HIGH, MEDIUM, Complaints, rule

FUNCTION_URL = "aws:lambda/functionUrl:FunctionUrl"
PERMISSION = "aws:lambda/permission:Permission"
POLICIES = {
    "aws:backup/vaultPolicy:VaultPolicy": "policy",
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": "policy",
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": "policyDocument",
    "aws:codeartifact/domainPermissionsPolicy:DomainPermissionsPolicy": "policyDocument",
    "aws:codeartifact/repositoryPermissionsPolicy:RepositoryPermissionsPolicy": "policyDocument",
    "aws:dynamodb/resourcePolicy:ResourcePolicy": "policy",
    "aws:ecr/registryPolicy:RegistryPolicy": "policy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:efs/fileSystemPolicy:FileSystemPolicy": "policy",
    "aws:glacier/vault:Vault": "accessPolicy",
    "aws:kinesis/resourcePolicy:ResourcePolicy": "policy",
    "aws:kms/key:Key": "policy",
    "aws:kms/keyPolicy:KeyPolicy": "policy",
    "aws:msk/clusterPolicy:ClusterPolicy": "policy",
    "aws:opensearch/domain:Domain": "accessPolicies",
    "aws:opensearch/domainPolicy:DomainPolicy": "accessPolicies",
    "aws:redshift/resourcePolicy:ResourcePolicy": "policy",
    "aws:s3/bucket:Bucket": "policy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:s3control/accessPointPolicy:AccessPointPolicy": "policy",
    "aws:secretsmanager/secret:Secret": "policy",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    "aws:sns/topic:Topic": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queue:Queue": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
}
"""What says whom a resource lets in, and the property that says it."""
ASKED_FOR_OTHERS = [
    type for type in POLICIES if type.split("/")[0] in ("aws:s3", "aws:sns", "aws:sqs", "aws:kms")
]
"""Those that services write to in the name of whoever asks them."""
LIMITS = {
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("policy", 20_480),
    "aws:iam/policy:Policy": ("policy", 6_144),
    "aws:iam/role:Role": ("assumeRolePolicy", 2_048),
    "aws:kms/key:Key": ("policy", 32_768),
    "aws:kms/keyPolicy:KeyPolicy": ("policy", 32_768),
    "aws:s3/bucketPolicy:BucketPolicy": ("policy", 20_480),
    "aws:secretsmanager/secretPolicy:SecretPolicy": ("policy", 20_480),
    "aws:sns/topicPolicy:TopicPolicy": ("policy", 30_720),
    "aws:sqs/queuePolicy:QueuePolicy": ("policy", 8_192),
}
"""The most that a policy may have: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html,
https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html,
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html,
https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html,
https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html,
https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html."""


def letting_in(resource: Resource) -> list[Statement]:
    return [one for one in statements(resource.document(POLICIES[resource.type])) if one.allows]


@rule(
    POLICIES,
    severity=CRITICAL,
    frameworks=(
        "FSBP S3.2",
        "FSBP S3.3",
        "FSBP SNS.4",
        "FSBP KMS.5",
        "CKV_AWS_70",
        "CKV_AWS_168",
        "CKV_AWS_33",
    ),
    mend="name in Principal who may, or add a condition on aws:PrincipalOrgID, aws:SourceArn or "
    "aws:SourceVpce",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-resources.html",
)
def a_resource_lets_in_only_whom_it_names(resource: Resource) -> Complaints:
    """What everybody may read is copied, and what everybody may write to is filled."""
    for one in letting_in(resource):
        if not limited(one, *CALLERS) and (one.negated or {*one.principals} & {"*", "AWS:*"}):
            yield f"lets anybody do {', '.join(one.actions[:3])}"


@rule(
    ASKED_FOR_OTHERS,
    severity=MEDIUM,
    frameworks=("WA SEC03-BP07", "WA SEC03-BP08"),
    mend="add a condition on aws:SourceArn or aws:SourceAccount to the statement of the service",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
)
def a_service_comes_only_for_its_own_account(resource: Resource) -> Complaints:
    """A service that works for every account can be asked by a stranger to write into your queue."""
    for one in letting_in(resource):
        services = [name.removeprefix("Service:") for name in one.principals if name.startswith("Service:")]
        if services and not limited(one, *CALLERS):
            yield f"lets {', '.join(services)} in for a stranger's account"


@rule(
    (PERMISSION, FUNCTION_URL),
    severity=HIGH,
    frameworks=("FSBP Lambda.1", "CKV_AWS_364", "CKV_AWS_301", "CKV_AWS_258"),
    mend="set sourceArn, for S3 sourceAccount too; of a URL set authorizationType to AWS_IAM",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/lambda-controls.html#lambda-1",
)
def a_function_knows_for_whom_it_is_called(permission: Resource) -> Complaints:
    """A function that any account's bucket or rule may call does a stranger's work, with your rights."""
    source = [key for key in ("sourceArn", "sourceAccount", "principalOrgId") if permission[key]]
    if permission["authorizationType"] == "NONE":
        yield "answers everybody on the internet"
    elif str(permission["principal"]).endswith((".amazonaws.com", "*")) and not source:
        yield f"lets {permission['principal']} call it for anybody"


@rule(
    LIMITS,
    severity=MEDIUM,
    frameworks=("WA REL01-BP02",),
    mend="join statements that differ in one thing, name resources by a common prefix, or part the policy",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
)
def a_policy_fits_its_limit(resource: Resource) -> Complaints:
    """AWS refuses what is longer, in the middle of a deployment, and often only that of the largest stack."""
    path, limit = LIMITS[resource.type]
    text = str(resource[path] or "")
    used = len("".join(text.split())) if resource.type.startswith("aws:iam/") else len(text.encode())
    if used > limit:
        yield f"has {used:,} characters of policy; AWS takes {limit:,}"
