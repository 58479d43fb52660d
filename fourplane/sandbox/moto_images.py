"""Machine images at their first use; moto loads all 1,300, a disk and a snapshot each, with EC2."""

import re
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from moto.core.parse import default_timestamp_parser
from moto.ec2.models.amis import AMIS, Ami, AmiBackend
from moto.utilities.utils import load_resource

from fourplane.sandbox.moto_methods import replace

_describe = AmiBackend.describe_images


def mend() -> None:
    replace(AmiBackend, _load_amis=_load_none, describe_images=_describe_wanted)


def _load_none(backend: AmiBackend) -> None:
    """A region starts without images; `_describe_wanted` brings those that are asked for."""


def _describe_wanted(
    backend: AmiBackend,
    ami_ids: list[str] | None = None,
    filters: dict[str, Any] | None = None,
    exec_users: list[str] | None = None,
    owners: list[str] | None = None,
) -> list[Ami]:
    wanted = set(ami_ids or (filters or {}).get("image-id") or [])
    names = (filters or {}).get("name") or []
    for id, record in _catalogue(backend.region_name).items():  # type: ignore[attr-defined]
        if id in backend.amis or (wanted and id not in wanted):
            continue
        if not names or any(fnmatchcase(record["name"], name) for name in names):
            image: Any = Ami(backend, **record)
            backend.amis[id] = image
    return _describe(backend, ami_ids, filters, exec_users, owners)


@cache
def _catalogue(region: str) -> dict[str, dict[str, Any]]:
    """moto's images of a region, as data."""
    found = list(AMIS)
    for folder in ("latest_amis", "ecs/optimized_amis"):
        if re.fullmatch("[a-z0-9-]+", region):
            found += _resource(f"ec2/resources/{folder}/{region}.json")
    return {record["ami_id"]: _ready(record) for record in found}


def _resource(path: str) -> list[dict[str, Any]]:
    try:
        return load_resource(path)
    except FileNotFoundError:  # a region that moto has no images of
        return []


def _ready(record: dict[str, Any]) -> dict[str, Any]:
    made = record.get("creation_date")
    date = {"creation_date": default_timestamp_parser(made)} if isinstance(made, str) else {}
    return {**record, **date, "owner_alias": "amazon"}
