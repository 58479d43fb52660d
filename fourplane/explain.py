"""What makes each node, arrow and metrics row of a case study true, found in what the stack registers."""

import base64
import fnmatch
import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pulumi

from fourplane import wire
from fourplane.errors import Mistake
from fourplane.graph import Graph, Resource
from fourplane.planes import HOME, around, kind, lineage, place, title
from fourplane.study import CaseStudy, Claim

GZIPPED = b"\x1f\x8b"
Proof = dict[Claim, list[Resource]]
"""The resources that make each claim true; none for what is not built yet."""


def prove(study: CaseStudy, graph: Graph) -> Proof:
    """The resources behind every claim. Raises Mistake for a name that nothing registered has."""
    proof = {claim: list(_resources(study, claim, graph)) for claim in study.claims()}
    for claim, resources in proof.items():
        if claim.holds and not any(_holds(resource, claim.holds) for resource in resources):
            names = ", ".join(claim.made_true_by)
            raise Mistake(f"{study.path}:{claim.line}: {claim.what}: {names} must hold {claim.holds!r}")
    return proof


def _holds(resource: Resource, text: str) -> bool:
    """Whether a text is in what a resource was given. What only a deployment will tell may hold anything."""
    packed = [resource.inputs.get(key) for key in ("userData", "contentBase64")]
    told = [
        *(unpacked(one) for one in packed if isinstance(one, str)),
        *(file for one in resource.inputs.values() for file in _files(one)),
        json.dumps(wire.printable(resource.inputs)),
    ]
    return any(text in one for one in told) or wire.contains(resource.inputs, wire.Unknown)


def _files(value: Any) -> Iterator[str]:
    """The texts of an archive that is made of texts and files."""
    for asset in value.assets.values() if isinstance(value, pulumi.AssetArchive) else ():
        if isinstance(asset, pulumi.StringAsset):
            yield asset.text
        elif isinstance(asset, pulumi.FileAsset):
            yield Path(str(asset.path)).read_text(encoding="utf-8", errors="replace")


def unpacked(user_data: str) -> str:
    """What a machine is given at boot, base64 and gzip taken off."""
    data = base64.b64decode(user_data)
    return (gzip.decompress(data) if data.startswith(GZIPPED) else data).decode(errors="replace")


def _resources(study: CaseStudy, claim: Claim, graph: Graph) -> Iterator[Resource]:
    found = {entry: named(graph, entry) for entry in claim.made_true_by}
    for entry, resources in found.items():
        if not resources and (not entry.optional or not any(found.values())):
            where = f"{study.path}:{entry.line}"
            told = f"nothing in {graph.stack} is named '{entry}'"
            if entry.optional:
                told += ", nor by any other of its entries; one of them must be there in every stack"
            raise Mistake(f"{where}: {claim.what}: {told}")
        yield from resources


def named(graph: Graph, name: str) -> list[Resource]:
    """What a name means: "kind name" as `fourplane preview` prints it, or a component's name alone.

    A plain name means what is named so in every region of the stack; "eu/user" means the one in its Region
    "eu", and "home/user" the one in the stack's own region. A * in the last word stands for any text. Of
    components of one name inside each other, the outermost is meant.
    """
    *kinds, own = name.split()
    found = [resource for resource in graph.values() if is_named(graph, resource, own)]
    if kinds:
        return [resource for resource in found if kind(resource) == " ".join(kinds)]
    components = [resource for resource in found if not resource.custom]
    urns = {component.urn for component in components}
    return [one for one in components if not urns & {around.urn for around in lineage(graph, one.parent)}]


def is_named(graph: Graph, resource: Resource, pattern: str) -> bool:
    """Whether a name, with or without its region, is a resource's."""
    if _fits(resource.name, pattern):
        return True
    region, slash, own = pattern.partition("/")
    there = slash and _fits(resource.name, own)
    return bool(there) and _fits(place(graph, resource.urn) or HOME, region)


def _fits(name: str, pattern: str) -> bool:
    return name == pattern or ("*" in pattern and fnmatch.fnmatchcase(name, pattern))


def as_json(study: CaseStudy, graph: Graph, proof: Proof) -> dict[str, Any]:
    def urns(claim: Claim) -> list[str]:
        return [resource.urn for resource in proof[claim]]

    lists = {
        title: {
            what: {"made_true_by": urns(line.claim), "note": _note(line.claim)}
            for what, line in lines.items()
        }
        for title, lines in study.lists.items()
    }
    return {
        "stack": graph.stack,
        "diagrams": {
            slug: {
                "nodes": {
                    id: {"made_true_by": urns(node.claim), "note": _note(node.claim)}
                    for id, node in diagram.nodes.items()
                },
                "arrows": [
                    {"from": arrow.source, "to": arrow.target, "made_true_by": urns(arrow.claim)}
                    for arrow in diagram.arrows
                ],
            }
            for slug, diagram in study.diagrams.items()
        },
        "metrics": [{"component": row.component, "made_true_by": urns(row.claim)} for row in study.metrics],
        **({"lists": lists} if lists else {}),
    }


def as_text(study: CaseStudy, graph: Graph, proof: Proof) -> Iterator[str]:
    """Diagram by diagram, what makes what true; at the end, how much is not built."""
    yield f"{graph.stack}: {study.title}"
    for slug, diagram in study.diagrams.items():
        yield ""
        yield slug
        for id, node in diagram.nodes.items():
            yield f"  {id}: {node.label}"
            yield from _told(graph, node.claim, proof)
        for arrow in diagram.arrows:
            yield f"  {arrow.source} {'<->' if arrow.both_ways else '->'} {arrow.target}"
            yield from _told(graph, arrow.claim, proof)
    if study.metrics:
        yield ""
        yield "metrics"
    for row in study.metrics:
        yield f"  {row.component}: {', '.join(row.says.values())}"
        yield from _told(graph, row.claim, proof)
    for heading, lines in study.lists.items():
        yield ""
        yield heading
        for what, line in lines.items():
            yield f"  {what}: {line.says}"
            yield from _told(graph, line.claim, proof)
    yield ""
    yield count(study)


def count(study: CaseStudy) -> str:
    """How much of a case study is built, and how much is not."""
    diagrams = study.diagrams.values()
    parts = {
        "nodes": [node.claim for diagram in diagrams for node in diagram.nodes.values()],
        "arrows": [arrow.claim for diagram in diagrams for arrow in diagram.arrows],
        "metrics rows": [row.claim for row in study.metrics],
        **{title: [line.claim for line in lines.values()] for title, lines in study.lists.items()},
    }
    parts = {what: claims for what, claims in parts.items() if claims}
    built = ", ".join(f"{_built(claims)} of {len(claims)} {what}" for what, claims in parts.items())
    missing = ", ".join(f"{len(claims) - _built(claims)} {what}" for what, claims in parts.items())
    return f"built: {built}; not yet built: {missing}"


def _built(claims: Sequence[Claim]) -> int:
    return sum(claim.built for claim in claims)


def _told(graph: Graph, claim: Claim, proof: Proof) -> Iterator[str]:
    for resource in proof[claim]:
        outer = around(graph, resource)
        yield f"    {kind(resource)} '{title(graph, resource)}'" + (f" in {outer}" if outer else "")
    for entry in claim.made_true_by:
        if entry.optional and not named(graph, entry):
            yield f"    not in {graph.stack}: {entry}"
    if note := _note(claim):
        yield f"    {note}"
    if claim.record:
        yield f"    departs from the public record: {claim.record} ({claim.source})"


def _note(claim: Claim) -> str:
    return claim.note if claim.built else f"not yet built: {claim.not_yet}"
