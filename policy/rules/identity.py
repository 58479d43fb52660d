"""Everybody may do what they must, and nothing else: what rights are given."""

import re

from policy.documents import RESOURCES, RIGHTS, limited, rights
from policy.no_resource_level import has_no_resource_level
from policy.resource import Resource, Stack
from policy.rule import CRITICAL, HIGH, MEDIUM, Complaints, rule

ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"

EVERYTHING = re.compile(r"\*|arn:[^:]*:[^:]*:\*?:\*?:\*(/\*)?")
"""What is every resource of a service, or of all: "*", and "arn:aws:sqs:*:*:*"."""
EVERY_SECRET = re.compile(r"arn:[^:]*:(ssm:.*:parameter/?\*|secretsmanager:.*:secret:\*|kms:.*:key/\*)")
EVERY_ROLE = re.compile(r"\*|arn:[^:]*:iam::[^:]*:(role/)?\*")
MIGHTY = re.compile(r":aws:policy/(.*/)?(Admin\w*Access\S*|PowerUserAccess|\w*FullAccess|\w+Administrator)$")
TELLING = (
    "kms:decrypt",
    "secretsmanager:batchgetsecretvalue",
    "secretsmanager:getsecretvalue",
    "ssm:getparameter",
    "ssm:getparameters",
    "ssm:getparametersbypath",
)
INLINE_CHARACTERS = 10_240
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html; spaces do not count"""


@rule(
    RIGHTS,
    severity=HIGH,
    frameworks=("FSBP IAM.21", "FSBP IAM.1", "CIS 1.16", "CKV_AWS_63", "AwsSolutions-IAM5"),
    mend="name the actions; CloudTrail and IAM Access Analyzer tell which are used",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-21",
)
def a_statement_allows_no_wildcard_action(policy: Resource) -> Complaints:
    """A wildcard allows what AWS will invent tomorrow, too."""
    for one in rights(policy):
        if wild := [action for action in one.actions if "*" in action]:
            yield f"allows {', '.join(wild)}"


@rule(
    RIGHTS,
    severity=HIGH,
    frameworks=("AwsSolutions-IAM5", "CKV_AWS_355", "CKV_AWS_111", "WA SEC03-BP02"),
    mend="name the resources by ARN, or those of a tag by a condition on aws:ResourceTag",
    url="https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html",
)
def a_statement_names_its_resources(policy: Resource) -> Complaints:
    """What is meant for one queue opens all of them. An action that AWS can allow only for "*" is excused."""
    for one in rights(policy):
        if any(map(EVERYTHING.fullmatch, one.resources)) and not limited(one, *RESOURCES):
            named = [action for action in one.actions if "*" not in action and action != "iam:PassRole"]
            if needless := [action for action in named if not has_no_resource_level(action)]:
                yield f"allows {', '.join(needless)} for every resource"


@rule(
    RIGHTS,
    severity=HIGH,
    frameworks=("WA SEC03-BP02", "AwsSolutions-IAM5"),
    mend="name what is allowed in Action and Resource; NotAction and NotResource belong to Deny",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html",
)
def a_statement_says_what_it_allows(policy: Resource) -> Complaints:
    """Everything but a few things is more than anybody needs, and grows with each service of AWS."""
    if any(one.negated for one in rights(policy)):
        yield "allows everything but what it names"


@rule(
    RIGHTS,
    severity=HIGH,
    frameworks=("CKV_AWS_110", "CKV_AWS_286", "WA SEC03-BP02"),
    mend="name the role in Resource, and the service in a condition on iam:PassedToService",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
)
def a_role_is_passed_by_name_to_a_named_service(policy: Resource) -> Complaints:
    """Who may pass any role to a machine of their own has the rights of the mightiest of them."""
    for one in rights(policy):
        if "iam:passrole" in [action.lower() for action in one.actions]:
            if any(map(EVERY_ROLE.fullmatch, one.resources)):
                yield "may pass every role"
            elif not limited(one, "iam:passedtoservice"):
                yield "may pass a role to any service"


@rule(
    RIGHTS,
    severity=HIGH,
    frameworks=("FSBP KMS.1", "FSBP KMS.2", "CKV_AWS_108", "WA SEC02-BP03"),
    mend="name the parameter, the secret or the key, or a path of its own: parameter/shop-prod/cart/*",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/kms-controls.html#kms-1",
)
def nobody_reads_every_secret(policy: Resource) -> Complaints:
    """One machine that is broken into would tell the passwords of all others."""
    for one in rights(policy):
        told = [action for action in one.actions if action.lower() in TELLING]
        if told and any(map(EVERY_SECRET.fullmatch, one.resources)) and not limited(one, *RESOURCES, "kms:"):
            yield f"allows {', '.join(told)} for all that there are"


@rule(
    ROLE,
    severity=MEDIUM,
    frameworks=("WA SEC03-BP02",),
    mend="move statements to managed policies, or name resources by a common prefix",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
)
def the_inline_policies_of_a_role_fit(role: Resource, stack: Stack) -> Complaints:
    """IAM refuses more than 10,240 characters of them, in the middle of a deployment."""
    used = sum(len("".join(one["policy"].split())) for one in stack.users(role, "role", ROLE_POLICY))
    if used > INLINE_CHARACTERS:
        yield f"has {used} characters of inline policies; IAM takes {INLINE_CHARACTERS}"


@rule(
    (
        "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
        "aws:iam/policyAttachment:PolicyAttachment",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:iam/userPolicyAttachment:UserPolicyAttachment",
        "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment",
        ROLE,
    ),
    severity=CRITICAL,
    frameworks=("FSBP IAM.1", "CIS 1.16", "CIS 1.22", "CKV_AWS_274", "AwsSolutions-IAM4"),
    mend="write a policy with the actions that are needed, for the resources that are meant",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
)
def nobody_is_an_administrator(attachment: Resource) -> Complaints:
    """Whoever gets hold of such a role has the account, and all that is in it."""
    attached = ("policyArn", "managedPolicyArn", "managedPolicyArns")
    for arn in [arn for key in attached for arn in attachment.many(key)]:
        if re.search(
            r":aws:policy/(.*/)?(AdministratorAccess|PowerUserAccess|\w*FullAccess|\w+Administrator)$", arn
        ):
            yield f"gives {arn.rsplit('/', 1)[-1]}"
