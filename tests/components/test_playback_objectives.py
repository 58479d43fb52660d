import json

import pytest

from components.control.budget import Budget
from components.control.playback_objectives import PlaybackObjectives

PROMISED = {"video_start_ms": 100, "rebuffer_percent": 0.5, "uhd_percent": 25, "usd_per_gigabyte": 0.02}
ARGS = {"namespace": "dev-beacon", "objectives": PROMISED}
TOPIC = "arn:aws:sns:us-east-1:123456789012:t"


def alarms(graph):
    return {r.name.removeprefix("film-"): r for r in graph.all("aws:cloudwatch/metricAlarm:MetricAlarm")}


@pytest.fixture
def promised(preview):
    return preview(lambda: PlaybackObjectives("film", {**ARGS, "alarm_actions": [TOPIC]}))


def test_streams_begin_within_the_time_that_is_promised(promised):
    alarm = alarms(promised)["video-start"].inputs
    assert (alarm["metricName"], alarm["extendedStatistic"], alarm["threshold"]) == ("VideoStart", "p99", 100)
    assert alarm["comparisonOperator"] == "GreaterThanOrEqualToThreshold"  # less than 100 is promised


@pytest.mark.parametrize(
    ("key", "metrics", "operator", "threshold"),
    [
        ("rebuffer", {"Stalled", "Watched"}, "GreaterThanOrEqualToThreshold", 0.5),
        ("quality", {"Bytes", "BytesIn4K"}, "LessThanThreshold", 25),
        ("cost", {"EstimatedCharges", "Bytes"}, "GreaterThanThreshold", 0.02),
    ],
)
def test_every_other_promise_is_measured_too(promised, key, metrics, operator, threshold):
    alarm = alarms(promised)[key].inputs
    measured = {one["metric"]["metricName"] for one in alarm["metricQueries"] if "metric" in one}
    assert measured == metrics
    assert (alarm["comparisonOperator"], alarm["threshold"]) == (operator, threshold)


def test_an_alarm_looks_back_a_day_at_most(promised):
    for alarm in alarms(promised).values():
        periods = [
            one["metric"]["period"] for one in alarm.inputs.get("metricQueries", []) if "metric" in one
        ]
        seconds = max(periods or [alarm.inputs.get("period")]) * alarm.inputs["evaluationPeriods"]
        assert seconds <= 86400, alarm.name


def test_somebody_is_told_where_the_metrics_are(promised):
    assert {one.region for one in alarms(promised).values()} == {"us-east-1"}
    assert all(one.inputs["alarmActions"] == [TOPIC] for one in alarms(promised).values())


def test_the_dashboard_shows_all_four(promised):
    shown = json.loads(promised.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])
    arns = {
        arn for one in shown["widgets"] for arn in one["properties"].get("annotations", {}).get("alarms", [])
    }
    assert arns == {one.outputs["arn"] for one in alarms(promised).values()}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"video_start_ms": 0}, "objectives.video_start_ms must be at least 1"),
        ({"rebuffer_percent": 0}, "objectives.rebuffer_percent must be over 0 and under 100"),
        ({"uhd_percent": 100}, "objectives.uhd_percent must be over 0 and under 100"),
        ({"usd_per_gigabyte": 0}, "objectives.usd_per_gigabyte must be over 0"),
    ],
)
def test_rejects_promises_that_mean_nothing(preview, wrong, words):
    with pytest.raises(Exception, match=words):
        preview(lambda: PlaybackObjectives("film", {**ARGS, "objectives": {**PROMISED, **wrong}}))


def test_a_budget_is_for_its_own_components_and_told_in_time(preview):
    args = {"monthly_usd": 2000, "components": ["us", "eu"], "topic_arns": [TOPIC]}
    made = preview(lambda: Budget("films", args)).one("aws:budgets/budget:Budget").inputs
    tags = {one["tags"]["key"]: one["tags"]["values"] for one in made["filterExpression"]["ands"]}
    assert tags == {"stack": ["dev"], "component": ["us", "eu"]} and made["limitAmount"] == "2000.00"
    assert {(one["notificationType"], one["threshold"]) for one in made["notifications"]} == {
        ("ACTUAL", 80), ("FORECASTED", 100)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"monthly_usd": 0, "components": ["a"]}, "monthly_usd must be over 0"),
        ({"monthly_usd": 1, "components": []}, "components must be one component or more"),
    ],
)
def test_rejects_a_budget_for_nothing(preview, args, words):
    with pytest.raises(Exception, match=words):
        preview(lambda: Budget("films", args))
