"""The tables of a report: what makes each part of the case study true, the bill, the rules, the faults."""

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from fourplane import explain
from fourplane.check import ADVISORY, MANDATORY, SEVERITIES, Rule
from fourplane.drawn import Drawing
from fourplane.planes import around, kind, title
from fourplane.report.contents import Contents, mend
from fourplane.report.seen import Seen
from fourplane.study import CaseStudy, Claim

WAYS_TOLD = 6
SPELT = re.compile(
    r"\b(acl|api|arn|cdn|cidr|cpu|dns|ebs|ec2|ecr|efs|eks|http|https|iam|ip|kms|mfa|nat|rds|s3|sns|sqs|ssh|ssm|tcp"
    r"|tls|ttl|udp|url|vpc|waf)\b"
)
"""Words of rules' names that are written in capitals."""
VERSION = re.compile(r"\b(\d) (\d)\b")


def sheets(seen: Seen, contents: Contents) -> dict[str, Any]:
    """By name; None for what was not asked."""
    return {
        "study": _Study(seen.study, seen, contents).sheet() if seen.study else None,
        "bill": _bill(seen, contents),
        "rules": _rules(seen, contents),
        "faults": _faults(seen, contents),
        "planes": _planes(contents),
    }


def _planes(contents: Contents) -> list[dict[str, Any]]:
    """Every box, by plane."""
    found: dict[str, list[dict[str, Any]]] = {}
    drawn = {box.id for box in contents.seen.drawn.model.boxes()}
    for id, box in contents.boxes.items():
        told = {key: getattr(box, key) for key in ("title", "kind", "technology", "scale")}
        found.setdefault(box.plane, []).append(
            {"id": id, **told, "usd": contents.usd(box), "drawn": id in drawn}
        )
    return [{"name": plane, "boxes": boxes} for plane, boxes in found.items()]


class _Study:
    """The case study, and what of the stack makes it true."""

    def __init__(self, study: CaseStudy, seen: Seen, contents: Contents) -> None:
        self._study, self._graph, self._contents = study, seen.graph, contents
        self._proof = explain.prove(study, seen.graph)
        self._drawing = Drawing(study, seen.graph)

    def sheet(self) -> dict[str, Any]:
        claims = list(self._study.claims())
        return {
            "title": self._study.title,
            "built": sum(claim.built for claim in claims),
            "of": len(claims),
            "count": explain.count(self._study),
            "parts": [one for one in self._parts() if one["rows"]],
        }

    def _parts(self) -> Iterator[dict[str, Any]]:
        for slug, diagram in self._study.diagrams.items():
            name = slug.replace("-", " ").capitalize()
            labels = {id: node.label for id, node in diagram.nodes.items()}
            nodes = [self._row(node.label, "", node.claim) for node in diagram.nodes.values()]
            yield {"title": f"{name}: nodes", "rows": nodes}
            arrows = [
                self._row(
                    f"{labels.get(one.source, one.source)} {'↔' if one.both_ways else '→'} "
                    f"{labels.get(one.target, one.target)}",
                    "",
                    one.claim,
                )
                for one in diagram.arrows
            ]
            yield {"title": f"{name}: arrows", "rows": arrows}
        rows = [
            self._row(row.component, " · ".join(f"{k} {v}" for k, v in row.says.items()), row.claim)
            for row in self._study.metrics
        ]
        yield {"title": "Metrics", "rows": rows}
        for heading, lines in self._study.lists.items():
            rows = [self._row(what, line.says, line.claim) for what, line in lines.items()]
            yield {"title": heading.replace("-", " ").capitalize(), "rows": rows}

    def _row(self, what: str, says: str, claim: Claim) -> dict[str, Any]:
        return {
            "what": what,
            "says": says,
            "built": claim.built,
            "by": [self._named(one) for one in self._proof[claim]],
            "ways": self._ways(claim),
            "note": claim.note if claim.built else f"Not built here: {claim.not_yet}",
            "record": claim.record,
            "source": claim.source,
        }

    def _named(self, one: Any) -> dict[str, str]:
        box = self._contents.box_around(one.urn)
        told = {"kind": kind(one), "name": title(self._graph, one), "in": around(self._graph, one)}
        return {"box": box, "urn": one.urn, **told}

    def _ways(self, claim: Claim) -> list[str]:
        """What opens an arrow."""
        pairs = self._drawing.arrows.get(claim.what, set())
        told = sorted({f"{w.by}: {w.at}" for w in self._contents.stack.ways if (w.source, w.target) in pairs})
        more = len(told) - WAYS_TOLD
        return [*told[:WAYS_TOLD], *([f"and {more} more"] if more > 0 else [])]


