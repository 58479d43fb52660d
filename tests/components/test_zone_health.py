"""A zone, and a region, that somebody watches."""

import pytest

from components.control.region_health import RegionHealth, two_of
from components.control.zone_health import ZoneHealth

METRIC = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
TOPIC = "arn:aws:sns:us-east-1:123456789012:t"


def fleets(*names):
    return {
        n: {"load_balancer_dimension": f"app/{n}", "target_group_dimension": f"targetgroup/{n}"}
        for n in names
    }


def zone(*names, **more):
    args = {"zone": "us-east-1b", "fleets": fleets(*names), "alarm_actions": [TOPIC], **more}
    return lambda: ZoneHealth("it", args)


def test_a_zone_is_lost_once_one_fleet_has_no_healthy_machine_there(preview):
    alarm = preview(zone("web", "api")).one(METRIC).inputs
    expression = next(q["expression"] for q in alarm["metricQueries"] if "expression" in q)
    assert expression == "MIN([FILL(m0, 0), FILL(m1, 0)])"
    assert (alarm["comparisonOperator"], alarm["threshold"]) == ("LessThanThreshold", 1)


def test_only_machines_of_the_zone_count(preview):
    queries = preview(zone("web", "api")).one(METRIC).inputs["metricQueries"]
    asked = [q["metric"]["dimensions"] for q in queries if "metric" in q]
    assert {d["AvailabilityZone"] for d in asked} == {"us-east-1b"}
    assert {d["TargetGroup"] for d in asked} == {"targetgroup/web", "targetgroup/api"}


def test_a_zone_of_which_nothing_is_heard_counts_as_lost_and_somebody_is_told(preview):
    alarm = preview(zone("web")).one(METRIC).inputs
    assert alarm["treatMissingData"] == "breaching"
    assert alarm["alarmActions"] == alarm["okActions"] == [TOPIC]


def test_two_zones_at_once_are_the_region_s_failure():
    assert two_of({"c": "C", "a": "A", "b": "B"}) == (
        '(ALARM("A") AND ALARM("B")) OR (ALARM("A") AND ALARM("C")) OR (ALARM("B") AND ALARM("C"))'
    )


def test_a_region_s_alarm_tells_its_topic(preview):
    args = {"zone_alarm_arns": {"a": "A", "b": "B"}, "alarm_actions": [TOPIC]}
    alarm = preview(lambda: RegionHealth("it", args)).one(COMPOSITE).inputs
    assert alarm["alarmActions"] == [TOPIC] and alarm["alarmRule"] == '(ALARM("A") AND ALARM("B"))'


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (zone(), "fleets must be 1 to 10"),
        (zone(*"abcdefghijk"), "fleets must be 1 to 10, as many metrics as an alarm takes"),
        (zone("web", least=0), "least must be at least 1, got 0"),
        (lambda: RegionHealth("it", {"zone_alarm_arns": {"a": "A"}}), "alarms of 2 zones or more"),
    ],
)
def test_rejects_a_watch_that_could_not_tell(preview, program, said):
    with pytest.raises(Exception, match=said):
        preview(program)
