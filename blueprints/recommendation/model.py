"""A model of which items go together, as a file, and what it recommends.

model.json: {"version": 1, "items": {"<item>": [["<other>", <likeness 0 to 1>], …]}}; it is the only file of
the model.tar.gz that training leaves in the bucket of models.
"""

import io
import json
import tarfile
from collections.abc import Collection, Mapping, Sequence
from typing import Any

FILE, VERSION = "model.json", 1
Likeness = Mapping[str, Sequence[tuple[str, float]]]


class Model:
    """Items, each with those that are most like it."""

    def __init__(self, items: Likeness) -> None:
        self.items = items

    def recommend(self, liked: Mapping[str, float], known: Collection[str], count: int) -> list[str]:
        """The items that most go with what is liked, weighed by how much it is, without those that are
        `known`. Empty where the model knows nothing of any."""
        found: dict[str, float] = {}
        for item, weight in liked.items():
            for other, likeness in self.items.get(item, ()):
                found[other] = found.get(other, 0.0) + weight * likeness
        wanted = [item for item in found if item not in known]
        return sorted(wanted, key=lambda item: (-found[item], item))[:count]

    def text(self) -> str:
        return json.dumps({"version": VERSION, "items": self.items}, separators=(",", ":"))


def parsed(text: str | bytes) -> Model:
    """Raises ValueError where it is no model of this version."""
    said: dict[str, Any] = json.loads(text)
    if said.get("version") != VERSION:
        raise ValueError(f"not a model of version {VERSION}")
    return Model(said["items"])


def unpacked(archive: bytes) -> Model:
    """The model in a model.tar.gz. Raises ValueError where there is none."""
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as files:
            names = {name.removeprefix("./"): name for name in files.getnames()}
            kept = files.extractfile(names.get(FILE, FILE))
            if kept is None:
                raise ValueError(f"{FILE} is no file")
            return parsed(kept.read())
    except (KeyError, tarfile.TarError, EOFError, OSError) as broken:
        raise ValueError(f"no {FILE} in the archive: {broken}") from broken
