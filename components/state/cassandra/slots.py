"""Who is where in a ring, as Priam has it: slots over racks, seeds, and tokens.

https://github.com/Netflix/Priam: TokenManager.java, TokenRetriever.java, InstanceIdentity.java (getSeeds).
"""

import string
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Slot:
    """A node's place in its ring, which outlives every instance that fills it."""

    number: int
    name: str
    """ "users-a0": the ring, the letter of its zone, and which of the zone's nodes it is."""
    zone: str
    """The availability zone, which is the rack too."""
    seed: bool
    """Whether others learn of the ring from it: the first node of every rack."""


def slots(ring: str, zones: Sequence[str], nodes_per_zone: int) -> list[Slot]:
    """Slots that alternate racks (zone a: 0, 3, 6…): neighbours on the ring are in different zones."""
    return [
        Slot(turn * len(zones) + place, f"{ring}-{zone_letter(zone)}{turn}", zone, seed=turn == 0)
        for turn in range(nodes_per_zone)
        for place, zone in enumerate(zones)
    ]


def zone_letter(zone: str) -> str:
    """The part of a zone's name that tells it from the others of its region: "a" of us-east-1a."""
    return zone.removeprefix(zone.rstrip(string.ascii_lowercase)) or zone


def java_hash(text: str) -> int:
    """Java's String.hashCode, a signed 32-bit number."""
    hashed = 0
    for character in text:
        hashed = (31 * hashed + ord(character)) % 2**32
    return hashed - 2**32 if hashed >= 2**31 else hashed


def priam_token(region: str, size: int, slot: int) -> int:
    """The Murmur3 token of a slot in a ring of some size.

    The region's name moves the whole ring a little: the rings of two regions share no token, and can be
    joined as two datacenters of one cluster.
    """
    return (2**64 // size) * slot + abs(java_hash(region)) - 2**63
