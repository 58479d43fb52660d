"""Objectives of availability: what counts as failed, and when somebody is told."""

import pytest

from components.control.availability import Availability
from components.control.cdn_availability import CdnAvailability
from components.control.storage_availability import StorageAvailability

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
TOPIC = "arn:aws:sns:us-east-1:123456789012:t"
BALANCER = {"load_balancer_dimension": "app/api/1", "percent": 99.9}
EVERY = [
    (Availability, BALANCER),
    (CdnAvailability, {"distribution_id": "E1", "percent": 99.95}),
    (StorageAvailability, {"bucket": "content", "percent": 99.99}),
]


@pytest.fixture
def alarm(preview):
    """alarm(component, args, **more): the inputs of the component's alarm."""
    return lambda cls, args, **more: preview(lambda: cls("it", {**args, **more})).one(ALARM).inputs


def measured(alarm):
    """The metrics of an alarm, and the math over them."""
    metrics = {q["metric"]["metricName"]: q["metric"] for q in alarm["metricQueries"] if "metric" in q}
    return metrics, next(q["expression"] for q in alarm["metricQueries"] if "expression" in q)


@pytest.mark.parametrize(("cls", "args"), EVERY)
def test_the_alarm_goes_off_when_more_fails_than_the_objective_allows(alarm, cls, args):
    made = alarm(cls, args, minutes=5, alarm_actions=[TOPIC])
    assert made["comparisonOperator"] == "GreaterThanThreshold" and made["evaluationPeriods"] == 5
    assert made["threshold"] == round(100 - args["percent"], 6) and made["alarmActions"] == [TOPIC]
    assert f"{args['percent']} %" in made["alarmDescription"] and "5 min" in made["alarmDescription"]


def test_of_a_service_the_machines_errors_and_the_balancer_s_own_count(alarm):
    metrics, expression = measured(alarm(Availability, BALANCER))
    assert metrics.keys() == {"RequestCount", "HTTPCode_ELB_5XX_Count", "HTTPCode_Target_5XX_Count"}
    assert {metric["dimensions"]["LoadBalancer"] for metric in metrics.values()} == {"app/api/1"}
    assert expression == "100 * (FILL(refused, 0) + FILL(failed, 0)) / requests"


def test_of_what_is_behind_a_service_only_the_machines_errors_count(alarm):
    metrics, expression = measured(alarm(Availability, BALANCER, behind=True))
    assert metrics.keys() == {"RequestCount", "HTTPCode_Target_5XX_Count"}
    assert expression == "100 * (FILL(failed, 0)) / requests"


def test_of_a_distribution_the_answers_to_viewers_count_where_cloudfront_s_metrics_are(alarm):
    made = alarm(*EVERY[1])
    metrics, _ = measured(made)
    assert made["region"] == "us-east-1"
    assert metrics["5xxErrorRate"]["dimensions"] == {"DistributionId": "E1", "Region": "Global"}


def test_of_a_bucket_all_requests_count_and_s3_is_told_to_count_them(preview):
    graph = preview(lambda: StorageAvailability("it", EVERY[2][1]))
    metrics, _ = measured(graph.one(ALARM).inputs)
    filter_id = graph.one("aws:s3/bucketMetric:BucketMetric").inputs["name"]
    assert {m["dimensions"]["FilterId"] for m in metrics.values()} == {filter_id}
    assert metrics.keys() == {"AllRequests", "5xxErrors"}


@pytest.mark.parametrize(("cls", "args"), EVERY)
@pytest.mark.parametrize("percent", [0, 100, 101])
def test_rejects_an_objective_that_cannot_be(alarm, cls, args, percent):
    with pytest.raises(Exception, match=f"percent must be over 0 and under 100.*got {percent}"):
        alarm(cls, args, percent=percent)


def test_rejects_a_window_of_no_minutes(alarm):
    with pytest.raises(Exception, match="minutes must be 1 to 1440, got 0"):
        alarm(Availability, BALANCER, minutes=0)
