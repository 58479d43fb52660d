"""Kubernetes objects: checked strictly against the schemas of their cluster's version; no pod runs."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import best_match
from kubernetes_validate import utils
from referencing import Registry, Resource

from fourplane.errors import Failure, Mistake
from fourplane.sandbox.creator import Made, New, creates

GROUPS = {
    *("", "apps", "autoscaling", "batch", "policy"),
    *(
        f"{name}.k8s.io"
        for name in [
            "admissionregistration",
            "apiextensions",
            "apiregistration",
            "authentication",
            "authorization",
            "certificates",
            "coordination",
            "discovery",
            "events",
            "flowcontrol.apiserver",
            "networking",
            "node",
            "rbac.authorization",
            "resource",
            "scheduling",
            "storage",
            "storagemigration",
        ]
    ),
}
"""API groups of Kubernetes itself; an object of another group is a custom resource."""
CLUSTER_WIDE = set(
    [
        "APIService",
        "CertificateSigningRequest",
        "ClusterRole",
        "ClusterRoleBinding",
        "CSIDriver",
        "CSINode",
        "CustomResourceDefinition",
        "DeviceClass",
        "FlowSchema",
        "IngressClass",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "PriorityLevelConfiguration",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "VolumeAttachment",
    ]
)
NAME = re.compile(r"[a-z0-9]([-a-z0-9.:]*[a-z0-9])?")
_VERSIONS: dict[str, str] = {}
"""Of the clusters that were made, by `_family`."""
_CUSTOM: dict[tuple[str, str], dict[str, Any]] = {}


def register_schema(api_version: str, kind: str, schema: dict[str, Any]) -> None:
    """Check custom resources of this kind against a JSON schema (a definition's openAPIV3Schema)."""
    _CUSTOM[api_version, kind] = schema


def cluster_made(urn: str, version: str) -> None:
    """Check objects of the provider beside an EKS cluster, of the same name, as its version has them."""
    _VERSIONS[_family(urn)] = version


def _family(urn: str) -> str:
    """What a cluster and its provider have in common: the component around them, and their name."""
    around, _, name = urn.rpartition("::")
    return f"{around.rpartition('$')[0]}::{name}"


@creates("kubernetes:*")
def kubernetes_object(new: New) -> Made:
    api_version, kind = new.get("apiVersion"), new.get("kind")
    if not api_version or not kind:
        raise Failure(
            f"the sandbox has no creator for {new.resource.type}: it makes single objects, no charts"
        )
    metadata = {"namespace": "default", **new.get("metadata", {})}
    if kind in CLUSTER_WIDE:
        metadata.pop("namespace")
    metadata.setdefault("name", metadata.pop("generateName", None) or f"{new.resource.name}-{new.hash(8)}")
    declared = {**new.inputs, "metadata": {k: v for k, v in metadata.items() if v is not None}}
    id = "/".join(metadata[key] for key in ("namespace", "name") if key in metadata)
    problem = next(iter(_problems(declared, api_version, kind, _version(new))), None)
    if problem:
        raise Mistake(f"{kind} {id}: {problem}")
    new.resource.simulated = True
    return id, {"apiVersion": api_version, "kind": kind, "metadata": {**metadata, "uid": new.uuid}}


def _version(new: New) -> str:
    """Of its provider's cluster, where the sandbox made it; else the newest there is."""
    provider = new.resource.provider.rpartition("::")[0]
    return _VERSIONS.get(_family(provider), utils.latest_version().rpartition(".")[0])


def _problems(declared: dict[str, Any], api_version: str, kind: str, version: str) -> Iterable[str]:
    name = declared["metadata"]["name"]
    if not NAME.fullmatch(name) or len(name) > 253:
        yield f"metadata.name must be lower-case letters, digits, '-' and '.', got '{name}'"
    validator = _validator(api_version, kind, version)
    error = best_match(validator.iter_errors(declared)) if validator else None
    if error:
        yield _said(error)


def _said(error: ValidationError) -> str:
    """The field and what is wrong with it."""
    field = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
    return f"{field.lstrip('.')}: {error.message}" if field else error.message


@cache
def _validator(api_version: str, kind: str, version: str) -> Draft202012Validator | None:
    """What an object of this kind must look like; None for a custom resource that nobody described."""
    group, _, version_name = api_version.rpartition("/")
    if group not in GROUPS:
        schema = _CUSTOM.get((api_version, kind))
        return Draft202012Validator(schema) if schema else None
    short = f"{group.split('.')[0]}-{version_name}" if group else version_name
    folder = f"v{version}.0-local-strict"
    path = f"kubernetes-json-schema/{folder}/{kind.lower()}-{short}.json"
    try:
        schema = utils.schema_contents(path, version)
    except FileNotFoundError:
        raise Mistake(f"Kubernetes {version} has no {kind} in {api_version}") from None
    return Draft202012Validator(
        schema, registry=Resource.from_contents(schema) @ _definitions(folder, version)
    )


@cache
def _definitions(folder: str, version: str) -> Registry[Any]:
    """What all schemas share, read once: it takes a tenth of a second."""
    path = f"kubernetes-json-schema/{folder}/_definitions.json"
    return Resource.from_contents(utils.schema_contents(path, version)) @ Registry()
