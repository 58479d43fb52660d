"""Roles and those who take them, and what breaks each rule about rights."""

from tests.policy.world import Json, Made, Ref, add, change

ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
USER = "aws:iam/user:User"
USER_POLICY = "aws:iam/userPolicy:UserPolicy"
PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
GUESTS = "aws:cognito/identityPool:IdentityPool"
PASSWORDS = "aws:iam/accountPasswordPolicy:AccountPasswordPolicy"
QUEUE = "aws:sqs/queue:Queue"
TAGS = {"owner": "shop", "stack": "shop-prod"}
GITHUB = "token.actions.githubusercontent.com"


def document(*statements: dict[str, object]) -> Json:
    return Json({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, on: object = Ref(QUEUE, "orders"), **more: object) -> Json:
    return document({"Effect": "Allow", "Action": list(actions), "Resource": on, **more})


def trust(by: object, action: str = "sts:AssumeRole", **conditions: object) -> Json:
    what = {"Effect": "Allow", "Action": action, "Principal": by}
    return document({**what, "Condition": {"StringEquals": conditions}} if conditions else what)


SCHEDULER = {"Service": "scheduler.amazonaws.com"}
WORLD = [
    Made(ROLE, "worker", {"assumeRolePolicy": trust({"Service": "lambda.amazonaws.com"}), "tags": TAGS}),
    Made(
        ROLE_POLICY,
        "worker",
        {
            "role": Ref(ROLE, "worker", "name"),
            "policy": document(
                {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": Ref(QUEUE, "orders")},
                {"Effect": "Allow", "Action": ["sqs:ListQueues", "ec2:DescribeInstances"], "Resource": "*"},
                {
                    "Effect": "Allow",
                    "Action": "ec2:TerminateInstances",
                    "Resource": "*",
                    "Condition": {"StringEquals": {"aws:ResourceTag/owner": "shop"}},
                },
                {"Effect": "Deny", "NotAction": "sqs:*", "Resource": "*"},
            ),
        },
    ),
    Made(
        ROLE_POLICY,
        "clock",
        {
            "role": Ref(ROLE, "clock", "name"),
            "policy": allow(
                "iam:PassRole",
                on=Ref(ROLE, "worker"),
                Condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
            ),
        },
    ),
    Made(
        ROLE,
        "clock",
        {"assumeRolePolicy": trust(SCHEDULER, **{"aws:SourceAccount": "123456789012"}), "tags": TAGS},
    ),
    Made(
        PROVIDER, "github", {"url": f"https://{GITHUB}", "clientIdLists": ["sts.amazonaws.com"], "tags": TAGS}
    ),
    Made(
        ROLE,
        "deployer",
        {
            "assumeRolePolicy": trust(
                {"Federated": Ref(PROVIDER, "github")},
                "sts:AssumeRoleWithWebIdentity",
                **{
                    f"{GITHUB}:aud": "sts.amazonaws.com",
                    f"{GITHUB}:sub": "repo:shop/shop:ref:refs/heads/main",
                },
            ),
            "tags": TAGS,
        },
    ),
    Made(ATTACHMENT, "worker", {"policyArn": "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"}),
    Made(GUESTS, "shoppers", {"allowUnauthenticatedIdentities": False, "tags": TAGS}),
    Made(PASSWORDS, "staff", {"minimumPasswordLength": 14}),
]

MUTATIONS = {
    "a_statement_allows_no_wildcard_action": change(ROLE_POLICY, "worker", "policy", allow("sqs:*")),
    "a_statement_names_its_resources": change(
        ROLE_POLICY, "worker", "policy", allow("sqs:ListQueues", "sqs:SendMessage", on="arn:aws:sqs:*:*:*")
    ),
    "a_statement_says_what_it_allows": change(
        ROLE_POLICY,
        "worker",
        "policy",
        document({"Effect": "Allow", "NotAction": "iam:CreateUser", "Resource": Ref(QUEUE, "orders")}),
    ),
    "a_role_is_passed_by_name_to_a_named_service": change(
        ROLE_POLICY, "clock", "policy", allow("iam:PassRole", on=Ref(ROLE, "worker"))
    ),
    "nobody_reads_every_secret": change(
        ROLE_POLICY,
        "worker",
        "policy",
        allow("ssm:GetParametersByPath", on="arn:aws:ssm:us-east-1:123456789012:parameter/*"),
    ),
    "the_inline_policies_of_a_role_fit": change(
        ROLE_POLICY, "worker", "policy", allow(*(f"sqs:Send{n:0100}" for n in range(110))), (ROLE, "worker")
    ),
    "nobody_is_an_administrator": change(
        ATTACHMENT, "worker", "policyArn", "arn:aws:iam::aws:policy/job-function/DatabaseAdministrator"
    ),
    "a_role_is_taken_only_by_whom_it_names": change(ROLE, "worker", "assumeRolePolicy", trust({"AWS": "*"})),
    "a_service_takes_a_role_only_for_its_own_account": change(
        ROLE, "clock", "assumeRolePolicy", trust(SCHEDULER)
    ),
    "a_role_is_taken_anew_within_hours": change(ROLE, "worker", "maxSessionDuration", 43_200),
    "nobody_has_keys_that_never_end": add(Made(USER, "eve", {"tags": TAGS})),
    "rights_are_not_given_to_single_users": add(
        Made(USER_POLICY, "eve", {"user": "eve", "policy": allow("sqs:SendMessage")})
    ),
    "who_signs_in_elsewhere_is_named": change(
        ROLE,
        "deployer",
        "assumeRolePolicy",
        trust({"Federated": Ref(PROVIDER, "github")}, "sts:AssumeRoleWithWebIdentity"),
    ),
    "nobody_gets_rights_without_signing_in": change(
        GUESTS, "shoppers", "allowUnauthenticatedIdentities", True
    ),
    "a_password_is_long": change(PASSWORDS, "staff", "minimumPasswordLength", 8),
}
