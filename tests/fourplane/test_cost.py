"""A month's bill: exact, complete, and honest about what it does not know."""

import json
from decimal import ROUND_HALF_UP, Decimal

import pytest
import yaml

from fourplane import schema
from fourplane.cli.app import run as command
from fourplane.cost import book as prices
from fourplane.cost import case
from fourplane.cost.bill import bill
from fourplane.cost.book import Book
from fourplane.cost.meters import METERS
from fourplane.cost.usage import Costs, Usage, kinds

SHOP = """
vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16")
subnets = [aws.ec2.Subnet(f"net-{at}", vpc_id=vpc.id, cidr_block=f"10.0.{at}.0/24") for at in range(2)]
template = aws.ec2.LaunchTemplate("web", instance_type="t4g.small", monitoring={"enabled": True},
    block_device_mappings=[{"device_name": "/dev/xvda", "ebs": {"volume_size": 20, "volume_type": "gp3"}}])
aws.autoscaling.Group("web", min_size=2, max_size=6, launch_template={"id": template.id, "version": "1"})
aws.ec2.NatGateway("out", subnet_id=subnets[0].id, allocation_id=aws.ec2.Eip("out").id)
aws.lb.LoadBalancer("web", internal=True, subnets=[one.id for one in subnets])
aws.elasticache.ReplicationGroup("carts", description="carts", engine="valkey", node_type="cache.t4g.small",
    num_node_groups=2, replicas_per_node_group=1)
aws.kms.Key("key")
"""
BY_HAND = {
    # 2 machines, 20 GB each, 7 metrics each
    "Group": 2 * 730 * Decimal("0.0168") + 2 * 20 * Decimal("0.08") + 14 * Decimal("0.30"),
    "NatGateway": 730 * Decimal("0.045") + 100 * Decimal("0.045"),
    "Eip": 730 * Decimal("0.005"),
    "LoadBalancer": 730 * Decimal("0.0225") + 730 * Decimal("0.008"),
    "ReplicationGroup": 4 * 730 * Decimal("0.0256"),
    "Key": 1 + Decimal(3),
    # 100 GB that cross zones, paid at both ends, and 10 that leave
    "Vpc": 200 * Decimal("0.01") + 10 * Decimal("0.09"),
}


@pytest.fixture
def billed(run):
    """billed(program, *usage): its bill, with own prices if there are any."""

    def billed(program, *given, own=None, costs=None, settings=None):
        return bill(run(program, preview=True), Book(own=own), Usage(costs, given, settings))

    return billed


@pytest.fixture
def at(write, monkeypatch):
    """at(program): the command runs in a project with it."""
    return lambda program: monkeypatch.chdir(write(program))


def test_a_small_stack_is_billed_to_the_cent(billed):
    found = billed(SHOP)
    exact = {item.resource.type.rsplit(":")[-1]: item.exact for item in found.items if item.lines}
    assert exact == BY_HAND
    assert sum(BY_HAND.values()) == Decimal("176.845")
    assert found.usd == Decimal("176.85")


def test_resources_components_and_planes_each_add_up_to_the_whole(billed):
    found = billed('for at in range(50):\n    aws.cloudwatch.LogGroup(f"log-{at}", retention_in_days=7)\n')
    exact = sum(item.exact for item in found.items)
    assert found.usd == exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert found.usd == sum(item.usd for item in found.items)
    assert found.usd == sum(found.by("plane").values()) == sum(found.by("component").values())
    assert {abs(item.usd - item.exact) < Decimal("0.01") for item in found.items} == {True}


def test_a_fleet_stands_as_far_between_its_least_and_its_most_as_is_assumed(billed):
    one = next(
        item
        for item in billed(SHOP, "web.fleet_load_percent=50").items
        if item.resource.name == "web" and "autoscaling" in item.resource.type
    )
    assert {line.quantity for line in one.lines} == {4 * 730, 4 * 20, 4 * 7}
    assert {a.value for line in one.lines for a in line.assumed} == {Decimal(50)}


