"""A verdict as SARIF 2.1.0, which GitHub and editors show beside the line that declared the resource."""

from typing import Any

from fourplane.check import MANDATORY, Rule, Verdict, Violation
from fourplane.graph import Graph

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
SCORES = {"low": "3.0", "medium": "5.5", "high": "8.0", "critical": "9.5"}
"""GitHub takes its own four severities from a number:
https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning"""


def log(verdict: Verdict, graph: Graph) -> dict[str, Any]:
    """One run of one tool."""
    places = {rule.name: number for number, rule in enumerate(verdict.rules)}
    run = {
        "tool": {
            "driver": {
                "name": f"fourplane check ({verdict.pack})",
                "rules": [_rule(rule) for rule in verdict.rules],
            }
        },
        "automationDetails": {"id": f"fourplane-check/{verdict.stack}"},
        "results": [_result(one, places[one.rule], graph) for one in verdict.violations],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> dict[str, Any]:
    described: dict[str, Any] = {
        "id": rule.name,
        "shortDescription": {"text": rule.name.replace("_", " ").capitalize()},
        "fullDescription": {"text": rule.reason},
        "help": {"text": f"{rule.reason} Mend: {rule.remediation}"},
        "defaultConfiguration": {
            "enabled": rule.level != "disabled",
            "level": _level(rule.level),
        },
        "properties": {"tags": [*rule.themes, *rule.frameworks]},
    }
    if rule.url:
        described["helpUri"] = rule.url
    if rule.severity:
        described["properties"]["security-severity"] = SCORES[rule.severity]
    return described


def _result(one: Violation, place: int, graph: Graph) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": one.rule,
        "ruleIndex": place,
        "level": _level(one.level),
        "message": {"text": f"{one.message}. Mend: {one.remediation}"},
        "partialFingerprints": {"rule/urn": f"{one.rule}/{one.urn}"},
    }
    location: dict[str, Any] = {}
    if one.urn:
        location["logicalLocations"] = [{"fullyQualifiedName": one.urn, "kind": "resource"}]
    file, _, line = (graph[one.urn].declared_at if one.urn in graph else "").rpartition(":")
    if file:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": file, "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": int(line)},
        }
    return {**result, "locations": [location]} if location else result


def _level(level: str) -> str:
    return "error" if level in (MANDATORY, "remediate") else "warning"
