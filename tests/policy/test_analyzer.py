"""Our analyzer against the SDK's: the same answers, from a resource that is decoded once."""

import pytest
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import EnforcementLevel, ResourceValidationPolicy

from policy.analyzer import Analyzer
from policy.rules import RULES
from tests.policy.test_rules import MUTATIONS, WORLD
from tests.policy.world import _common, _told, _whole

ORIGINAL = Analyzer.__mro__[1]


def said(analyzer, world):
    found = set()
    for made in world.values():
        request = analyzer_pb2.AnalyzeRequest(**_common(made, made.props, world, False))
        found |= {(rule, made.urn, message) for rule, _, message in _told(analyzer.Analyze(request, None))[0]}
    return found | _told(analyzer.AnalyzeStack(_whole(world, False), None))[0]


def test_it_says_what_the_sdk_says():
    world = dict(WORLD)
    for mutation in list(MUTATIONS.values())[::7]:
        mutation(world)
    ours = said(Analyzer("test", "1", RULES, EnforcementLevel.MANDATORY), world)
    assert ours == said(ORIGINAL("test", "1", RULES, EnforcementLevel.MANDATORY), world) and ours


def test_another_ones_policies_are_asked_too():
    def never(args, report):
        report("never", None)

    async def later(args, report):
        report("later", None)

    def not_here(args, report):
        args.not_applicable("elsewhere")

    policies = [ResourceValidationPolicy(f.__name__, "No.", f) for f in (never, later, not_here)]
    analyzer = Analyzer("test", "1", policies, EnforcementLevel.MANDATORY)
    answer = analyzer.Analyze(analyzer_pb2.AnalyzeRequest(type="any:thing:Thing", urn="urn:it"), None)
    assert [one.message for one in answer.diagnostics] == ["No.\nnever", "No.\nlater"]
    assert [one.reason for one in answer.not_applicable] == ["elsewhere"]


@pytest.mark.parametrize("level", ["disabled", "advisory"])
def test_a_level_of_the_config_wins(level):
    analyzer = Analyzer("test", "1", RULES, EnforcementLevel.MANDATORY)
    given = analyzer_pb2.PolicyConfig(enforcementLevel=getattr(analyzer_pb2, level.upper()))
    analyzer.Configure(
        analyzer_pb2.ConfigureAnalyzerRequest(policyConfig={"a_queue_is_encrypted": given}), None
    )
    request = analyzer_pb2.AnalyzeRequest(type="aws:sqs/queue:Queue", urn="urn:it")
    found = {one.policyName: one.enforcementLevel for one in analyzer.Analyze(request, None).diagnostics}
    wanted = None if level == "disabled" else analyzer_pb2.ADVISORY
    assert found.get("a_queue_is_encrypted") == wanted
