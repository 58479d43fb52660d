"""What boto3 and moto both read, read once: the model of a service is megabytes of JSON, and moto looks through a
service's methods at every call."""

import functools

import boto3
import botocore.session
from botocore.loaders import Loader, create_loader
from moto.core import responses, utils

from fourplane.sandbox.moto_methods import replace

_LOADER: Loader = create_loader()
_method_names = utils.method_names_from_class


def mend() -> None:
    replace(utils, _load_service_model=_LOADER.load_service_model)
    replace(responses, method_names_from_class=functools.cache(_method_names))


def session() -> boto3.Session:
    """A new boto3 session whose models are moto's too."""
    core = botocore.session.Session()
    core.register_component("data_loader", _LOADER)
    return boto3.Session(botocore_session=core)
