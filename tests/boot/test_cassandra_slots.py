import itertools

import pytest

from components.slots import slots, zone_letter
from components.state.cassandra.slots import java_hash, priam_token

ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"]


def test_the_hash_is_javas():
    assert abs(java_hash("us-east-1")) == 1808575600  # Netflix/Priam, TokenRetrieverTest.java
    assert java_hash("") == 0 and java_hash("a") == 97
    assert java_hash("polygenelubricants") == -(2**31)  # the best known string of that hash


def test_the_first_token_is_the_lowest_moved_by_the_region():
    assert [priam_token("us-east-1", size, 0) for size in (1, 10, 133)] == [1808575600 - 2**63] * 3


def test_tokens_are_the_published_ones_moved_by_the_region():
    """DataStax, "Generating tokens": Murmur3 tokens of rings of three and six."""
    three = [-9223372036854775808, -3074457345618258603, 3074457345618258602]
    six = [*three, -6148914691236517206, 0 - 2, 6148914691236517202]
    assert [priam_token("us-east-1", 3, slot) - 1808575600 for slot in range(3)] == three
    doubled = [priam_token("us-east-1", 6, slot) - 1808575600 for slot in range(6)]
    assert all(abs(ours - theirs) <= 4 for ours, theirs in zip(sorted(doubled), sorted(six), strict=True))


def test_tokens_of_two_regions_never_meet():
    regions = ["us-east-1", "us-west-2", "eu-west-1", "ap-southeast-2"]
    rings = [
        {priam_token(region, size, slot) for slot in range(size)} for region in regions for size in (6, 9)
    ]
    assert not any(a & b for a, b in itertools.combinations(rings, 2) if len(a) == len(b))


def test_every_token_of_every_region_is_one_that_murmur3_can_give():
    for region in ("us-east-1", "us-west-2", "eu-west-1", "ap-southeast-2", "eu-central-1"):
        assert -(2**63) <= priam_token(region, 1000, 0) < priam_token(region, 1000, 999) < 2**63


def test_slots_alternate_racks():
    ring = slots("users", ZONES, 3)
    assert [slot.number for slot in ring if slot.zone == "us-east-1a"] == [0, 3, 6]
    assert [slot.number for slot in ring if slot.zone == "us-east-1b"] == [1, 4, 7]
    assert [slot.number for slot in ring] == list(range(9))


def test_seeds_are_the_first_node_of_every_rack():
    assert [slot.name for slot in slots("users", ZONES, 3) if slot.seed] == [
        "users-a0",
        "users-b0",
        "users-c0",
    ]


def test_nodes_are_named_after_their_zone():
    assert [slot.name for slot in slots("users", ZONES[:2], 2)] == [
        "users-a0",
        "users-b0",
        "users-a1",
        "users-b1",
    ]
    assert [zone_letter(zone) for zone in ("eu-west-2c", "us-east-1-bos-1a")] == ["c", "a"]


@pytest.mark.parametrize("zones, copies", [(3, 3), (3, 2), (4, 3), (2, 2)])
@pytest.mark.parametrize("nodes_per_zone", [1, 2, 5])
def test_every_node_keeps_the_same_share_and_no_zone_keeps_two_copies(zones, copies, nodes_per_zone):
    ring = slots("users", [f"us-east-1{letter}" for letter in "abcd"[:zones]], nodes_per_zone)
    size, kept = len(ring), dict.fromkeys(range(len(ring)), 0)
    tokens = [priam_token("us-east-1", size, slot.number) for slot in ring]
    for first in range(size):
        width = (tokens[first] - tokens[first - 1]) % 2**64
        owners = replicas(ring, first, copies)
        assert len({ring[owner].zone for owner in owners}) == copies
        for owner in owners:
            kept[owner] += width
    assert max(kept.values()) - min(kept.values()) <= size * copies  # rounding
    assert sum(kept.values()) == copies * 2**64


def replicas(ring, first, copies):
    """NetworkTopologyStrategy: clockwise from the token, a node in a rack that has no copy yet."""
    owners = []
    for step in range(len(ring)):
        node = (first + step) % len(ring)
        if len(owners) < copies and ring[node].zone not in {ring[owner].zone for owner in owners}:
            owners.append(node)
    return owners
