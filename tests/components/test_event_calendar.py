"""What is held for events that are known of, and calendars that cannot be."""

import json

import pytest

from components.control.event_calendar import EventCalendar

SALE = {"starts": "2030-07-16T07:00:00Z", "ends": "2030-07-18T07:00:00Z"}
WEB = {"web": {"group_name": "web-1", "minimum": 2, "maximum": 8}}
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:warm"
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/carts"
TIERS = {
    "fleets": WEB,
    "tables": {"carts": {"table_name": "carts", "table_arn": TABLE, "reads": 3000, "writes": 3000}},
    "databases": {"orders": {"cluster_id": "orders-1", "readers": 1}},
    "caches": {"items": {"replication_group_id": "items-1", "shards": 2}},
    "functions": {"suggest": {"function_name": "f", "alias": "live", "ready": 3}},
}
SCHEDULE = "aws:scheduler/schedule:Schedule"


def calendar(**args):
    return lambda: EventCalendar("calendar", {"events": {"sale": SALE}, "fleets": WEB, **args})


def test_a_fleet_is_ten_times_larger_half_an_hour_before_and_itself_again_after(preview):
    held = {
        one.inputs["scheduledActionName"]: one.inputs
        for one in preview(calendar()).all("aws:autoscaling/schedule:Schedule")
    }
    begin, end = held["sale.begin.web"], held["sale.end.web"]
    assert (begin["startTime"], begin["minSize"], begin["maxSize"]) == ("2030-07-16T06:30:00Z", 20, 80)
    assert (end["startTime"], end["minSize"], end["maxSize"]) == (SALE["ends"], 2, 8)
    assert {one["desiredCapacity"] for one in held.values()} == {-1}  # nobody leaves while there is load


def test_every_other_tier_has_a_target_that_two_actions_move(preview):
    graph = preview(calendar(**TIERS))
    targets = {one.inputs["resourceId"]: one.inputs for one in graph.all("aws:appautoscaling/target:Target")}
    assert {name: (one["minCapacity"], one["maxCapacity"]) for name, one in targets.items()} == {
        "cluster:orders-1": (1, 15),
        "replication-group/items-1": (2, 2),
        "function:f:live": (3, 6),
    }
    actions = graph.all("aws:appautoscaling/scheduledAction:ScheduledAction")
    assert {one.inputs["name"]: one.inputs["scalableTargetAction"]["minCapacity"] for one in actions} == {
        "sale.begin.orders": 10, "sale.end.orders": 1,
        "sale.begin.items": 20, "sale.end.items": 2,
        "sale.begin.suggest": 30, "sale.end.suggest": 3,
    }  # fmt: skip
    assert {one.inputs["schedule"] for one in actions if one.inputs["name"] == "sale.begin.items"} == {
        "at(2030-07-15T07:00:00)"
    }


def test_a_table_is_warmed_by_one_call_that_may_nothing_else(preview):
    graph = preview(calendar(**TIERS))
    call = graph.one(SCHEDULE).inputs
    said = json.loads(call["target"]["input"])
    assert call["target"]["arn"] == "arn:aws:scheduler:::aws-sdk:dynamodb:updateTable"
    assert said["WarmThroughput"] == {"ReadUnitsPerSecond": 30000, "WriteUnitsPerSecond": 30000}
    allowed = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]
    assert {(one["Action"], one["Resource"]) for one in allowed} == {
        ("dynamodb:UpdateTable", TABLE),
        ("sqs:SendMessage", graph.one("aws:sqs/queue:Queue").outputs["arn"]),
    }


def test_caches_are_warmed_when_all_else_is_large_and_a_start_that_fails_is_parked(preview):
    call = preview(calendar(machine_arn=MACHINE)).one(SCHEDULE).inputs
    assert (call["name"], call["scheduleExpression"]) == ("sale.warm", "at(2030-07-16T06:45:00)")
    assert json.loads(call["target"]["input"]) == {"event": "sale"} and call["target"]["deadLetterConfig"]


def test_it_says_what_each_event_promises(preview):
    graph = preview(calendar(**TIERS))
    promised = json.loads(graph.one("fourplane:index:EventCalendar").outputs["plan"])["sale"]
    assert promised["starts"] == SALE["starts"]
    assert {name: one["target"] for name, one in promised["tiers"].items()} == {
        "web": 20, "carts-reads": 30000, "carts-writes": 30000, "orders": 10, "items": 20, "suggest": 30
    }  # fmt: skip


ORDERS = {"cluster_id": "a", "readers": 2}
NEXT = {"starts": "2030-07-18T07:20:00Z", "ends": "2030-07-19T07:00:00Z"}
CODE = {"function_name": "f", "alias": "a", "ready": 1}
LARGE = {"replication_group_id": "a", "shards": 20}


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({"events": {}}, "events must be one event or more"),
        ({"fleets": {}}, "fleets must be given, or tables, databases"),
        ({"events": {"sale": {**SALE, "starts": "tomorrow"}}}, "times of UTC such as 2030-07-16T07:00:00Z"),
        ({"events": {"sale": {**SALE, "ends": SALE["starts"]}}}, "over after they start"),
        ({"events": {"sale": {**SALE, "lead_minutes": 10}}}, "warmed 0 to 10 minutes ahead"),
        ({"events": {"a": SALE, "b": NEXT}}, "made ready for after 'a' is over"),
        ({"databases": {"orders": ORDERS}}, r"at most 15 readers a cluster \(https://docs.aws.* got 20"),
        ({"caches": {"c": LARGE}}, "at most 500 nodes a cluster.* got 600"),
        ({"functions": {"web": CODE}}, "all of other names, got 'web'"),
    ],
)  # fmt: skip
def test_rejects_what_cannot_be(preview, args, told):
    with pytest.raises(Exception, match=f"EventCalendar 'calendar': .*{told}"):
        preview(calendar(**args))


def test_a_tier_may_grow_less_than_the_others(preview):
    graph = preview(calendar(databases={"orders": {**ORDERS, "times": 7}}))
    promised = json.loads(graph.one("fourplane:index:EventCalendar").outputs["plan"])["sale"]["tiers"]
    assert promised["orders"]["target"] == 14 and promised["web"]["target"] == 20
