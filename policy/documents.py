"""IAM documents as rules read them: statements whose parts are always lists."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policy.resource import Resource, parsed

RESOURCES = ("aws:resource",)
CALLERS = ("aws:calledvia", "aws:principal", "aws:source", "kms:", "sts:externalid")
"""How the keys of conditions begin that say whose resources are meant, and who may ask."""
LOOSE = ("Not", "Null", "IfExists", "ForAllValues")
EVERYBODY = {"*", "0.0.0.0/0", "::/0"}
RIGHTS = {
    "aws:iam/groupPolicy:GroupPolicy": "policy",
    "aws:iam/policy:Policy": "policy",
    "aws:iam/role:Role": "inlinePolicies",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
    "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy": "inlinePolicy",
}
"""What gives rights, and the property that says which."""


@dataclass(frozen=True)
class Statement:
    """One statement. `principals`: "*", or "Service:lambda.amazonaws.com"; empty in a role's own policy."""

    effect: str
    actions: list[str]
    resources: list[str]
    principals: list[str]
    conditions: Mapping[str, Any]
    negated: bool
    """Whether it names what it does not mean: NotAction, NotResource, NotPrincipal."""

    @property
    def allows(self) -> bool:
        return self.effect == "Allow"


def statements(document: Any) -> Iterator[Statement]:
    """The statements of a document that `resource.document("policy")` gave."""
    for one in listed(document.get("Statement") if isinstance(document, Mapping) else None):
        yield Statement(
            effect=str(one.get("Effect")),
            actions=listed(one.get("Action", one.get("NotAction"))),
            resources=listed(one.get("Resource", one.get("NotResource"))),
            principals=list(_principals(one.get("Principal", one.get("NotPrincipal")))),
            conditions=one.get("Condition") or {},
            negated=bool({"NotAction", "NotResource", "NotPrincipal"} & one.keys()),
        )


def limited(statement: Statement, *beginnings: str) -> bool:
    """Whether a condition asks for a key that begins so, such as one of `RESOURCES`, or for a resource's tag.

    What only says who is not meant, or holds where there is no such key, limits nothing.
    """
    return any(
        (key.lower().startswith(beginnings) or "resourcetag/" in key.lower())
        and EVERYBODY.isdisjoint(
            value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        )
        for operator, asked in statement.conditions.items()
        if not any(word in operator for word in LOOSE)
        for key, value in asked.items()
    )


def rights(resource: Resource) -> list[Statement]:
    """The statements that allow, of what is in `RIGHTS`."""
    path = RIGHTS[resource.type]
    documents = [resource.document(path)]
    if path == "inlinePolicies":
        documents = [parsed(one.get("policy")) for one in resource.many(path)]
    return [one for document in documents for one in statements(document) if one.allows]


def listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return [value] if isinstance(value, (str, Mapping)) else list(value)


def _principals(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif value:
        for kind, those in value.items():
            yield from (f"{kind}:{one}" for one in listed(those))
