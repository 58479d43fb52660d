"""An event played against what a small stack holds in the cloud."""

import pulumi
import pulumi_aws as aws
import pytest

from components.control.event_calendar import EventCalendar
from fourplane.cli.app import run
from fourplane.errors import Mistake
from fourplane.rehearse import rehearse
from fourplane.sandbox import Sandbox

STARTS, ENDS = "2030-07-16T07:00:00Z", "2030-07-18T07:00:00Z"
REGION = "us-east-1"


def program():
    """A shop without anything but its tiers."""
    vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16")
    subnet = aws.ec2.Subnet("net-a", vpc_id=vpc.id, cidr_block="10.0.0.0/20", availability_zone=f"{REGION}a")
    template = aws.ec2.LaunchTemplate("web", image_id="ami-12345678", instance_type="t4g.small")
    group = aws.autoscaling.Group(
        "web",
        min_size=1,
        max_size=2,
        vpc_zone_identifiers=[subnet.id],
        launch_template={"id": template.id, "version": "$Latest"},
    )
    carts = aws.dynamodb.Table(
        "carts",
        billing_mode="PAY_PER_REQUEST",
        hash_key="cart",
        attributes=[{"name": "cart", "type": "S"}],
    )
    EventCalendar(
        "calendar",
        {
            "events": {
                "sale": {"starts": STARTS, "ends": ENDS, "times": 4},
                "fair": {"starts": "2031-07-16T07:00:00Z", "ends": "2031-07-18T07:00:00Z"},
            },
            "fleets": {"web": {"group_name": group.name, "minimum": 1, "maximum": 2}},
            "tables": {
                "carts": {
                    "table_name": carts.name,
                    "table_arn": carts.arn,
                    "reads": 5000,
                    "writes": 100,
                }
            },
            "databases": {"orders": {"cluster_id": "orders-1", "readers": 1}},
            "caches": {"items": {"replication_group_id": "items-1", "shards": 3}},
            "functions": {"suggest": {"function_name": "suggest-1", "alias": "live", "ready": 2}},
        },
    )


@pytest.fixture
def shop(run_in, tmp_path):
    """The shop, deployed."""
    with Sandbox() as cloud:
        yield run_in(tmp_path, program, cloud), cloud.client


def tiers(rehearsal):
    return {tier.name: tier for tier in rehearsal.tiers}


def test_every_tier_is_so_many_times_larger_during_the_event_and_comes_back(shop):
    rehearsal = rehearse(*shop, "sale")
    assert rehearsal.wrong == []
    assert {
        name: (t.before.least, t.during.ready, t.after.least) for name, t in tiers(rehearsal).items()
    } == {
        "web": (1, 4, 1),
        "carts-reads": (12000, 20000, 20000),  # what is warm stays so
        "carts-writes": (4000, 4000, 4000),
        "orders": (1, 4, 1),
        "items": (3, 12, 3),
        "suggest": (2, 8, 2),
    }
    assert all(tier.during.ready >= tier.target for tier in rehearsal.tiers)


def test_what_is_slow_begins_a_day_before_and_the_rest_half_an_hour(shop):
    at = {action.name: f"{action.at:%d %H:%M}" for action in rehearse(*shop, "sale").actions}
    assert at["sale.begin.carts"] == at["sale.begin.items"] == "15 07:00"
    assert at["sale.begin.web"] == at["sale.begin.orders"] == at["sale.begin.suggest"] == "16 06:30"
    assert at["sale.end.web"] == at["sale.end.items"] == "18 07:00"


def test_another_event_is_left_alone(shop):
    rehearse(*shop, "sale")
    held = shop[1]("autoscaling", REGION).describe_scheduled_actions()["ScheduledUpdateGroupActions"]
    assert {one["ScheduledActionName"] for one in held} >= {"fair.begin.web", "fair.end.web"}
    assert {action.name.split(".")[0] for action in rehearse(*shop, "fair").actions} == {"fair"}


def test_a_tier_that_nothing_makes_larger_is_found(shop):
    group = shop[0].one("aws:autoscaling/group:Group").id
    shop[1]("autoscaling", REGION).delete_scheduled_action(
        AutoScalingGroupName=group, ScheduledActionName="sale.begin.web"
    )
    assert rehearse(*shop, "sale").wrong == ["web has 1 while the event is on, not 4"]


def test_a_tier_that_is_made_larger_too_late_is_found(shop):
    group = shop[0].one("aws:autoscaling/group:Group").id
    shop[1]("autoscaling", REGION).put_scheduled_update_group_action(
        AutoScalingGroupName=group,
        ScheduledActionName="sale.begin.web",
        StartTime="2030-07-16T07:01:00Z",
        MinSize=4,
        MaxSize=8,
    )
    assert rehearse(*shop, "sale").wrong == ["web has 1 while the event is on, not 4"]


def test_a_tier_that_does_not_come_back_is_found(shop):
    scaling = shop[1]("application-autoscaling", REGION)
    for action in scaling.describe_scheduled_actions(ServiceNamespace="rds")["ScheduledActions"]:
        if action["ScheduledActionName"] == "sale.end.orders":
            scaling.put_scheduled_action(
                **{k: action[k] for k in ("ServiceNamespace", "ResourceId", "ScalableDimension", "Schedule")},
                ScheduledActionName="sale.end.orders",
                ScalableTargetAction={"MinCapacity": 3},
            )
    assert rehearse(*shop, "sale").wrong == ["orders is kept at 3 to 15 in the end, not at 1 to 15 as before"]


def test_what_the_cloud_refuses_is_told(shop):
    shop[1]("dynamodb", REGION).delete_table(TableName=shop[0].one("aws:dynamodb/table:Table").id)
    found = tiers(rehearse(*shop, "sale"))
    assert found["carts-reads"].why.startswith("carts-reads has 0 while the event is on, not 20000: Resource")
    assert found["web"].why == ""


def test_rejects_an_event_that_the_calendar_does_not_have(shop):
    with pytest.raises(Mistake, match="dev has no event 'prime-day'; known events: fair, sale"):
        rehearse(*shop, "prime-day")


def test_rejects_a_stack_without_a_calendar(run_in, tmp_path):
    with Sandbox() as cloud, pytest.raises(Mistake, match="no event 'sale'; it has no calendar of events"):
        rehearse(run_in(tmp_path, lambda: pulumi.export("a", 1), cloud), cloud.client, "sale")


@pytest.fixture
def command(tmp_path, monkeypatch):
    """A project whose stack is the shop, to run the command in."""
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "Pulumi.shop-dev.yaml").write_text("")
    (tmp_path / "__main__.py").write_text("from tests.fourplane.test_rehearse import program\n\nprogram()\n")
    monkeypatch.chdir(tmp_path)


def test_a_stack_that_is_ready_is_exit_0_and_a_table(command, capfd):
    assert run(["rehearse", "shop-dev", "sale"]) == 0
    out = capfd.readouterr().out
    assert out.startswith(f"shop-dev: sale, {STARTS} to {ENDS}\n\nwhat is done, and when (UTC)\n")
    assert "  2030-07-16 06:30  begin  web      4 to 8\n" in out
    assert "  web           fleet     1, " not in out and "\nshop-dev is ready for sale\n" in out


def test_an_unknown_event_is_one_line_and_exit_2(command, capfd):
    assert run(["rehearse", "shop-dev", "prime-day"]) == 2
    told = capfd.readouterr()
    assert told.out == "" and told.err.endswith(
        "error: shop-dev has no event 'prime-day'; known events: fair, sale\n"
    )
