"""Learns which items go together from what batch.py writes, and judges what was learned: SageMaker's `train`
and, as `evaluate`, a processing job. Where SageMaker puts things is SageMaker's:
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html
"""

import gzip
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import model

HOME, PROCESSING = Path("/opt/ml"), Path("/opt/ml/processing")
SHRINK = 10.0
"""Users that two items must have in common before what they say is half believed."""


def train(home: Path = HOME) -> None:
    """Likeness is the cosine of two items' weights over users, shrunk where few users have both. Items with
    the most users are kept: a function holds the whole model in memory."""
    asked = json.loads((home / "input/config/hyperparameters.json").read_text(encoding="utf-8"))
    most, neighbours = int(asked["items"]), int(asked["neighbours"])
    data = home / "input/data"
    known = sorted(rows(data / "items"), key=lambda row: (-row["users"], row["item"]))[:most]
    length = {row["item"]: math.sqrt(row["square"]) for row in known}
    found: dict[str, list[tuple[str, float]]] = {}
    for row in rows(data / "pairs"):
        item, other = row["item"], row["other"]
        if item in length and other in length:
            cosine = row["product"] / (length[item] * length[other])
            likeness = cosine * row["users"] / (row["users"] + SHRINK)
            found.setdefault(item, []).append((other, round(likeness, 4)))
    kept = {
        item: sorted(others, key=lambda one: (-one[1], one[0]))[:neighbours] for item, others in found.items()
    }
    if not kept:
        raise SystemExit("nothing was learned: no two items have a user in common")
    (home / "model").mkdir(parents=True, exist_ok=True)
    (home / "model" / model.FILE).write_text(model.Model(kept).text(), encoding="utf-8")
    print(json.dumps({"items": len(kept), "likenesses": sum(map(len, kept.values()))}))


def evaluate(home: Path = PROCESSING, count: int = 20) -> None:
    """How often what users liked next is among the first that the model recommends, and among the popular.
    Fails where popular items do better: then the model is not registered, and the old one stays."""
    learned = model.unpacked((home / "model/model.tar.gz").read_bytes())
    order = sorted(rows(home / "items"), key=lambda row: (-row["square"], row["item"]))
    popular = [row["item"] for row in order[: count + 50]]
    users = hits = popular_hits = 0
    for row in rows(home / "holdout"):
        liked = {one["item"]: one["weight"] for one in row["liked"]}
        users += 1
        hits += row["next"] in learned.recommend(liked, liked, count)
        popular_hits += row["next"] in [item for item in popular if item not in liked][:count]
    report = {
        "users": users,
        "hit_rate": hits / max(users, 1),
        "popular_hit_rate": popular_hits / max(users, 1),
    }
    print(json.dumps(report))
    (home / "report").mkdir(parents=True, exist_ok=True)
    (home / "report" / "report.json").write_text(json.dumps(report), encoding="utf-8")
    if users == 0 or hits <= popular_hits:
        raise SystemExit("the model is not better than what is popular, and is not registered")


def rows(folder: Path) -> Iterator[dict[str, Any]]:
    """The rows of a folder as Spark writes them, gzipped JSON lines."""
    for file in sorted(folder.rglob("*.json.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)


DOES = {"train": train, "evaluate": evaluate}

if __name__ == "__main__":
    DOES[sys.argv[1]]()
