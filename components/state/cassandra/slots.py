"""Which part of a ring a slot is, as Priam has it.

https://github.com/Netflix/Priam: TokenManager.java.
"""


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
