"""An arrow less is told, and so is one more. test_netflix.py has what is true of the stack as it is."""

import importlib

import pytest

from components.access import connect
from fourplane import case_study, engine, project
from fourplane.drawn import closed, undrawn
from fourplane.preview import Preview


@pytest.fixture
def study():
    return case_study.read(project.find(), "netflix-dev")


@pytest.fixture
def redrawn(monkeypatch):
    """redrawn(without, also): netflix-dev with one arrow of its region left out, and one more."""

    def redrawn(without, also):
        known = {}

        def draw(client, *servers):
            connect(client, *(server for server in servers if (client.name, server.name) != without))
            known.update({one.name: one for one in (client, *servers)})
            if client.name == "users":  # one of the last arrows: everyone is known
                connect(*(known[name] for name in also))

        monkeypatch.setattr(importlib.import_module("stacks.netflix_region"), "connect", draw)
        found = project.find()
        settings = project.settings(found, "netflix-dev", [])
        return engine.run(found, "netflix-dev", settings, Preview(), preview=True)

    return redrawn


def test_an_arrow_that_is_not_connected_is_closed_and_one_more_is_a_way_that_nobody_drew(redrawn, study):
    graph = redrawn(without=("gateway", "user"), also=("gateway", "users"))
    assert closed(study, graph) == {"arrow API_GW -> USER_SVC"}
    assert undrawn(study, graph) == {("gateway", "users", "security groups", "tcp 9042")}