def test_what_costs_nothing_says_why(billed):
    free = {item.resource.type: item.free for item in billed(SHOP).items if not item.lines}
    assert set(free) == {"aws:ec2/subnet:Subnet", "aws:ec2/launchTemplate:LaunchTemplate"}
    assert all(free.values())


def test_a_type_or_a_machine_without_a_price_is_named_and_never_silently_zero(billed):
    found = billed(
        'aws.lightsail.Disk("d", size_in_gb=8, availability_zone="us-east-1a")\n'
        'aws.ec2.Instance("m", instance_type="m99.large", ami="ami-1")\n'
    )
    assert {item.title: item.unpriced for item in found.unpriced} == {
        "d": "no price of a aws:lightsail/disk:Disk",
        "m": "no price of ec2.m99.large",
    }


def test_more_costs_less_where_a_price_has_steps(billed):
    program = 'aws.ec2.Vpc("net", cidr_block="10.0.0.0/16")\n'
    found = billed(program, "internet_gigabytes=20480", "zone_gigabytes=0")
    assert found.usd == 10240 * Decimal("0.09") + 10240 * Decimal("0.085")


def test_another_region_has_prices_of_its_own_or_an_estimate_that_is_told_as_one(billed):
    program = """
abroad = pulumi.ResourceOptions(provider=aws.Provider("abroad", region="REGION"))
aws.ec2.NatGateway("out", subnet_id="subnet-1", opts=abroad)
aws.ec2.Instance("m", instance_type="m7g.large", ami="ami-1", opts=abroad)
"""
    found = billed(program.replace("REGION", "eu-west-1"))
    prices = {line.price.name: line.price for item in found.items for line in item.lines}
    assert prices["nat.hour"].tiers[0][1] == Decimal("0.048")
    assert prices["ec2.m7g.large"].tiers[0][1] == Decimal("0.0816") * Decimal("1.11")
    assert prices["ec2.m7g.large"].confidence == "estimated, 1.11 of us-east-1's"
    assert billed(program.replace("REGION", "af-south-1")).guessed == ["af-south-1"]


