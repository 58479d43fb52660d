"""What an EC2 instance has, by its type: memory and processors.

Looked up on 2026-11-25: https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-types.html. A type that
is not here can be added to the family's line; what is asked of AWS itself is known only after a deployment
has begun, and a shape that cannot hold should be refused before.
"""

from components.component import Component

# fmt: off
CPUS = {
    "medium": 1, "large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16, "8xlarge": 32, "12xlarge": 48,
    "16xlarge": 64, "24xlarge": 96, "32xlarge": 128, "48xlarge": 192,
}
"""Processors of a size, in the families below."""
GIB_A_CPU = {
    **dict.fromkeys(("c6g", "c7g", "c8g"), 2),
    **dict.fromkeys(("m6g", "m6i", "m7g", "m7i", "m8g"), 4),
    **dict.fromkeys(("r6g", "r6i", "r7g", "r7i", "r8g"), 8),
    **dict.fromkeys(("x2gd", "x8g"), 16),
}
"""GiB of memory for each processor, by family."""
LARGEST = {
    **dict.fromkeys(("c6g", "c7g", "m6g", "m7g", "r6g", "r7g", "x2gd"), "16xlarge"),
    **dict.fromkeys(("m6i", "r6i"), "32xlarge"),
    **dict.fromkeys(("c8g", "m7i", "m8g", "r7i", "r8g", "x8g"), "48xlarge"),
}
BURSTABLE = ("t3", "t4g")
BURSTABLE_GIB = {
    "nano": 0.5, "micro": 1, "small": 2, "medium": 4, "large": 8, "xlarge": 16, "2xlarge": 32,
}
"""Memory of a size in those families."""
# fmt: on
UNMADE = {
    *((family, "32xlarge") for family in ("c8g", "m7i", "m8g", "r7i", "r8g", "x8g")),
    *((family, "medium") for family in ("m6i", "m7i", "r6i", "r7i")),
}
"""Sizes that their families skip."""


def instance_memory(owner: Component, instance_type: str) -> int:
    """Bytes of memory of an instance of a type. Rejects the owner's `instance_type` where it is unknown."""
    family, size = _known(owner, instance_type)
    gib = GIB_A_CPU[family] * CPUS[size] if family in GIB_A_CPU else BURSTABLE_GIB[size]
    return int(gib * 2**30)


def instance_cpus(owner: Component, instance_type: str) -> int:
    """Processors of an instance of a type. Rejects the owner's `instance_type` where it is unknown."""
    family, size = _known(owner, instance_type)
    return CPUS[size] if family in GIB_A_CPU else max(2, CPUS.get(size, 2))


def sizes(family: str) -> list[str]:
    """The sizes of a family, smallest first; none of a family that is not known."""
    if family in BURSTABLE:
        return list(BURSTABLE_GIB)
    most = CPUS[LARGEST[family]] if family in LARGEST else 0
    return [size for size, cpus in CPUS.items() if cpus <= most and (family, size) not in UNMADE]


def _known(owner: Component, instance_type: str) -> tuple[str, str]:
    """Family and size."""
    family, _, size = instance_type.partition(".")
    if size not in sizes(family):
        known = sizes(family) or [*BURSTABLE, *GIB_A_CPU]
        what = f"a size of {family}" if sizes(family) else "of a family"
        owner.reject(
            "instance_type",
            instance_type,
            f"{what} that components/instance_types.py knows: {', '.join(known)}",
        )
    return family, size
