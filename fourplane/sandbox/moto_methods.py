"""How a class of moto's is given another method."""

from typing import Any


def replace(owner: Any, **methods: Any) -> None:
    """Put functions in the place of a class's methods."""
    for name, method in methods.items():
        setattr(owner, name, method)
