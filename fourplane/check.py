"""A stack against a policy pack: which rules it breaks, where, and what would mend it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pulumi.runtime.proto import analyzer_pb2

from fourplane import pack_config
from fourplane.graph import Graph
from fourplane.policy_pack import Pack

MANDATORY, ADVISORY = "mandatory", "advisory"
SEVERITIES = ("", "low", "medium", "high", "critical")
MEND = "\nMend: "
THEME = "theme:"


@dataclass(frozen=True)
class Rule:
    """What the pack says of one of its rules."""

    name: str
    reason: str
    severity: str
    frameworks: list[str]
    themes: list[str]
    remediation: str
    url: str
    level: str


@dataclass(frozen=True)
class Violation:
    """One rule, broken by one resource; without a URN, by the stack."""

    rule: str
    urn: str
    level: str
    message: str
    remediation: str

    def as_json(self) -> dict[str, str]:
        return dict(self.__dict__)


@dataclass
class Verdict:
    """A stack against all rules."""

    stack: str
    pack: str
    config: Path | None
    rules: list[Rule]
    violations: list[Violation] = field(default_factory=list[Violation])
    mended: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Rule and URN of what the pack mended."""
    unknown: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Rule and reason of what only the deployment will know."""

    @property
    def holds(self) -> bool:
        return all(one.level != MANDATORY for one in self.violations)

    def as_json(self) -> dict[str, Any]:
        return {
            "rules": [
                {"name": one.name, "severity": one.severity, "frameworks": one.frameworks}
                for one in self.rules
            ],
            "violations": [one.as_json() for one in self.violations],
        }

    def as_text(self) -> Iterator[str]:
        told = f", told by {self.config}" if self.config else ""
        asked = sum(one.level != "disabled" for one in self.rules)
        yield f"{self.stack} against {asked} of {len(self.rules)} rules of the pack {self.pack}{told}"
        for level in (MANDATORY, ADVISORY):
            found = [one for one in self.violations if one.level == level]
            if found:
                yield ""
                yield f"{level}: {len(found)}"
                for one in found:
                    yield f"  {one.rule}: {one.message}"
                    yield f"    mend: {one.remediation}"
                    if one.urn:
                        yield f"    {one.urn}"
        for heading, those in (("mended by the pack", self.mended), ("not known yet", self.unknown)):
            if those:
                yield ""
                yield f"{heading}: {len(those)}"
                yield from (f"  {rule}: {about}" for rule, about in those)
        yield ""
        broken = sum(one.level == MANDATORY for one in self.violations)
        yield (
            f"{self.stack} breaks no mandatory rule" if self.holds else f"{self.stack} breaks {broken} times"
        )


def check(graph: Graph, pack: Pack, project: str, config: Path | None = None) -> Verdict:
    """A previewed graph against a pack that was started. Mended resources stay mended in the graph."""
    info = pack.connect()
    path = config or pack_config.file_of(pack.folder, graph.stack)
    levels = pack_config.read(path, info)
    pack.configure(levels, graph, project, {})
    rules = [_rule(one, levels[one.name]["enforcementLevel"]) for one in info.policies]
    verdict = Verdict(graph.stack, info.name, path, rules)
    if any(one.level == "remediate" for one in rules):
        verdict.mended += [(one.policyName, urn) for urn, one in pack.remediate(graph)]
    known = {rule.name: rule for rule in rules}
    for urn, answer in pack.analyze(graph):
        for one in answer.diagnostics:
            verdict.violations.append(_violation(one, urn, known[one.policyName]))
        verdict.unknown += [(one.policy_name, one.reason) for one in answer.not_applicable if one.reason]
    order = [rule.name for rule in rules]
    verdict.violations.sort(key=lambda one: order.index(one.rule))
    return verdict


def _rule(info: Any, level: str) -> Rule:
    return Rule(
        name=info.name,
        reason=info.description,
        severity=SEVERITIES[info.severity],
        frameworks=[tag for tag in info.tags if not tag.startswith(THEME)],
        themes=[tag.removeprefix(THEME) for tag in info.tags if tag.startswith(THEME)],
        remediation=info.remediation_steps,
        url=info.url,
        level=level,
    )


def _violation(diagnostic: Any, urn: str, rule: Rule) -> Violation:
    """The CLI prints reason, message and mend as one text; here each has its place."""
    text = diagnostic.message.removeprefix(diagnostic.description).strip()
    message, _, mend = text.partition(MEND)
    return Violation(
        rule=rule.name,
        urn=diagnostic.urn or urn,
        level=MANDATORY if diagnostic.enforcementLevel == analyzer_pb2.MANDATORY else ADVISORY,
        message=message or rule.reason,
        remediation=mend or rule.remediation,
    )