def test_own_prices_go_before_the_list_for_new_machines_and_whole_types_too(billed, tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text(
        "nat.hour: 0\nec2.m99.large: 0.5\n'aws:lightsail/disk:Disk': 1.25\neu-west-1: {ipv4.hour: 9}\n"
    )
    found = billed(
        'aws.lightsail.Disk("d", size_in_gb=8, availability_zone="us-east-1a")\n'
        'aws.ec2.Instance("m", instance_type="m99.large", ami="ami", root_block_device={"volume_size": 10})\n'
        'aws.ec2.Eip("e")\n',
        own=own,
    )
    assert found.usd == Decimal("1.25") + 365 + 1 + Decimal("3.65")
    assert not found.unpriced


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nat.our: 1", "no price is named 'nat.our'; did you mean 'nat.hour'?"),
        ("nat.hour: -1", "nat.hour must be US dollars, 0 or more, got -1"),
        ("nat.hour: cheap", "nat.hour must be US dollars, 0 or more, got 'cheap'"),
        ("nat.hour: .nan", "nat.hour must be US dollars, 0 or more, got nan"),
        ("- 1", "must hold a mapping of prices to US dollars, got list"),
        ("a: [", "own.yaml:1: not YAML"),
        (None, "own.yaml cannot be read: No such file or directory"),
    ],
)
def test_rejects_prices_that_make_no_sense_in_one_line(at, tmp_path, capsys, text, words):
    at('aws.ec2.Eip("e")\n')
    own = tmp_path / "own.yaml"
    if text is not None:
        own.write_text(text)
    assert command(["cost", "shop-dev", "--prices", str(own)]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("usage", "words"),
    [
        ("nat_gigabyte=1", "nothing is assumed of 'nat_gigabyte'; did you mean 'nat_gigabytes'?"),
        ("nat_gigabytes", "--usage must be KEY=VALUE, got 'nat_gigabytes'"),
        ("nat_gigabytes=much", "nat_gigabytes must be a number, 0 or more, got 'much'"),
        ("nat_gigabytes=-1", "nat_gigabytes must be a number, 0 or more, got '-1'"),
        ("nat_gigabytes=2 * nothing", "'nothing' is no number among the settings"),
        ("wep.nat_gigabytes=1", "shop-dev has no 'wep' of which something could be assumed"),
    ],
)
def test_rejects_assumptions_that_make_no_sense_in_one_line(at, capsys, usage, words):
    at('aws.ec2.Eip("e")\n')
    assert command(["cost", "shop-dev", "--usage", usage]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


def test_the_nearest_assumption_holds_and_may_be_so_many_times_a_setting(billed):
    costs = Costs({"nat_gigabytes": 1, "out": {"nat_gigabytes": "17 * terabytes"}})
    program = SHOP + 'aws.ec2.NatGateway("other", subnet_id=subnets[1].id)\n'
    found = billed(program, costs=costs, settings={"terabytes": "3"})
    of = {i.title: i.lines[1].quantity for i in found.items if i.resource.type.endswith("NatGateway")}
    assert of == {"out": 51, "other": 1}


def test_the_command_prints_one_object_of_five_keys(at, capsys):
    at(SHOP)
    assert command(["cost", "shop", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["monthly_usd", "by_plane", "by_component", "resources", "unpriced"]
    assert found["monthly_usd"] == 176.85
    assert len(found["resources"]) == 10


def test_the_command_prints_every_assumption_and_what_is_not_counted(at, capsys):
    at(SHOP)
    assert command(["cost", "shop", "--usage", "out.nat_gigabytes=7"]) == 0
    said = capsys.readouterr().out
    asked = {
        "fleet_load_percent",
        "out.nat_gigabytes",
        "balancer_units",
        "zone_gigabytes",
        "internet_gigabytes",
    }
    asked |= {"cache_backup_gigabytes", "key_requests_millions"}
    told = said[said.index("assumed of a month") :].splitlines()[1:-1]
    assert {line.split()[0] for line in told} == asked - {"cache_backup_gigabytes"}
    assert said.splitlines()[-1].startswith("Not counted: free tiers")


def test_two_stacks_are_compared(at, capsys):
    at(SHOP)
    assert command(["cost", "shop", "--json", "--compare", "shop-dev"]) == 0
    assert json.loads(capsys.readouterr().out)["compared_to"]["difference_usd"] == 0
    assert command(["cost", "shop", "--compare", "shopp"]) == 2


def test_a_budget_is_held_against_the_bill_of_its_components(run):
    program = """
aws.ec2.NatGateway("out", subnet_id="subnet-1", tags={"component": "network"})
aws.budgets.Budget("money", budget_type="COST", time_unit="MONTHLY", limit_unit="USD", limit_amount="30",
    filter_expression={"ands": [{"tags": {"key": "component", "values": ["network"]}}]})
"""
    graph = run(program, preview=True)
    (one,) = case.budgets(graph, bill(graph, Book(), Usage()))
    assert (one.limit, one.costs, one.holds, one.would_do) == (30, Decimal("37.35"), False, 47)


def test_every_price_has_a_unit_a_source_a_date_and_says_how_sure_it_is():
    book = Book()
    for one in (book.price(name, "us-east-1") for name in book.names()):
        assert one.source.startswith("https://aws.amazon.com/")
        assert one.unit
        assert one.as_of.startswith("2026-")
        assert one.confidence in ("listed", "compared", "recalled")


def test_prices_stand_once_and_meters_read_types_that_there_are():
    groups = yaml.safe_load(prices.DATA.read_text())["groups"]
    names = [name for group in groups for name in group["usd"]]
    assert len(names) == len(set(names))
    assert all(set(there) <= set(group["usd"]) for group in groups for there in group.get("in", {}).values())
    assert all(schema.resource_class(one) for one in METERS if one.startswith("aws:"))


def test_nothing_is_assumed_that_no_meter_asks_for():
    folder = prices.DATA.parent
    text = "".join(path.read_text() for path in folder.glob("*.py"))
    assert [name for name in kinds() if f'"{name}"' not in text] == []
