"""A stack made of plain lists, and what the pack says of it: no engine, no process, milliseconds."""

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import EnforcementLevel
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.analyzer import Analyzer, _read
from policy.exemptions import Exemptions
from policy.rules import RULES

STACK = "urn:pulumi:shop-prod::shop::"


@dataclass(frozen=True)
class Made:
    """One resource of the world. A property may be a `Ref` to another, or a `Json` with some inside."""

    type: str
    name: str
    props: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    """What only the cloud knows; id, arn and name are there by themselves."""
    protect: bool = False
    parent: tuple[str, str] | None = None
    """Type and name of the component that it belongs to."""

    @property
    def key(self) -> tuple[str, str]:
        return self.type, self.name

    @property
    def urn(self) -> str:
        return f"{STACK}{self.type}::{self.name}"

    def output(self, key: str) -> Any:
        known = {"id": f"{self.name}-id", "arn": f"arn:aws:it:::{self.type}/{self.name}", "name": self.name}
        return {**known, **self.props, **self.outputs}[key]


@dataclass(frozen=True)
class Ref:
    """An output of another resource: what stands on it has a dependency, and is unknown in a preview."""

    type: str
    name: str
    output: str = "arn"


@dataclass(frozen=True)
class Json:
    """A text of JSON, such as a policy."""

    value: Any


World = dict[tuple[str, str], Made]
Mutation = Callable[[World], tuple[str, str]]
"""Changes a world in one way; type and name of the resource that is then to blame."""


def world(*groups: list[Made]) -> World:
    found: World = {}
    for made in (one for group in groups for one in group):
        assert made.key not in found, f"{made.key} stands twice in the world"
        found[made.key] = made
    return found


def change(type: str, name: str, path: str, value: Any, blame: tuple[str, str] | None = None) -> Mutation:
    """Set what stands at a path such as "metadataOptions.httpTokens"; None takes it away."""

    def mutate(world: World) -> tuple[str, str]:
        made = world[type, name]
        props = copy.deepcopy(made.props)
        *steps, last = (int(step) if step.isdigit() else step for step in path.split("."))
        place: Any = props
        for step in steps:
            place = place[step] if isinstance(step, int) else place.setdefault(step, {})
        if value is None:
            del place[last]
        else:
            place[last] = value
        world[type, name] = replace(made, props=props)
        return blame or (type, name)

    return mutate


def option(type: str, name: str, **options: Any) -> Mutation:
    """Change an option: protect=False."""

    def mutate(world: World) -> tuple[str, str]:
        world[type, name] = replace(world[type, name], **options)
        return type, name

    return mutate


def remove(type: str, name: str, blame: tuple[str, str]) -> Mutation:
    """Take a resource away, for which another is then to blame."""

    def mutate(world: World) -> tuple[str, str]:
        del world[type, name]
        return blame

    return mutate


def add(made: Made, blame: tuple[str, str] | None = None) -> Mutation:
    """Add a resource."""

    def mutate(world: World) -> tuple[str, str]:
        world[made.key] = made
        return blame or made.key

    return mutate


def both(*mutations: Mutation) -> Mutation:
    """Several at once, where one alone would break another rule first; the last one says who is to blame."""

    def mutate(world: World) -> tuple[str, str]:
        return [one(world) for one in mutations][-1]

    return mutate


Said = set[tuple[str, str, str]]
"""Rule, URN and message."""


class Judge:
    """The pack's own analyzer in this process. What did not change is not asked again."""

    def __init__(self, rules: list[Any] = RULES, exemptions: Exemptions | None = None) -> None:
        self._rules, self._exemptions = rules, exemptions or Exemptions([])
        self._asked: dict[bytes, tuple[Said, list[str]]] = {}
        self._analyzer = self._new()

    def _new(self) -> Analyzer:
        analyzer = Analyzer("test", "1", self._rules, EnforcementLevel.MANDATORY)
        analyzer.exemptions = self._exemptions
        return analyzer

    def __call__(self, world: World, preview: bool = False) -> tuple[Said, list[str]]:
        """What is said of a world, and which rules could not be judged yet."""
        said: Said = set()
        unknown: list[str] = []
        for made in world.values():
            request = analyzer_pb2.AnalyzeRequest(**_common(made, made.props, world, preview))
            key = request.SerializeToString(deterministic=True)
            if key not in self._asked:
                self._asked[key] = _told(self._analyzer.Analyze(request, None))
            said |= self._asked[key][0]
            unknown += self._asked[key][1]
        analyzer = self._new()
        analyzer._inputs = {
            made.urn: _read(_struct(_plain(made.props, world, preview))) for made in world.values()
        }
        told = _told(analyzer.AnalyzeStack(_whole(world, preview), None))
        return said | told[0], unknown + told[1]


def _told(answer: Any) -> tuple[Said, list[str]]:
    said = {(one.policyName, one.urn, one.message) for one in answer.diagnostics}
    return said, [one.policy_name for one in answer.not_applicable]


def _common(made: Made, props: Mapping[str, Any], world: World, preview: bool) -> dict[str, Any]:
    parent = world[made.parent].urn if made.parent else ""
    return {
        "type": made.type,
        "urn": made.urn,
        "name": made.name,
        "properties": _struct(_plain(props, world, preview)),
        "options": analyzer_pb2.AnalyzerResourceOptions(protect=made.protect, parent=parent),
    }


def _whole(world: World, preview: bool) -> Any:
    request = analyzer_pb2.AnalyzeStackRequest()
    for made in world.values():
        known = {key: made.output(key) for key in ("id", "arn", "name")} | made.props | made.outputs
        if preview:
            known |= {key: UNKNOWN_STRING_VALUE for key in known.keys() - made.props.keys()}
        on = {key: sorted(_refs(value, world)) for key, value in made.props.items()}
        request.resources.append(
            analyzer_pb2.AnalyzerResource(
                **_common(made, known, world, preview),
                parent=world[made.parent].urn if made.parent else "",
                dependencies=sorted({urn for urns in on.values() for urn in urns}),
                propertyDependencies={
                    k: analyzer_pb2.AnalyzerPropertyDependencies(urns=v) for k, v in on.items()
                },
            )
        )
    return request


def _plain(value: Any, world: World, preview: bool) -> Any:
    """A property as the engine sends it. A `Ref` to what is gone is what it was."""
    if isinstance(value, Ref):
        made = world.get((value.type, value.name)) or Made(value.type, value.name)
        return UNKNOWN_STRING_VALUE if preview else made.output(value.output)
    if isinstance(value, Json):
        inner = _plain(value.value, world, preview)
        return UNKNOWN_STRING_VALUE if preview and _refs(value.value, world) else json.dumps(inner)
    if isinstance(value, Mapping):
        return {key: _plain(inner, world, preview) for key, inner in value.items()}
    return [_plain(inner, world, preview) for inner in value] if isinstance(value, (list, tuple)) else value


def _refs(value: Any, world: World) -> set[str]:
    if isinstance(value, Ref):
        return {world[value.type, value.name].urn} if (value.type, value.name) in world else set()
    if isinstance(value, Json):
        return _refs(value.value, world)
    inner = (
        value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    )
    return {urn for one in inner for urn in _refs(one, world)}


def _struct(value: Mapping[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(dict(value), struct_pb2.Struct())
