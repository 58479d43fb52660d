import pytest

from components.control.availability import Availability

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


def availability(**args):
    return lambda: Availability("api", {"load_balancer_dimension": "app/api/1", "percent": 99.9, **args})


def test_the_alarm_goes_off_when_more_fails_than_the_objective_allows(preview):
    alarm = preview(availability()).one(ALARM).inputs
    assert alarm["threshold"] == 0.1 and alarm["comparisonOperator"] == "GreaterThanThreshold"
    expression = next(q["expression"] for q in alarm["metricQueries"] if "expression" in q)
    assert expression == "100 * (FILL(refused, 0) + FILL(failed, 0)) / requests"


def test_the_machines_errors_and_the_balancer_s_own_count(preview):
    queries = preview(availability()).one(ALARM).inputs["metricQueries"]
    counted = {q["metric"]["metricName"] for q in queries if "metric" in q}
    assert counted == {"RequestCount", "HTTPCode_ELB_5XX_Count", "HTTPCode_Target_5XX_Count"}
    assert {q["metric"]["dimensions"]["LoadBalancer"] for q in queries if "metric" in q} == {"app/api/1"}


def test_somebody_is_told(preview):
    topic = "arn:aws:sns:us-east-1:123456789012:t"
    assert preview(availability(alarm_actions=[topic])).one(ALARM).inputs["alarmActions"] == [topic]


@pytest.mark.parametrize("percent", [0, 100, 101])
def test_rejects_an_objective_that_cannot_be(preview, percent):
    with pytest.raises(
        Exception, match=f"Availability 'api': percent must be over 0 and under 100.*got {percent}"
    ):
        preview(availability(percent=percent))
