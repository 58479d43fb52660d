"""Reads stacks/case_studies/<company>.yaml: what makes each part of a company's case study true.

A name is "kind name" as `fourplane preview` prints it, or a component's name alone. "user" means what is
named so in every region of a stack, "eu/user" the one in its Region "eu", "home/user" the one in the stack's
own. A name that ends in "?", such as "Network eu/network?", need not be there in every stack of the company:
one entry of every claim must be.

What the case study says besides in lists, its technology, its settings, what it learnt, is made true in the
same way. A claim that `holds` a text names what one of its resources must contain, user data unpacked.

A file whose company has several shapes says with `when` which settings it tells of, and a diagram or a node
may say so for itself: `under` leaves of the rest only that it is not built in a stack with other settings.
"""

from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from fourplane.errors import Mistake
from fourplane.project import Project
from fourplane.study import (
    Allowance,
    Arrow,
    CaseStudy,
    Claim,
    Diagram,
    Entry,
    Line,
    Named,
    Node,
    Row,
    Text,
    When,
)


def path(project: Project, stack: str) -> Path:
    """Where the case study of a stack's company is, or would be."""
    return project.stack_folder / "case_studies" / f"{stack.rpartition('-')[0] or stack}.yaml"


def read(project: Project, stack: str) -> CaseStudy:
    """The case study of a stack's company. Raises Mistake, with file and line, for what makes no sense."""
    file = path(project, stack)
    if not file.is_file():
        known = ", ".join(sorted(one.stem for one in file.parent.glob("*.yaml"))) or "none"
        raise Mistake(f"no case study of '{file.stem}': {file} does not exist; known: {known}")
    return _File(file).case_study()


