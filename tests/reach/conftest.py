"""ways(program) tells who can reach whom in a program, by names."""

from collections.abc import Callable, Collection

import pytest

from fourplane.graph import Graph
from fourplane.reach import reach


@pytest.fixture
def ways(preview: Callable[..., Graph]) -> Callable[..., set[str]]:
    """ways(program, without): "source -> target by at"; `without` takes resources away, by type and name."""

    def ways(program: Callable[[], object], without: Collection[str] = ()) -> set[str]:
        graph = preview(program)
        for urn in [u for u, r in graph.items() if f"{r.type.split(':')[-1]} {r.name}" in without]:
            del graph.resources[urn]
        names = {urn: resource.name for urn, resource in graph.items()}
        return {
            f"{names.get(way.source, way.source)} -> {names.get(way.target, way.target)} {way.by} {way.at}"
            for way in reach(graph)
        }

    return ways
