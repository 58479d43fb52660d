"""What flags, rules and pages at the edge are when a zone is lost."""

from components.access import connect
from components.control.alerts import Alerts
from components.control.compliance import Compliance
from components.control.feature_flags import FeatureFlags
from components.edge.cdn_edge import CdnEdge
from components.edge.write_fallback import WriteFallback
from components.network import Network
from components.service.auto_scaling_service import AutoScalingService
from fourplane.chaos import Wish, strike
from fourplane.sandbox import Sandbox


def program():
    network = Network("network", {"zones": 2})
    topic = {"topic_arn": Alerts("alerts", {}).topic_arn}
    flags = FeatureFlags("flags", {"flags": {"a": {"description": "A"}}})
    shop = AutoScalingService("shop", {**network.private, "image": "public.ecr.aws/a:1", "port": 80})
    origin = {"origin_arn": shop.load_balancer_arn, "origin_dns_name": shop.dns_name}
    edge = CdnEdge("edge", {**origin, "fallback": {"paths": ["/products/*"]}, "stale_seconds": 3600})
    Compliance("rules", topic)
    WriteFallback(
        "writes",
        {
            **topic,
            "listener_arn": shop.listener_arn,
            "load_balancer_dimension": shop.load_balancer_dimension,
            "target_group_dimension": shop.target_group_dimension,
        },
    )
    connect(shop, flags)
    connect(edge, shop)


def test_they_are_in_no_zone(run):
    with Sandbox() as cloud:
        report = strike(run(program, cloud), cloud.client, Wish("gorilla", zone="us-east-1a")).as_json()
    found = {one["component"]: one for one in report["components"]}
    assert all(found[name]["ok"] for name in ("edge", "flags", "rules", "writes"))
    assert {(one["from"], one["to"]): one["ok"] for one in report["arrows"]} == {
        ("edge", "shop"): True,
        ("shop", "flags"): True,
    }
