"""Requests by how much they matter, and those of them that can be turned away."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.component import Component

LEAST_REQUESTS = 10
"""The least that AWS WAF counts."""
WINDOW_SECONDS = 60
RETRY_SECONDS = 30
NOBODY: Sequence[str] = ()
FAMILIES = ("IPV4", "IPV6")


class Sheddable(TypedDict):
    """A class of requests that can be done without for a while."""

    paths: Sequence[str]
    """What their paths begin with: "/api/recommendations"."""
    per_minute: NotRequired[int]
    """Requests a minute that all clients make of it together; what is more is turned away at any time.
    Default: as many as they like."""


def switches(
    owner: Component, classes: Mapping[str, Sheddable], scope: str, region: str | None
) -> dict[str, aws.wafv2.IpSet]:
    """For each class, "<class>-ipv4" and "<class>-ipv6": whose requests of it are turned away. They are
    nobody's, until somebody puts everybody there: so a class is shed by two small calls, and the rules stay
    as they are."""
    return {
        f"{name}-{family.lower()}": aws.wafv2.IpSet(
            f"{owner.name}-{name}-{family.lower()}",
            description=f"Whose {name} requests are turned away: nobody's, or everybody's",
            scope=scope,
            region=region,
            ip_address_version=family,
            addresses=list(NOBODY),
            opts=pulumi.ResourceOptions(parent=owner, ignore_changes=["addresses"]),
        )
        for name in classes
        for family in FAMILIES
    }


def rules(classes: Mapping[str, Sheddable], sets: Mapping[str, aws.wafv2.IpSet]) -> list[dict[str, Any]]:
    """Each class is counted always; then it is turned away while it is shed, and beyond its share."""
    found: list[dict[str, Any]] = []
    for name, how in classes.items():
        listed = [{"ip_set_reference_statement": {"arn": sets[f"{name}-{f.lower()}"].arn}} for f in FAMILIES]
        everybody = {"or_statement": {"statements": listed}}
        found.append(_counted(name, how["paths"]))
        found.append(_refused(f"shed-{name}", {"and_statement": {"statements": [_of(name), everybody]}}))
        if "per_minute" in how:
            rate = {
                "limit": how["per_minute"],
                "evaluation_window_sec": WINDOW_SECONDS,
                "aggregate_key_type": "CONSTANT",
                "scope_down_statement": _of(name),
            }
            found.append(_refused(f"share-{name}", {"rate_based_statement": rate}))
    return found


def check(owner: Component, classes: Mapping[str, Sheddable]) -> None:
    """Rejects classes that AWS WAF does not take, and one that would be everything."""
    for name, how in classes.items():
        if not name.isalnum() or name != name.lower():
            owner.reject("sheddable", name, "named in lower-case letters and digits")
        if not how["paths"]:
            owner.reject("sheddable", {name: []}, "of one path or more")
        for path in how["paths"]:
            if not path.startswith("/") or path == "/":
                owner.reject("sheddable", path, "of paths such as '/api/reviews', and not of everything")
        if (share := how.get("per_minute", LEAST_REQUESTS)) < LEAST_REQUESTS:
            owner.reject("sheddable", share, f"of {LEAST_REQUESTS} requests a minute or more")


def _counted(name: str, paths: Sequence[str]) -> dict[str, Any]:
    begins = [
        {
            "byte_match_statement": {
                "search_string": path,
                "field_to_match": {"uri_path": {}},
                "positional_constraint": "STARTS_WITH",
                "text_transformations": [{"priority": 0, "type": "NORMALIZE_PATH"}],
            }
        }
        for path in paths
    ]
    return {
        "name": f"class-{name}",
        "action": {"count": {}},
        "statement": begins[0] if len(begins) == 1 else {"or_statement": {"statements": begins}},
        "rule_labels": [{"name": f"class:{name}"}],
        "visibility_config": _visible(f"class-{name}"),
    }


def _of(name: str) -> dict[str, Any]:
    return {"label_match_statement": {"scope": "LABEL", "key": f"class:{name}"}}


def _refused(name: str, statement: Mapping[str, Any]) -> dict[str, Any]:
    later = {"name": "Retry-After", "value": str(RETRY_SECONDS)}
    return {
        "name": name,
        "action": {"block": {"custom_response": {"response_code": 503, "response_headers": [later]}}},
        "statement": statement,
        "visibility_config": _visible(name),
    }


def _visible(metric: str) -> Any:
    return {"cloudwatch_metrics_enabled": True, "sampled_requests_enabled": True, "metric_name": metric}
