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


RECORD = {
    "name": "origin.example.net",
    "zone_id": "Z1",
    "target": "a.elb.amazonaws.com",
    "target_zone_id": "Z35SXDOTRQ7X7K",
    "health_check_id": "h-1",
}


def test_clients_nearby_are_sent_to_a_region_while_its_entrance_is_healthy(preview):
    inputs = preview(geography(record=RECORD)).one("aws:route53/record:Record").inputs
    assert inputs["latencyRoutingPolicies"] == [{"region": "us-east-1"}]
    assert inputs["healthCheckId"] == "h-1" and inputs["aliases"][0]["evaluateTargetHealth"]


def test_each_geography_has_a_region_of_its_own_in_dns(preview):
    regions = [
        preview(geography(area=area, record=RECORD)).one("aws:route53/record:Record").inputs
        for area in CHECKERS
    ]
    assert len({r["latencyRoutingPolicies"][0]["region"] for r in regions}) == len(CHECKERS)


def test_without_a_second_place_there_is_no_record(preview):
    assert preview(geography()).all("aws:route53/record:Record") == []


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"area": "mars"}, "Geography 'us': area must be one of us, eu, asia.*got 'mars'"),
        ({"p99_ms": 0}, "p99_ms must be at least 1, got 0"),
    ],
)
def test_rejects_what_cannot_be(preview, args, words):
    with pytest.raises(Exception, match=words):
        preview(geography(**args))
