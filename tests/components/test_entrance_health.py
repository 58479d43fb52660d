import pytest

from components.edge.entrance_health import EntranceHealth

ENTRANCE = {"load_balancer_dimension": "app/a/1", "target_group_dimension": "targetgroup/a/1"}
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
CHECK = "aws:route53/healthCheck:HealthCheck"


def health(**args):
    return lambda: EntranceHealth("origin", {**ENTRANCE, **args})


def test_a_region_without_a_healthy_machine_is_lost_to_dns(preview):
    graph = preview(health(region="eu-west-1"))
    alarm, check = graph.one(ALARM), graph.one(CHECK).inputs
    assert (alarm.inputs["metricName"], alarm.inputs["threshold"]) == ("HealthyHostCount", 1)
    assert check["type"] == "CLOUDWATCH_METRIC" and check["cloudwatchAlarmName"] == alarm.outputs["name"]
    assert check["cloudwatchAlarmRegion"] == alarm.region == "eu-west-1"


def test_a_region_that_nobody_hears_of_is_lost(preview):
    graph = preview(health())
    assert graph.one(ALARM).inputs["treatMissingData"] == "breaching"
    assert graph.one(CHECK).inputs["insufficientDataHealthStatus"] == "Unhealthy"


def test_the_alarm_is_one_that_route_53_takes(preview):
    inputs = preview(health(minutes=3)).one(ALARM).inputs
    assert inputs["statistic"] == "Maximum" and inputs["evaluationPeriods"] == 3 and inputs["period"] == 60
    assert not {"metricQueries", "extendedStatistic", "datapointsToAlarm"} & inputs.keys()


def test_rejects_no_time_at_all(preview):
    with pytest.raises(Exception, match="EntranceHealth 'origin': minutes must be at least 1, got 0"):
        preview(health(minutes=0))
