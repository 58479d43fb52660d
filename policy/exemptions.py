"""What need not be mended: exemptions.yaml, whose entries must be needed, give a reason and run out."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml
from pulumi_policy import EnforcementLevel, Policy, Severity, StackValidationArgs, StackValidationPolicy

KEYS = ("rule", "resource", "reason", "expires")
URN = "urn:pulumi:"


class Broken(SystemExit):
    """Ends the pack before it serves, with one line on stderr."""

    def __init__(self, message: str) -> None:
        super().__init__(f"error: {message}")


@dataclass
class Exemption:
    """One entry."""

    rule: str
    resource: str
    """A URN, or a glob of URNs."""
    reason: str
    expires: datetime.date
    used: bool = False

    def fits(self, rule: str, urn: str) -> bool:
        return rule == self.rule and fnmatchcase(urn, self.resource)

    def is_of(self, stack: str) -> bool:
        return fnmatchcase(stack, self.resource.removeprefix(URN).partition("::")[0])


class Exemptions:
    """All entries, and which of them a run needed."""

    def __init__(self, entries: list[Exemption], today: datetime.date | None = None) -> None:
        self.entries, self.today = entries, today or datetime.date.today()
        self.asleep: set[str] = set()
        """Rules that the config has disabled, for which nothing can be needed."""

    def cover(self, rule: str, urn: str) -> bool:
        """Whether a violation is exempt. One that has expired exempts nothing any more."""
        fitting = [one for one in self.entries if one.fits(rule, urn)]
        for one in fitting:
            one.used = True
        return any(one.expires >= self.today for one in fitting)

    def rules(self) -> list[Policy]:
        """The rules about exemptions, to be asked after all others."""
        return [
            self._rule(
                "an_exemption_has_not_expired",
                "A reason that was good for a time must be looked at again when the time is over.",
                "mend the resource, or give the entry in exemptions.yaml a reason and a day that hold today",
                lambda one: f"expired on {one.expires}" if one.used and one.expires < self.today else "",
            ),
            self._rule(
                "an_exemption_is_needed",
                "An exemption that nothing needs would hide the next violation.",
                "remove the entry from exemptions.yaml, or narrow its URN to the stack that needs it",
                lambda one: "" if one.used else "is not needed",
            ),
        ]

    def _rule(self, name: str, reason: str, mend: str, wrong: Callable[[Exemption], str]) -> Policy:
        def validate(args: StackValidationArgs, report: Callable[[str, str | None], None]) -> None:
            stacks = {one.urn.removeprefix(URN).partition("::")[0] for one in args.resources}
            for one in self.entries:
                told = wrong(one) if any(map(one.is_of, stacks)) and one.rule not in self.asleep else ""
                if told:
                    which = f"The exemption of '{one.resource}' from {one.rule}, \"{one.reason}\","
                    report(f"{which} {told}\nMend: {mend}", None)

        return StackValidationPolicy(
            name,
            reason,
            validate,
            EnforcementLevel.MANDATORY,
            severity=Severity.MEDIUM,
            remediation_steps=mend,
            tags=["theme:exemptions"],
        )


def read(path: Path, rules: set[str]) -> Exemptions:
    """The entries of a file; none where there is no file."""
    try:
        entries: Any = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else []
    except (OSError, UnicodeDecodeError) as error:
        raise Broken(f"{path} cannot be read: {error}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise Broken(f"{where}: not YAML: {getattr(error, 'problem', None) or error}") from None
    if not isinstance(entries or [], list):
        raise Broken(f"{path}: must hold a list of exemptions, got {type(entries).__name__}")
    return Exemptions([_entry(f"{path}: entry {n}", one, rules) for n, one in enumerate(entries or [], 1)])


def _entry(where: str, entry: Any, rules: set[str]) -> Exemption:
    if not isinstance(entry, dict):
        raise Broken(f"{where} must have {', '.join(KEYS)}, got {entry!r}")
    for key in KEYS:
        if not entry.get(key):
            raise Broken(f"{where} has no {key}; an exemption has {', '.join(KEYS)}")
    for key in entry.keys() - set(KEYS):
        raise Broken(f"{where}: no key '{key}'; an exemption has {', '.join(KEYS)}")
    if entry["rule"] not in rules:
        raise Broken(f"{where}: no rule '{entry['rule']}' in the pack")
    if not str(entry["resource"]).startswith(URN):
        raise Broken(
            f"{where}: resource must be a URN or a glob of URNs, {URN}STACK::…, got '{entry['resource']}'"
        )
    if not isinstance(entry["expires"], datetime.date) or isinstance(entry["expires"], datetime.datetime):
        raise Broken(f"{where}: expires must be a day such as 2027-01-31, got '{entry['expires']}'")
    return Exemption(entry["rule"], str(entry["resource"]), str(entry["reason"]), entry["expires"])
