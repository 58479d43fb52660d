"""Quorum on a ring: who holds what, and what a loss leaves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourplane.chaos.ring import Node, quorum, replicas, short

SIX = [
    Node(f"{rack}{turn}", 10 * (turn * 3 + place), rack)
    for turn in (0, 1)
    for place, rack in enumerate("abc")
]


def up(*down):
    return {node.name for node in SIX} - set(down)


def test_every_range_is_held_once_in_every_rack():
    for held in replicas(SIX, 3).values():
        assert sorted(node.rack for node in held) == ["a", "b", "c"]


def test_the_first_replica_of_a_range_is_the_node_whose_token_ends_it():
    assert {token: held[0].token for token, held in replicas(SIX, 3).items()} == {
        n.token: n.token for n in SIX
    }


def test_a_whole_rack_can_go():
    assert short(SIX, 3, up("a0", "a1")) == {}


def test_two_nodes_of_different_racks_stop_only_the_ranges_that_both_held():
    """Two of six nodes in both cases: a count could not tell them apart."""
    assert short(SIX, 3, up("a0", "a1")) == {} and set(short(SIX, 3, up("a0", "b0"))) == {0, 50}


def test_with_more_copies_than_racks_racks_hold_several():
    two = [Node("a0", 0, "a"), Node("a1", 1, "a"), Node("b0", 2, "b"), Node("b1", 3, "b")]
    assert [n.name for n in replicas(two, 3)[0]] == ["a0", "a1", "b0"]


@pytest.mark.parametrize(("copies", "needed"), [(1, 1), (2, 2), (3, 2), (5, 3)])
def test_a_quorum_is_more_than_half(copies, needed):
    assert quorum(copies) == needed


@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 3))
def test_every_range_has_as_many_different_replicas_as_there_can_be(racks, turns, copies):
    nodes = [Node(f"{r}-{t}", t * racks + r, str(r)) for t in range(turns) for r in range(racks)]
    for held in replicas(nodes, copies).values():
        assert len(set(held)) == min(copies, len(nodes))
        assert len({node.rack for node in held}) == min(copies, racks)