def _bill(seen: Seen, contents: Contents) -> dict[str, Any] | None:
    if seen.bill is None:
        return None
    found = sorted(
        ((contents.usd(box) or 0.0, id, box) for id, box in contents.boxes.items()),
        key=lambda one: (-one[0], one[1]),
    )
    most = max((usd for usd, _, _ in found), default=0.0) or 1.0
    whole = seen.bill.usd or Decimal(1)
    return {
        "usd": float(seen.bill.usd),
        "as_of": seen.bill.as_of,
        "planes": [
            {"name": name, "usd": float(usd), "share": float(100 * usd / whole)}
            for name, usd in seen.bill.by("plane").items()
        ],
        "boxes": [
            {"id": id, "title": box.title, "plane": box.plane, "usd": usd, "share": 100 * usd / most}
            for usd, id, box in found
            if usd
        ],
        "unpriced": [{"name": one.title, "why": one.unpriced} for one in seen.bill.unpriced],
        "guessed": list(seen.bill.guessed),
        "free": sum(bool(one.free) for one in seen.bill.items),
        "compared": [
            {"row": one.row, "says": float(one.says), "usd": float(one.costs), "why": one.why}
            for one in seen.compared
        ],
        "budgets": [
            {"name": one.name, "limit": float(one.limit), "usd": float(one.costs), "holds": one.holds}
            for one in seen.budgets
        ],
        "assumed": [
            {
                "name": f"{one.of}.{one.name}" if one.of else one.name,
                "value": f"{one.value:f} {seen.bill.usage.kinds[one.name].unit}",
                "of": seen.bill.usage.kinds[one.name].of,
            }
            for one in sorted(seen.bill.usage.asked, key=lambda one: (one.name, one.of))
        ],
    }


def _rules(seen: Seen, contents: Contents) -> dict[str, Any] | None:
    if seen.verdict is None:
        return None
    broken = Counter(one.rule for one in seen.verdict.violations)
    worst_first = sorted(seen.verdict.rules, key=lambda one: (-SEVERITIES.index(one.severity), one.name))
    return {
        "times": len(seen.verdict.violations),
        "mandatory": sum(one.level == MANDATORY for one in seen.verdict.violations),
        "broken": [_broken(seen, contents, one) for one in worst_first if broken[one.name]],
        "unknown": [{"rule": rule, "why": why} for rule, why in seen.verdict.unknown],
        "rules": [
            {
                "name": one.name,
                "says": _sentence(one.name),
                "reason": one.reason,
                "severity": one.severity,
                "level": one.level,
                "frameworks": list(one.frameworks),
                "themes": list(one.themes),
                "url": one.url,
                "broken": broken[one.name],
            }
            for one in worst_first
        ],
    }


def _broken(seen: Seen, contents: Contents, rule: Rule) -> dict[str, Any]:
    """A rule, and everything that breaks it."""
    assert seen.verdict is not None
    found = [one for one in seen.verdict.violations if one.rule == rule.name]
    return {
        "name": rule.name,
        "says": _sentence(rule.name),
        "severity": rule.severity,
        "level": MANDATORY if any(one.level == MANDATORY for one in found) else ADVISORY,
        "mend": mend(found[0].remediation),
        "those": [
            {
                "box": contents.box_around(one.urn),
                "name": title(seen.graph, seen.graph[one.urn]) if one.urn in seen.graph else seen.graph.stack,
                "message": one.message,
            }
            for one in found
        ],
    }


def _sentence(name: str) -> str:
    """A rule's name as the sentence that it is."""
    told = VERSION.sub(r"\1.\2", name.replace("_", " ")).capitalize()
    return SPELT.sub(lambda word: word[0].upper(), told)


def _faults(seen: Seen, contents: Contents) -> dict[str, Any] | None:
    if not seen.struck:
        return None
    rows: list[dict[str, Any]] = []
    for id, box in contents.boxes.items():
        cells = [{"key": one.key, **contents.fault(one, box)} for one in seen.struck]
        if any(cell["state"] for cell in cells):
            rows.append({"id": id, "title": box.title, "plane": box.plane, "cells": cells})
    return {
        "faults": [
            {
                "key": one.key,
                "title": one.title,
                "survives": one.survives,
                "told": one.told,
                "failed": [[title(seen.graph, seen.graph[end]) for end in pair] for pair in one.failed],
            }
            for one in seen.struck
        ],
        "survived": sum(one.survives for one in seen.struck),
        "rows": rows,
    }
