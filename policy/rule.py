"""What makes a rule of a function: `@rule` before a sentence that yields what is wrong."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from policy.frameworks import compliance
from policy.resource import Resource, Stack

Complaints = Iterator[str]
Check = Callable[..., Complaints]
Mended = Mapping[str, Any]

LOW, MEDIUM, HIGH, CRITICAL = Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL
THEMES = (
    "network",
    "encryption",
    "identity",
    "resilience",
    "data_protection",
    "observability",
    "cost",
    "kubernetes",
)
ADVISED = ("resilience", "cost")
"""Themes whose rules only advise, where the pack's config does not say otherwise."""


class ResourceRule(ResourceValidationPolicy):
    """A question about one resource, asked before it is made."""

    def __init__(self, types: frozenset[str], check: Check, facts: dict[str, Any], mend: Any) -> None:
        super().__init__(**facts, remediate=self._mended if mend else None)
        self.types, self.check, self._mend = types, check, mend

    def validate(self, args: ResourceValidationArgs, report_violation: Any) -> None:
        if _concerns(self.types, args.resource_type):
            resource = Resource(args, args.props)
            for complaint in self.check(resource, **_parameters(self, args)):
                report_violation(_message(self, resource, complaint), None)

    def _mended(self, args: ResourceValidationArgs) -> Any:
        resource, parameters = Resource(args, args.props), _parameters(self, args)
        if not _concerns(self.types, args.resource_type) or not any(self.check(resource, **parameters)):
            return None
        props: Any = args.props
        for key, value in self._mend(resource, **parameters).items():
            props[key] = value  # in place, so that what is unknown or secret beside it stays so
        return props


class StackRule(StackValidationPolicy):
    """A question about one resource among all the others, asked when all are registered."""

    def __init__(self, types: frozenset[str], check: Check, facts: dict[str, Any]) -> None:
        super().__init__(**facts)
        self.types, self.check = types, check

    def validate(self, args: StackValidationArgs, report_violation: Any) -> None:
        stack: Stack = getattr(args, "stack", None) or Stack(args.resources, {})
        parameters = _parameters(self, args)
        unknown: UnknownValueError | None = None
        for resource in stack.all(*self.types):
            try:
                for complaint in self.check(resource, stack, **parameters):
                    report_violation(_message(self, resource, complaint), resource.urn)
            except UnknownValueError as error:  # the others can still be judged
                unknown = unknown or error
        if unknown:
            raise unknown


Rule = ResourceRule | StackRule


def rule(
    *types: str | Iterable[str],
    severity: Severity,
    mend: str,
    url: str,
    frameworks: Sequence[str] = (),
    themes: Sequence[str] = (),
    level: EnforcementLevel | None = None,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    remediate: Callable[..., Mended] | None = None,
) -> Callable[[Check], Any]:
    """A rule of a function `(resource)`, or `(resource, stack)`, which yields what is wrong, if anything.

    Its name is the rule's, its docstring the reason. Types: tokens such as "aws:sqs/queue:Queue"; none for
    every resource. Themes: others than that of the module. Parameters: JSON schemas, with a default each, of
    what the pack's config may set; the function gets them as keywords. Remediate: a function of the same
    arguments that returns the properties that a mended resource has instead.
    """
    concerned = frozenset(one for group in types for one in ([group] if isinstance(group, str) else group))

    def made(check: Check) -> Rule:
        own = _theme(check.__module__)
        advises = EnforcementLevel.ADVISORY if own in ADVISED else EnforcementLevel.MANDATORY
        facts: dict[str, Any] = {
            "name": check.__name__,
            "description": " ".join((check.__doc__ or "").split()),
            "enforcement_level": level or advises,
            "config_schema": PolicyConfigSchema({k: dict(v) for k, v in (parameters or {}).items()})
            if parameters
            else None,
            "display_name": check.__name__.replace("_", " ").capitalize(),
            "severity": severity,
            "framework": compliance(frameworks[0]) if frameworks else None,
            "tags": [*(f"theme:{theme}" for theme in (own, *themes)), *frameworks],
            "remediation_steps": mend,
            "url": url,
        }
        if "stack" in inspect.signature(check).parameters:
            return StackRule(concerned, check, facts)
        return ResourceRule(concerned, check, facts, remediate)

    return made


def _theme(module: str) -> str:
    """network of policy.rules.network, and of policy.rules.network_edge too."""
    last = module.rsplit(".", 1)[-1]
    return next((theme for theme in THEMES if f"{last}_".startswith(f"{theme}_")), last)


def _concerns(types: frozenset[str], type: str) -> bool:
    return not types or type in types


def _parameters(policy: Rule, args: ResourceValidationArgs | StackValidationArgs) -> dict[str, Any]:
    """The defaults, under what the config says."""
    schema = policy.config_schema
    if schema is None:
        return {}
    given = args.get_config()
    return {key: given.get(key, one.get("default")) for key, one in schema.properties.items()}


def _message(policy: Rule, resource: Resource, complaint: str) -> str:
    """One line names the resource and what is wrong, the next one the mend: the CLI prints nothing else."""
    return f"{resource.kind} '{resource.name}' {complaint}\nMend: {policy.remediation_steps} ({policy.url})"
