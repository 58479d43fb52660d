"""Values that AWS takes in more than one form."""

from typing import Any


def on(value: Any) -> bool:
    """Whether a flag is set. Launch templates and parameter groups take texts: "true", "1", "ON"."""
    return str(value).lower() in ("true", "1", "1.0", "on")