class _File:
    """One file, whose mistakes are told with their lines."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def case_study(self) -> CaseStudy:
        whole = self._mapping(self._document(), "the file")
        self._keys(whole, "the file", {"title", "diagrams", "metrics"}, {"platform", "lists", "when"})
        when = self._when(whole.get("when"), {})
        diagrams = {
            slug: self._diagram(slug, diagram, when)
            for slug, diagram in self._mapping(whole["diagrams"], "diagrams").items()
        }
        metrics = [self._row(row) for row in self._list(whole["metrics"], "metrics")]
        platform = [self._allowance(one) for one in self._list(whole.get("platform", []), "platform")]
        lists = {
            title: {what: self._line(what, line) for what, line in self._mapping(lines, title).items()}
            for title, lines in self._mapping(whole.get("lists", Entry()), "lists").items()
        }
        return CaseStudy(self._path, whole["title"], diagrams, metrics, platform, lists, when)

    def _diagram(self, slug: str, value: Any, when: When) -> Diagram:
        entry = self._mapping(value, slug)
        self._keys(entry, slug, {"nodes", "arrows"}, {"groups", "when"})
        when = self._when(entry.get("when"), when)
        nodes = {
            id: self._node(id, node, when) for id, node in self._mapping(entry["nodes"], "nodes").items()
        }
        groups = {
            name: self._group(name, ids, nodes)
            for name, ids in self._mapping(entry.get("groups", Entry()), f"{slug}: groups").items()
        }
        arrows = [self._arrow(arrow, nodes, groups) for arrow in self._list(entry["arrows"], "arrows")]
        return Diagram(nodes, arrows, groups)

    def _group(self, name: str, value: Any, nodes: dict[str, Node]) -> tuple[str, ...]:
        ids = tuple(self._list(value, f"group {name}"))
        for id in ids:
            if id not in nodes:
                raise self._mistake(getattr(id, "line", 1), f"group {name}: {id} is no node of its diagram")
        return ids

    def _when(self, value: Any, default: When) -> When:
        if value is None:
            return default
        found = self._mapping(value, "when")
        return {k: tuple(v) if isinstance(v, list) else (str(v),) for k, v in found.items()}

    def _node(self, id: str, value: Any, when: When) -> Node:
        entry = self._mapping(value, id)
        own = self._when(entry.pop("when", None), when)
        claim = self._claim(entry, f"node {id}", {"label"})
        return Node(entry["label"], claim, own)

    def _arrow(self, value: Any, nodes: dict[str, Node], groups: dict[str, tuple[str, ...]]) -> Arrow:
        entry = self._mapping(value, "arrows")
        source, target = entry.get("from", "?"), entry.get("to", "?")
        marks = {key: entry.pop(key, "false") for key in ("fetched", "within", "becomes", "both_ways")}
        claim = self._claim(entry, f"arrow {source} -> {target}", {"from", "to"})
        for key, mark in marks.items():
            if mark not in ("true", "false"):
                raise self._mistake(claim.line, f"{claim.what}: {key} must be true or false, got '{mark}'")
        for end in (source, target):
            if end not in nodes and end not in groups:
                raise self._mistake(claim.line, f"{claim.what}: {end} is no node of its diagram")
            if claim.built and not all(nodes[id].claim.built for id in groups.get(end, (end,))):
                raise self._mistake(claim.line, f"{claim.what}: it cannot be built while {end} is not")
        return Arrow(source, target, claim, **{key: mark == "true" for key, mark in marks.items()})

    def _row(self, value: Any) -> Row:
        entry = self._mapping(value, "metrics")
        claim = self._claim(entry, f"metrics row {entry.get('component', '?')}", {"component", "says"})
        return Row(entry["component"], dict(self._mapping(entry["says"], claim.what)), claim)

    def _line(self, what: str, value: Any) -> Line:
        entry = self._mapping(value, what)
        claim = self._claim(entry, what, {"says"})
        return Line(entry["says"], claim)

    def _allowance(self, value: Any) -> Allowance:
        entry = self._mapping(value, "platform")
        self._keys(entry, "platform", {"from", "to", "why"})
        sources, targets = (self._names(entry[key], f"platform: {key}") for key in ("from", "to"))
        return Allowance(sources, targets, entry["why"], entry.line)

    def _claim(self, entry: Entry, what: str, own: set[str]) -> Claim:
        self._keys(entry, what, own, {"made_true_by", "not_yet", "note", "departure", "holds"})
        by = self._names(entry.get("made_true_by", []), f"{what}: made_true_by")
        if bool(by) == bool(entry.get("not_yet")):
            raise self._mistake(entry.line, f"{what} must say either made_true_by or not_yet")
        departure = entry.get("departure")
        if departure is not None:
            self._keys(self._mapping(departure, what), f"{what}: departure", {"record", "source"})
        told: dict[str, str] = departure or {"record": "", "source": ""}
        notes = (entry.get("note", ""), entry.get("not_yet", ""))
        return Claim(what, entry.line, by, *notes, told["record"], told["source"], entry.get("holds", ""))

    def _document(self) -> Any:
        try:
            root = yaml.compose(self._path.read_text(encoding="utf-8"), yaml.BaseLoader)
        except yaml.YAMLError as error:
            mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
            raise self._mistake(mark.line + 1 if mark else 1, f"not YAML: {problem or error}") from None
        return self._value(root)

    def _value(self, node: Any) -> Any:
        line = node.start_mark.line + 1 if node else 1
        if isinstance(node, yaml.SequenceNode):
            return [self._value(inner) for inner in node.value]
        if isinstance(node, yaml.MappingNode):
            entry = Entry()
            entry.line = line
            for key, inner in node.value:
                if key.value in entry:
                    raise self._mistake(key.start_mark.line + 1, f"'{key.value}' stands twice")
                entry[key.value] = value = self._value(inner)
                if isinstance(value, Entry):
                    value.line = key.start_mark.line + 1
            return entry
        text = Text(node.value if node else "")
        text.line = line
        return text

    def _mapping(self, value: Any, what: str) -> Entry:
        if not isinstance(value, Entry):
            raise self._mistake(getattr(value, "line", 1), f"{what} must be a mapping, got {str(value)!r}")
        return value

    def _list(self, value: Any, what: str) -> list[Any]:
        if not isinstance(value, list):
            raise self._mistake(getattr(value, "line", 1), f"{what} must be a list, got {str(value)!r}")
        return value

    def _names(self, value: Any, what: str) -> tuple[Named, ...]:
        return tuple(self._named(text, what) for text in self._list(value, what))

    def _named(self, text: Any, what: str) -> Named:
        if not isinstance(text, Text) or not text.removesuffix("?").strip():
            raise self._mistake(
                getattr(text, "line", 1), f"{what} must be a list of names, got {str(text)!r}"
            )
        name = Named(text.removesuffix("?"))
        name.line, name.optional = text.line, text.endswith("?")
        return name

    def _keys(self, entry: Entry, what: str, needed: set[str], known: set[str] | None = None) -> None:
        known = needed | (known or set())
        for key in entry.keys() - known:
            near = get_close_matches(key, known, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise self._mistake(entry.line, f"{what}: '{key}' means nothing here{hint}")
        for key in sorted(needed - entry.keys()):
            raise self._mistake(entry.line, f"{what}: '{key}' is required")

    def _mistake(self, line: int, message: str) -> Mistake:
        return Mistake(f"{self._path}:{line}: {message}")
