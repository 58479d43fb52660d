import pytest

from components.edge.geography import CHECKERS, Geography

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


def geography(**args):
    return lambda: Geography("us", {"area": "us", "host": "d1.cloudfront.net", "p99_ms": 150, **args})


def test_its_latency_is_alarmed_at_its_objective(preview):
    alarm = preview(geography()).one(ALARM).inputs
    assert alarm["threshold"] == 150 and alarm["comparisonOperator"] == "GreaterThanThreshold"
    measured = [q["metric"] for q in alarm["metricQueries"] if "metric" in q]
    assert {m["metricName"] for m in measured} == {"TimeToFirstByte"} and {m["stat"] for m in measured} == {
        "p99"
    }


@pytest.mark.parametrize("area", CHECKERS)
def test_it_is_measured_from_inside_only(preview, area):
    queries = preview(geography(area=area)).one(ALARM).inputs["metricQueries"]
    assert [q["metric"]["dimensions"]["Region"] for q in queries if "metric" in q] == CHECKERS[area]


def test_the_alarm_is_where_route_53_s_metrics_are(preview):
    graph = preview(geography(region="eu-west-1"))
    assert graph.one(ALARM).region == "us-east-1"
    assert graph.one("aws:route53/healthCheck:HealthCheck").inputs["measureLatency"]


def test_clients_nearby_are_sent_there_while_it_is_healthy(preview):
    record = {"zone_id": "Z1", "record": "www.example.net", "target_zone_id": "Z2FDTNDATAQYW2"}
    graph = preview(geography(**record))
    inputs = graph.one("aws:route53/record:Record").inputs
    assert inputs["latencyRoutingPolicies"] == [{"region": "us-east-1"}]
    assert inputs["healthCheckId"] == graph.one("aws:route53/healthCheck:HealthCheck").id


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"area": "mars"}, "Geography 'us': area must be one of us, eu, asia.*got 'mars'"),
        ({"p99_ms": 0}, "p99_ms must be at least 1, got 0"),
        ({"zone_id": "Z1"}, "zone_id must be given together with record and target_zone_id"),
    ],
)
def test_rejects_what_cannot_be(preview, args, words):
    with pytest.raises(Exception, match=words):
        preview(geography(**args))
