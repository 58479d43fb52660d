"""Everybody may do what they must, and nothing else: who somebody is."""

import re

from policy.documents import CALLERS, Statement, limited, statements
from policy.resource import Resource
from policy.rule import CRITICAL, HIGH, LOW, MEDIUM, Complaints, rule

ROLE = "aws:iam/role:Role"
USER = "aws:iam/user:User"
PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
IDENTITIES = "aws:cognito/identityPool:IdentityPool"
ACCOUNT_PASSWORDS = "aws:iam/accountPasswordPolicy:AccountPasswordPolicy"
USERS = "aws:cognito/userPool:UserPool"

ANYBODY = ("*", "AWS:*", "Federated:*", "Service:*")
ASKING_FOR_OTHERS = [
    "codedeploy",
    "dlm",
    "emr-serverless",
    "fis",
    "personalize",
    "scheduler",
    "ssm",
    "states",
    "vpc-flow-logs",
]
"""Services of which AWS's pages on the confused deputy say that they tell for whom they take a role."""


def trusted(role: Resource) -> list[Statement]:
    """The statements of those who may take a role."""
    return [one for one in statements(role.document("assumeRolePolicy")) if one.allows]


@rule(
    ROLE,
    severity=CRITICAL,
    frameworks=("CKV_AWS_60", "CKV_AWS_61", "WA SEC03-BP07"),
    mend="name the service, the role or the account in Principal, or the organisation in aws:PrincipalOrgID",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
)
def a_role_is_taken_only_by_whom_it_names(role: Resource) -> Complaints:
    """A role that anybody may take belongs to whoever finds its name."""
    for one in trusted(role):
        if not limited(one, *CALLERS) and (one.negated or {*one.principals} & {*ANYBODY}):
            yield "may be taken by anybody"


@rule(
    ROLE,
    severity=MEDIUM,
    frameworks=("WA SEC03-BP07",),
    mend="add a condition on aws:SourceAccount, or on aws:SourceArn, to the statement of the service",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
    parameters={"services": {"type": "array", "items": {"type": "string"}, "default": ASKING_FOR_OTHERS}},
)
def a_service_takes_a_role_only_for_its_own_account(role: Resource, services: list[str]) -> Complaints:
    """A service that works for every account can be asked by a stranger to use your role."""
    asking = {f"Service:{one}.amazonaws.com" for one in services}
    for one in trusted(role):
        if (found := asking.intersection(one.principals)) and not limited(one, "aws:source"):
            yield f"may be taken by {', '.join(found).replace('Service:', '')} for a stranger's account"


@rule(
    ROLE,
    severity=LOW,
    frameworks=("WA SEC02-BP02",),
    mend="leave maxSessionDuration at an hour, or as long as the longest job that cannot renew its session",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-settings.html",
    parameters={"seconds": {"type": "integer", "minimum": 3600, "maximum": 43_200, "default": 14_400}},
)
def a_role_is_taken_anew_within_hours(role: Resource, seconds: float) -> Complaints:
    """Stolen keys of a session are good until it ends, whatever is changed in the role's trust meanwhile."""
    if (lasting := role["maxSessionDuration"] or 3600) > seconds:
        yield f"may be held for {lasting:g} s; {seconds:g} are allowed"


@rule(
    (USER, "aws:iam/accessKey:AccessKey", "aws:iam/userLoginProfile:UserLoginProfile"),
    severity=HIGH,
    frameworks=("CKV_AWS_273", "CIS 1.21", "FSBP IAM.3", "WA SEC02-BP02"),
    mend="let people sign in through IAM Identity Center, and programs take a role",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#bp-users-federation-idp",
)
def nobody_has_keys_that_never_end(user: Resource) -> Complaints:
    """A key that does not end by itself ends in a repository, a log or a laptop that was sold."""
    yield "is an IAM user" if user.type == USER else "is a credential that never ends"


@rule(
    (
        "aws:iam/policyAttachment:PolicyAttachment",
        "aws:iam/userPolicy:UserPolicy",
        "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    ),
    severity=MEDIUM,
    frameworks=("FSBP IAM.2", "CIS 1.15", "CKV_AWS_40"),
    mend="attach the policy to a role or to a group",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-2",
)
def rights_are_not_given_to_single_users(policy: Resource) -> Complaints:
    """Rights that hang on a person stay when the person's work changes."""
    if policy.kind != "PolicyAttachment" or policy["users"]:
        yield "gives rights to a user directly"


@rule(
    (PROVIDER, ROLE),
    severity=HIGH,
    frameworks=("CKV_AWS_358", "WA SEC02-BP04"),
    mend="name the audience in clientIdLists, and let the role's trust compare the token's `aud` and `sub`",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html",
)
def who_signs_in_elsewhere_is_named(of: Resource) -> Complaints:
    """A token of somebody else's repository or app is as valid as yours, unless you say which you mean."""
    if of.type == PROVIDER and (not of["clientIdLists"] or "*" in of["clientIdLists"]):
        yield "takes tokens that are meant for anybody"
    for one in trusted(of) if of.type == ROLE else ():
        compared = [key for those in one.conditions.values() for key in those]
        web = [name for name in one.principals if re.match(r"Federated:(?!.*saml)", name)]
        if web and not any(key.endswith((":sub", ":aud", ":app_id", ":amr")) for key in compared):
            yield f"may be taken with any token of {web[0].rsplit('/', 1)[-1]}"


@rule(
    IDENTITIES,
    severity=HIGH,
    frameworks=("CKV_AWS_366", "AwsSolutions-COG7"),
    mend="set allowUnauthenticatedIdentities to false",
    url="https://docs.aws.amazon.com/cognito/latest/developerguide/identity-pools.html",
    remediate=lambda _: {"allowUnauthenticatedIdentities": False},
)
def nobody_gets_rights_without_signing_in(pool: Resource) -> Complaints:
    """Keys for everybody who asks are keys for whoever wants to use your account."""
    if pool["allowUnauthenticatedIdentities"]:
        yield "gives AWS credentials to guests"


@rule(
    (ACCOUNT_PASSWORDS, USERS),
    severity=MEDIUM,
    frameworks=("FSBP IAM.7", "CIS 1.8", "CKV_AWS_10", "AwsSolutions-COG1"),
    mend="set minimumPasswordLength, of a user pool passwordPolicy.minimumLength",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-7",
    parameters={
        "staff": {"type": "integer", "minimum": 8, "default": 14},
        "customers": {"type": "integer", "minimum": 8, "default": 12},
    },
)
def a_password_is_long(of: Resource, staff: float, customers: float) -> Complaints:
    """Eight characters are guessed in hours, once a list of hashes is lost."""
    given, wanted = (of["minimumPasswordLength"] or 6, staff)
    if of.type == USERS:
        given, wanted = (of["passwordPolicy.minimumLength"] or 8, customers)
    if given < wanted:
        yield f"takes passwords of {given:g} characters; {wanted:g} are asked for"
