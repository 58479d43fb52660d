"""Ways that time opens."""

import json

import pulumi_aws as aws

from components.control.event_calendar import EventCalendar
from components.service.function import Function
from components.state.work_queue import WorkQueue

SALE = {"starts": "2030-07-16T07:00:00Z", "ends": "2030-07-18T07:00:00Z"}
PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1"]}
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


def program():
    group = aws.autoscaling.Group("web", min_size=1, max_size=2, vpc_zone_identifiers=["subnet-1"])
    cluster = aws.rds.Cluster("orders", engine="aurora-mysql")
    function = Function("suggest", {**PLACE, "code": {"a.py": __file__}, "handler": "a.b", "live": True})
    role = aws.iam.Role("warm", assume_role_policy=TRUST)
    machine = aws.sfn.StateMachine("warm", role_arn=role.arn, definition="{}")
    EventCalendar(
        "calendar",
        {
            "events": {"sale": SALE},
            "fleets": {"web": {"group_name": group.name, "minimum": 1, "maximum": 2}},
            "databases": {"orders": {"cluster_id": cluster.id, "readers": 1}},
            "functions": {"suggest": {"function_name": function.function_name, "alias": "live", "ready": 1}},
            "machine_arn": machine.arn,
        },
    )


def test_a_calendar_reaches_what_it_makes_larger_and_what_it_starts(ways):
    assert {way for way in ways(program) if way.startswith("calendar -> ")} >= {
        "calendar -> web scheduled action autoscaling",
        "calendar -> orders scheduled action rds",
        "calendar -> suggest scheduled action lambda",
        "calendar -> warm schedule states",
    }


def test_a_schedule_whose_role_may_not_starts_nothing(ways):
    found = ways(program, without=["RolePolicy calendar-calls"])
    assert not any(way.endswith("schedule states") for way in found)


def test_a_queue_feeds_a_function_by_its_alias_and_the_function_does_not_reach_back(ways):
    def fed():
        queue = WorkQueue("jobs", {"disposable": True})
        feed = {"queue_arn": queue.arn, "statements": queue.exit.grants()}
        code = {"code": {"a.py": __file__}, "handler": "a.b"}
        Function("worker", {**PLACE, **code, "live": True, "feed": feed})

    found = ways(fed)
    assert "jobs -> worker event source mapping lambda" in found
    assert not any(way.startswith("worker -> jobs") for way in found)
