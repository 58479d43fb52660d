"""A dashboard's body, as AWS's structure has it.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

import json

import pytest

from components.control.dashboard import Dashboard
from fourplane.sandbox import Sandbox

ARN = "arn:aws:cloudwatch:{}:123456789012:alarm:{}"
ALARMS = {
    "Latency": {"us": ARN.format("us-east-1", "us"), "eu": ARN.format("us-east-1", "eu")},
    "Objectives": {"compute": ARN.format("eu-west-1", "compute")},
}
FLEETS = {
    n: {"load_balancer_dimension": f"app/{n}", "target_group_dimension": f"targetgroup/{n}"}
    for n in ("web", "api")
}
ARGS = {
    "alarms": ALARMS,
    "composite_alarms": {"region": ARN.format("eu-west-1", "region")},
    "zones": ["eu-west-1a", "eu-west-1b", "eu-west-1c"],
    "fleets": FLEETS,
    "region": "eu-west-1",
}
PROPERTIES = {
    "text": {"markdown"},
    "alarm": {"title", "alarms"},
    "metric": {"title", "annotations", "region", "view", "stacked", "period", "stat", "metrics"},
}


@pytest.fixture
def widgets(run):
    """widgets(**more): what CloudWatch has after a deployment."""

    def deploy(**more):
        with Sandbox() as cloud:
            graph = run(lambda: Dashboard("it", {**ARGS, **more}), cloud)
            name = graph.one("fourplane:index:Dashboard").outputs["dashboard_name"]
            found = cloud.client("cloudwatch", "eu-west-1").get_dashboard(DashboardName=name)
            return json.loads(found["DashboardBody"])["widgets"]

    return deploy


def test_every_widget_is_of_a_kind_that_cloudwatch_has(widgets):
    for widget in widgets():
        assert widget.keys() == {"type", "x", "y", "width", "height", "properties"}
        assert widget["properties"].keys() <= PROPERTIES[widget["type"]]
        assert 1 <= widget["width"] <= 24 - widget["x"] and 1 <= widget["height"] <= 1000


def test_no_widget_covers_another(widgets):
    cells = [
        (x, y)
        for w in widgets()
        for x in range(w["x"], w["x"] + w["width"])
        for y in range(w["y"], w["y"] + w["height"])
    ]
    assert len(cells) == len(set(cells))


def test_every_metric_is_a_namespace_a_name_and_pairs(widgets):
    lines = [line for w in widgets() for line in w["properties"].get("metrics", [])]
    assert lines
    for namespace, metric, *dimensions, how in lines:
        assert namespace == "AWS/ApplicationELB" and metric and how.keys() == {"label"}
        assert len(dimensions) % 2 == 0 and all(isinstance(one, str) for one in dimensions)


def test_every_zone_shows_its_healthy_machines_fleet_by_fleet(widgets):
    shown = {w["properties"].get("title"): w["properties"] for w in widgets()}
    lines = shown["Healthy machines in eu-west-1b"]["metrics"]
    assert [line[-1]["label"] for line in lines] == ["web", "api"]
    assert all(line[-3:-1] == ["AvailabilityZone", "eu-west-1b"] for line in lines)


def test_every_metric_alarm_has_a_graph_in_its_own_region(widgets):
    graphs = [w["properties"] for w in widgets() if "annotations" in w["properties"]]
    assert {g["annotations"]["alarms"][0]: g["region"] for g in graphs} == {
        arn: arn.split(":")[3] for row in ALARMS.values() for arn in row.values()
    }


def test_what_is_wrong_now_stands_first_and_shows_every_alarm(widgets):
    first = next(w for w in widgets() if w["type"] == "alarm")
    assert first["y"] == 1 and len(first["properties"]["alarms"]) == 4


def test_two_regions_dashboards_do_not_share_a_name(preview):
    names = {
        preview(lambda region=region: Dashboard("it", {**ARGS, "region": region}))
        .one("aws:cloudwatch/dashboard:Dashboard")
        .inputs["dashboardName"]
        for region in ("eu-west-1", "us-east-1")
    }
    assert len(names) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [({"alarms": {}}, "one alarm or more"), ({"fleets": {}}, "given together with fleets")],
)
def test_rejects_a_dashboard_that_would_be_empty(preview, change, said):
    with pytest.raises(Exception, match=said):
        preview(lambda: Dashboard("it", {**ARGS, **change}))
