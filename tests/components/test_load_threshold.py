"""Too much load is noticed in seconds; when nobody measures, somebody is told."""

import pytest

from components.control.load_threshold import LoadThreshold

TOPIC = "arn:aws:sns:us-east-1:123456789012:t"
ARGS = {"namespace": "dev/hot", "metric_name": "Hottest", "alarm_actions": [TOPIC]}


def alarms(graph):
    return {one.name: one.inputs for one in graph.all("aws:cloudwatch/metricAlarm:MetricAlarm")}


def test_too_much_load_for_ten_seconds_sets_it_off_and_no_news_leaves_it_as_it_is(preview):
    load = alarms(preview(lambda: LoadThreshold("load", ARGS)))["load"]
    assert (load["period"], load["evaluationPeriods"], load["statistic"]) == (10, 1, "Average")
    assert (load["threshold"], load["treatMissingData"]) == (1000, "missing")


def test_a_monitor_that_says_nothing_is_told_of(preview):
    silence = alarms(preview(lambda: LoadThreshold("load", ARGS)))["load-silence"]
    assert (silence["treatMissingData"], silence["alarmActions"]) == ("breaching", [TOPIC])


def test_rejects_a_threshold_that_nothing_is_under(preview):
    with pytest.raises(Exception, match="threshold must be over 0, got 0"):
        preview(lambda: LoadThreshold("load", {**ARGS, "threshold": 0}))
