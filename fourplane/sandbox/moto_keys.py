"""Keys of KMS without what only asymmetric ones have: moto makes an RSA key, which takes long, for each."""

from typing import Any

from moto.kms import models

from fourplane.sandbox.moto_methods import replace

_private_key = models.generate_private_key


def mend() -> None:
    replace(models, generate_private_key=_only_where_it_signs)


def _only_where_it_signs(key_spec: str) -> Any:
    return None if key_spec == "SYMMETRIC_DEFAULT" or key_spec.startswith("HMAC") else _private_key(key_spec)
