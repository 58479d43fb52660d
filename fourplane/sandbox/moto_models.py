"""What boto3 and moto both read, read once for the process.

The models of services and endpoints are megabytes of JSON, which every session and moto itself would read
anew, and moto looks through all methods of a service at every call. Imported before moto's services, some of
which make sessions while they are imported.
"""

import functools

import boto3
import botocore.session
from botocore.loaders import Loader, create_loader
from moto.core import responses, utils

from fourplane.sandbox.moto_methods import replace

_LOADER: Loader = create_loader()
_method_names = utils.method_names_from_class

replace(botocore.session, create_loader=lambda data_path=None: _LOADER)
replace(utils, _load_service_model=_LOADER.load_service_model)
replace(responses, method_names_from_class=functools.cache(_method_names))


def session() -> boto3.Session:
    """A new boto3 session whose models are moto's too."""
    return boto3.Session()
