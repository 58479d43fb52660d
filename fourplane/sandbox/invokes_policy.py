"""Policy documents written as data."""

import hashlib
import json
from typing import Any

WORDS = {
    "actions": "Action",
    "notActions": "NotAction",
    "resources": "Resource",
    "notResources": "NotResource",
}


def policy_document(args: dict[str, Any], region: str, client: Any) -> dict[str, Any]:
    sources = args.get("sourcePolicyDocuments") or [s for s in [args.get("sourceJson")] if s]
    statements = [s for source in sources for s in _statements(source)]
    statements += [_statement(s) for s in args.get("statements") or []]
    overrides = args.get("overridePolicyDocuments") or [s for s in [args.get("overrideJson")] if s]
    for override in (s for source in overrides for s in _statements(source)):
        sid = override.get("Sid")
        statements = [s for s in statements if not sid or s.get("Sid") != sid] + [override]
    named = {"Id": args["policyId"]} if args.get("policyId") else {}
    whole = {"Version": args.get("version") or "2012-10-17", **named, "Statement": statements}
    text = json.dumps(whole, indent=2)
    small = json.dumps(whole, separators=(",", ":"))
    return {
        "id": str(int(hashlib.sha256(small.encode()).hexdigest()[:8], 16)),
        "json": text,
        "minifiedJson": small,
    }


def _statements(source: str) -> list[dict[str, Any]]:
    found = json.loads(source).get("Statement", [])
    return found if isinstance(found, list) else [found]


def _statement(given: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"Sid": given["sid"]} if given.get("sid") else {}
    made["Effect"] = given.get("effect") or "Allow"
    made |= {theirs: _one(given[ours]) for ours, theirs in WORDS.items() if given.get(ours)}
    for ours, theirs in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if given.get(ours):
            made[theirs] = _principals(given[ours])
    for condition in given.get("conditions") or []:
        test = made.setdefault("Condition", {}).setdefault(condition["test"], {})
        test[condition["variable"]] = _one(condition["values"])
    return made


def _principals(given: list[dict[str, Any]]) -> Any:
    if any(p["type"] == "*" for p in given):
        return "*"
    found: dict[str, list[str]] = {}
    for principal in given:
        found.setdefault(principal["type"], []).extend(principal["identifiers"])
    return {kind: _one(names) for kind, names in found.items()}


def _one(values: list[str]) -> Any:
    """One value stands alone, as the provider writes it; several are sorted the way it sorts them."""
    return values[0] if len(values) == 1 else sorted(values, reverse=True)
