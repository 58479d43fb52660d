"""One deployment against another: what a reader of a pull request wants to know."""

import json
import subprocess

import pytest

from fourplane.cli.app import run as command

SHOP = """
size, zone = pulumi.Config().get_int("size") or 1, pulumi.Config().get("zone") or "a"
vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16", tags={"stack": pulumi.get_stack()})
aws.ec2.NatGateway("out", subnet_id=aws.ec2.Subnet("net-a", vpc_id=vpc.id, cidr_block="10.0.0.0/24").id)
aws.ebs.Volume("data", availability_zone=f"us-east-1{zone}", size=100 * size, type="gp3")
for at in range(size):
    aws.ec2.Eip(f"out-{at}")
"""


@pytest.fixture
def told(write, monkeypatch, capsys):
    """told(*arguments): what `fourplane diff` prints as JSON in a shop's project."""
    root = write(SHOP, **{"Pulumi.shop-prod.yaml": ""})
    monkeypatch.chdir(root)

    def told(*arguments):
        assert command(["diff", *arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    told.root = root
    return told


def names(found):
    return [one["name"] for one in found]


def test_two_stacks_that_differ_by_name_alone_do_not_differ(told):
    found = told("shop-dev", "shop-prod")
    assert (found["added"], found["removed"], found["changed"]) == ([], [], [])
    assert found["monthly_usd"]["difference"] == 0


def test_a_setting_adds_changes_and_costs(told):
    found = told("shop", "--set", "size=2")
    assert (names(found["added"]), found["removed"]) == (["out-1"], [])
    (changed,) = found["changed"]
    assert changed["properties"] == {"size": {"before": 100.0, "after": 200.0}}
    assert changed["replaced_by"] == []
    assert found["monthly_usd"]["by_component"] == {"without a component": 8 + 3.65}
    assert names(told("shop", "--before", "size=2")["removed"]) == ["out-1"]


def test_what_can_only_be_set_once_makes_a_new_one(told):
    (changed,) = told("shop", "--set", "zone=b")["changed"]
    assert (changed["name"], changed["replaced_by"]) == ("data", ["availabilityZone"])


def test_what_was_left_to_aws_is_kept(told):
    main = told.root / "__main__.py"
    main.write_text(
        main.read_text()
        + 'place = None if zone == "left" else f"us-east-1{zone}"\n'
        + 'aws.rds.Instance("db", instance_class="db.t4g.small", availability_zone=place)\n'
    )

    def replaced(*arguments):
        return {one["name"]: one["replaced_by"] for one in told("shop", *arguments)["changed"]}["db"]

    assert replaced("--set", "zone=b") == ["availabilityZone"]
    assert replaced("--set", "zone=left") == []


def test_a_revision_is_compared_with_what_is_there(told):
    def git(*words):
        named = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        subprocess.run(["git", "-C", told.root, *named, *words], check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    main = told.root / "__main__.py"
    main.write_text(main.read_text().replace("/24", "/25") + 'aws.kms.Key("key")\n')
    found = told("shop", "--from", "HEAD")
    assert names(found["added"]) == ["key"]
    assert [(one["name"], one["replaced_by"]) for one in found["changed"]] == [("net-a", ["cidrBlock"])]
    assert found["monthly_usd"]["difference"] == 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["shop"], "there is nothing to tell apart: give another stack"),
        (["shop", "--from", "nowhere"], "git knows no revision 'nowhere'"),
        (["shop", "--from", "--output=x"], "a revision cannot begin with a dash"),
        (["shop", "shoop"], "no stack 'shoop'; did you mean 'shop-"),
    ],
)
def test_rejects_what_cannot_be_told_in_one_line(told, capsys, arguments, words):
    assert command(["diff", *arguments]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
