"""The SDK's analyzer, made fast and given exemptions.

The SDK decodes every resource anew for every policy, and the whole stack anew for every stack policy: a
hundred rules over a thousand resources would take minutes. Here a resource is decoded once, and asked only
what concerns its type. What a preview cannot know is "not applicable", rather than a warning for each rule.
"""

import asyncio
from collections.abc import Callable, Mapping
from inspect import isawaitable
from typing import Any

from google.protobuf import json_format
from pulumi.runtime import proto
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyResource,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy import policy as sdk
from pulumi_policy.deserialize import deserialize_properties
from pulumi_policy.proxy import UnknownValueError, unknown_checking_proxy

from policy.exemptions import Exemptions
from policy.resource import Stack

MakeArgs = Callable[[Mapping[str, Any] | None], Any]


class Analyzer(sdk._PolicyAnalyzerServicer):
    """Answers the engine's questions with the rules of the pack."""

    exemptions = Exemptions([])

    def __init__(self, name: str, version: str, policies: list[Policy], *others: Any) -> None:
        super().__init__(name, version, policies, *others)
        self._policies = policies
        self._of_type: dict[str, list[ResourceValidationPolicy]] = {}
        self._inputs: dict[str, Any] = {}
        self._tags: dict[str, str] = {}

    def ConfigureStack(self, request: Any, _context: Any) -> Any:
        self._tags = dict(request.tags)
        return super().ConfigureStack(request, _context)

    def Analyze(self, request: Any, _context: Any) -> Any:
        response = proto.AnalyzeResponse()
        props = self._inputs[request.urn] = _read(request.properties)
        options, provider = self._get_resource_options(request), self._get_provider_resource(request)

        def args(config: Mapping[str, Any] | None) -> ResourceValidationArgs:
            return ResourceValidationArgs(
                request.type, props, request.urn, request.name, options, provider, config, self._tags
            )

        for policy in self._concerned(request.type):
            if policy.has_validation():
                self._ask(policy, args, response, request.urn)
        return response

    def AnalyzeStack(self, request: Any, _context: Any) -> Any:
        response = proto.AnalyzeResponse()
        resources = self._resources(request.resources)
        stack = Stack(resources, self._inputs)
        levels = {policy.name: self._get_enforcement_level(policy) for policy in self._policies}
        self.exemptions.asleep = {
            name for name, level in levels.items() if level is EnforcementLevel.DISABLED
        }

        def args(config: Mapping[str, Any] | None) -> StackArgs:
            return StackArgs(resources, stack, config, self._tags)

        for policy in self._policies:
            if isinstance(policy, StackValidationPolicy):
                self._ask(policy, args, response, "")
        return response

    def _concerned(self, type: str) -> list[ResourceValidationPolicy]:
        if type not in self._of_type:
            self._of_type[type] = [
                policy
                for policy in self._policies
                if isinstance(policy, ResourceValidationPolicy)
                and (not (types := getattr(policy, "types", None)) or type in types)
            ]
        return self._of_type[type]

    def _ask(self, policy: Any, make: MakeArgs, response: Any, urn: str) -> None:
        level = self._get_enforcement_level(policy)
        if level is EnforcementLevel.DISABLED:
            return
        # What still is wrong after it was mended, or cannot be mended, must not pass.
        level = EnforcementLevel.MANDATORY if level is EnforcementLevel.REMEDIATE else level
        report = self._create_report_violation(
            response, policy.name, policy.description, level, policy.severity
        )

        def unless_exempt(message: str, about: str | None = None) -> None:
            if not self.exemptions.cover(policy.name, about or urn):
                report(message, about or urn)

        try:
            outcome = policy.validate(make(self._get_policy_config(policy.name)), unless_exempt)
            if isawaitable(outcome):
                asyncio.run(_awaited(outcome))
        except UnknownValueError as error:
            reason = f"{urn}: {error.message}" if urn else error.message
            response.not_applicable.append(proto.PolicyNotApplicable(policy_name=policy.name, reason=reason))
        except sdk._NotApplicableError as error:
            response.not_applicable.append(
                proto.PolicyNotApplicable(policy_name=policy.name, reason=error.reason or "")
            )

    def _resources(self, requests: Any) -> list[PolicyResource]:
        made = {
            one.urn: PolicyResource(
                one.type,
                _read(one.properties),
                one.urn,
                one.name,
                self._get_resource_options(one),
                self._get_provider_resource(one),
                None,
                [],
                {},
            )
            for one in requests
        }
        for one in requests:
            resource = made[one.urn]
            resource.parent = made.get(one.parent)
            resource.dependencies = [made[urn] for urn in one.dependencies if urn in made]
            resource.property_dependencies = {
                key: [made[urn] for urn in on.urns if urn in made]
                for key, on in one.propertyDependencies.items()
            }
        return list(made.values())


class StackArgs(StackValidationArgs):
    """With the stack as our rules read it, made once for all of them."""

    def __init__(self, resources: list[PolicyResource], stack: Stack, *others: Any) -> None:
        super().__init__(resources, *others)
        self.stack = stack


def use(exemptions: Exemptions) -> None:
    """Let every PolicyPack of this process answer through our analyzer."""
    Analyzer.exemptions = exemptions
    sdk._PolicyAnalyzerServicer = Analyzer


def _read(struct: Any) -> Any:
    return unknown_checking_proxy(deserialize_properties(json_format.MessageToDict(struct)))


async def _awaited(outcome: Any) -> None:
    await outcome
