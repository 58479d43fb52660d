"""What a rule reads: a resource by the paths of its properties, and the stack around it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pulumi_policy import PolicyResource, ResourceValidationArgs
from pulumi_policy.proxy import UnknownValueError

T = TypeVar("T")


def at(value: Any, path: str) -> Any:
    """What stands at "metadataOptions.httpTokens" or "rules.0.id" of a value; None where there is nothing.

    Raises UnknownValueError where only the deployment will know: the rule is then not judged yet.
    """
    for step in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, Sequence) and not isinstance(value, str) and step.isdigit():
            value = value[int(step)] if int(step) < len(value) else None
        else:
            return None
    return value


class Resource:
    """A resource, its properties under the names that Pulumi gives them: `queue["kmsMasterKeyId"]`."""

    __slots__ = ("_inputs", "_of", "parent", "props", "protect", "type", "urn")

    def __init__(self, of: ResourceValidationArgs | PolicyResource, inputs: Mapping[str, Any]) -> None:
        self._of, self._inputs = of, inputs
        self.type, self.urn, self.props = of.resource_type, of.urn, of.props
        self.protect = of.opts.protect
        self.parent = of.opts.parent or ""
        """The URN of the component that it belongs to; "" for none."""

    @property
    def name(self) -> str:
        return self.urn.rsplit("::", 1)[-1]

    @property
    def kind(self) -> str:
        """The last word of its type, "Queue"."""
        return self.type.rsplit(":", 1)[-1]

    def __getitem__(self, path: str) -> Any:
        """The input at a path, or else the output; None where there is neither."""
        given = at(self._inputs, path)
        return given if given is not None or self._inputs is self.props else at(self.props, path)

    def given(self, path: str) -> Any:
        """The input at a path; None where the program gave none, whatever the cloud answered."""
        return at(self._inputs, path)

    def many(self, path: str) -> list[Any]:
        """What stands at a path as a list: none, one, or several."""
        found = self[path]
        if found is None:
            return []
        return list(found) if isinstance(found, Sequence) and not isinstance(found, str) else [found]

    def document(self, path: str) -> Any:
        """The JSON at a path, such as an IAM policy; None where there is nothing or something else."""
        return parsed(self[path])

    def names(self, *keys: str) -> set[str]:
        """Texts by which others may refer to it: its id, ARN and name, as far as they are known."""
        return {text for key in keys or IDENTITIES for text in self._known(key)}

    def _known(self, key: str) -> Iterator[str]:
        try:
            text = self[key]
        except UnknownValueError:
            return
        if isinstance(text, str) and text:
            yield text


IDENTITIES = ("id", "arn", "name", "url", "bucket", "clusterIdentifier")


class Stack:
    """All resources of a stack, and what stands on what."""

    def __init__(self, resources: Sequence[PolicyResource], inputs: Mapping[str, Mapping[str, Any]]) -> None:
        self._raw = {one.urn: one for one in resources}
        self._all = {one.urn: Resource(one, inputs.get(one.urn, one.props)) for one in resources}
        self._by_type: dict[str, list[Resource]] = {}
        self._by_parent: dict[str, list[Resource]] = {}
        for raw, one in zip(resources, self._all.values(), strict=True):
            one.parent = one.parent or (raw.parent.urn if raw.parent else "")
            self._by_type.setdefault(one.type, []).append(one)
            self._by_parent.setdefault(one.parent, []).append(one)

    def all(self, *types: str) -> list[Resource]:
        """Every resource of these types; of any type where none is given."""
        return [one for type in types or self._by_type for one in self._by_type.get(type, ())]

    def children(self, resource: Resource) -> list[Resource]:
        """What belongs to a component directly."""
        return list(self._by_parent.get(resource.urn, ()))

    def below(self, resource: Resource, *types: str) -> list[Resource]:
        """What belongs to a component at any depth, of these types."""
        found: list[Resource] = []
        for child in self._by_parent.get(resource.urn, ()):
            found += [child, *self.below(child)]
        return [one for one in found if not types or one.type in types]

    def around(self, resource: Resource, prefix: str = "") -> Resource | None:
        """The nearest component around a resource whose type begins so."""
        found = self._all.get(resource.parent)
        while found and not found.type.startswith(prefix):
            found = self._all.get(found.parent)
        return found

    def behind(self, resource: Resource, key: str = "", *types: str) -> list[Resource]:
        """What a property stands on, or the whole resource where no key is given: known in a preview too."""
        raw = self._raw[resource.urn]
        on = raw.property_dependencies.get(key, []) if key else raw.dependencies
        return [self._all[one.urn] for one in on if not types or one.resource_type in types]

    def users(self, resource: Resource, key: str = "", *types: str) -> list[Resource]:
        """Resources of these types whose property `key` (of the first level; "": any) stands on a resource,
        or holds its id, ARN or name."""
        return [one for one in self.all(*types) if self.uses(one, key, resource)]

    def uses(self, resource: Resource, key: str, other: Resource) -> bool:
        """Whether a property of a resource stands on another, or holds its id, ARN or name."""
        on = self._raw[resource.urn].property_dependencies
        if any(one.urn == other.urn for given in ([key] if key else on) for one in on.get(given, ())):
            return True
        try:
            return bool(key) and not other.names().isdisjoint(texts(resource[key]))
        except UnknownValueError:
            return False


def parsed(text: Any) -> Any:
    """A JSON text as what it says; None where it is no JSON."""
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return None


def texts(value: Any) -> Iterator[str]:
    """Every text inside a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from texts(inner)
