"""What the mutations leave out: other ways to write the same fault, and what looks like one and is none."""

import pytest

from tests.policy.mutations.identity import allow, document, trust
from tests.policy.mutations.network import EGRESS, GROUP, INGRESS, ON_8080, PREFIX_LIST, TEMPLATE
from tests.policy.test_rules import WORLD
from tests.policy.world import Json, Judge, Made, Ref

OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
ROLE, ROLE_POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
BALANCER, LISTENER = "aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
ANYWHERE = {"cidrBlocks": ["0.0.0.0/0"], "protocol": "tcp", "fromPort": 22, "toPort": 22}
WEB, CART = Ref(GROUP, "web", "id"), Ref(GROUP, "cart", "id")


@pytest.fixture(scope="module")
def said():
    judge = Judge()
    before = judge(WORLD)[0]

    def found(*added):
        after = judge({**WORLD, **{made.key: made for made in added}})[0]
        return {(rule, urn.rsplit("::", 1)[-1]) for rule, urn, _ in after - before}

    return found


SHELL, OWN, ARROW = (
    "nobody_administers_machines_from_everywhere",
    "each_way_is_a_resource_of_its_own",
    "each_way_between_groups_is_an_arrow",
)


def group(**what):
    return Made(GROUP, "it", {"description": "It", "tags": {"owner": "shop", "stack": "shop-prod"}, **what})


def old(**what):
    return Made(OLD_RULE, "it", {"type": "ingress", "securityGroupId": CART, "description": "It", **what})


def test_a_shell_is_found_inside_a_group_in_a_rule_of_the_old_kind_and_in_a_prefix_list(said):
    everybody = {"prefixListIds": [Ref(PREFIX_LIST, "anybody", "id")], "protocol": "-1"}
    assert (SHELL, "it") in said(group(ingress=[ANYWHERE]))
    assert (SHELL, "it") in said(old(**ANYWHERE))
    assert (SHELL, "it") in said(group(ingress=[{**everybody, "fromPort": 0, "toPort": 0}]))
    assert (SHELL, "it") in said(old(**{**ANYWHERE, "cidrBlocks": None, "ipv6CidrBlocks": ["::/0"]}))


def test_ways_out_and_pings_are_no_open_doors(said):
    ping = {**ANYWHERE, "protocol": "icmp", "fromPort": -1, "toPort": -1}
    assert said(group(egress=[ANYWHERE]), group(ingress=[ping])) == {(OWN, "it")}


def test_half_a_rule_of_the_old_kind_is_no_arrow_and_a_pair_is_one(said):
    into = {**ON_8080, "protocol": "tcp", "sourceSecurityGroupId": WEB}
    assert (ARROW, "it") not in said(old(**into))  # web-to-cart's other half meets it
    assert (ARROW, "it") in said(old(**{**into, "toPort": 8081}))
    assert (ARROW, "it") in said(old(**{**into, "protocol": "udp"}))


@pytest.mark.parametrize("kind", [INGRESS, EGRESS])
def test_one_side_alone_is_no_arrow(said, kind):
    tags = {"owner": "shop", "stack": "shop-prod"}
    way = {"ipProtocol": "tcp", "fromPort": 9000, "toPort": 9000, "description": "it", "tags": tags}
    alone = Made(kind, "it", {**way, "securityGroupId": WEB, "referencedSecurityGroupId": CART})
    assert said(alone) == {(ARROW, "it")}
    elsewhere = Made(kind, "it", {**way, "securityGroupId": WEB, "referencedSecurityGroupId": "sg-0123"})
    assert said(elsewhere) == set()  # of another stack's groups nothing is known


def test_a_port_that_a_load_balancer_listens_on_is_declared(said):
    way = Made(INGRESS, "web", {**WORLD[INGRESS, "web"].props, "fromPort": 5223, "toPort": 5223})
    assert said(way) == {("everywhere_reaches_only_declared_ports", "web")}
    chat = {"loadBalancerArn": Ref(BALANCER, "front"), "port": 5223, "protocol": "TLS"}
    modern = {"sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06", "defaultActions": [{"type": "forward"}]}
    tags = {"tags": {"owner": "shop", "stack": "shop-prod"}}
    assert said(way, Made(LISTENER, "chat", {**chat, **modern, **tags})) == set()


@pytest.mark.parametrize(
    ("rule", "statement"),
    [
        ("a_statement_names_its_resources", {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::*/*"}),
        (
            "nobody_reads_every_secret",
            {"Action": "kms:Decrypt", "Resource": "arn:aws:kms:*:123456789012:key/*"},
        ),
        ("a_role_is_passed_by_name_to_a_named_service", {"Action": "iam:PassRole", "Resource": "*"}),
        ("a_statement_says_what_it_allows", {"Action": "sqs:SendMessage", "NotResource": "arn:aws:sqs:::x"}),
    ],
)
def test_rights_inside_a_role_are_read_too(said, rule, statement):
    inside = [{"name": "it", "policy": document({"Effect": "Allow", **statement})}]
    role = {"assumeRolePolicy": trust({"Service": "lambda.amazonaws.com"}), "inlinePolicies": inside}
    assert said(Made(ROLE, "it", {**role, "tags": {"owner": "shop", "stack": "shop-prod"}})) == {(rule, "it")}


def test_what_has_no_resource_level_or_a_tag_may_be_allowed_for_everything(said):
    free = allow("ec2:DescribeInstances", "cloudwatch:PutMetricData", on="*")
    tagged = allow("ec2:StopInstances", on="*", Condition={"StringEquals": {"ec2:ResourceTag/a": "b"}})
    for policy in (free, tagged):
        assert said(Made(ROLE_POLICY, "it", {"role": "it", "policy": policy})) == set()


def test_a_secret_is_found_in_a_task_and_in_plain_user_data_and_a_pointer_to_one_is_none(said):
    def task(**variables):
        given = [{"name": name, "value": value} for name, value in variables.items()]
        tags = {"owner": "shop", "stack": "shop-prod"}
        return Made(TASK, "it", {"containerDefinitions": Json([{"environment": given}]), "tags": tags})

    found = "no_secret_stands_in_an_environment"
    assert (found, "it") in said(task(DB_PASSWORD="correct-horse"))
    assert (found, "it") not in said(task(DB_PASSWORD="arn:aws:secretsmanager:x", TOKEN_URL="https://x"))
    web = WORLD[TEMPLATE, "web"].props
    key = "AKIA" + "Q" * 16
    assert said(
        Made(TEMPLATE, "web", {**web, "userData": f"#!/bin/sh\nexport AWS_ACCESS_KEY_ID={key}\n"})
    ) == {("no_secret_stands_in_user_data", "web")}
