"""What boto3 and moto both read, read once for the process.

The models of services and endpoints are megabytes of JSON, which every session and moto itself would read
anew, and moto looks through all methods of a service at every call. Imported before moto's services, some of
which make sessions while they are imported.
"""

import functools
from difflib import get_close_matches

import botocore.session
from botocore.loaders import Loader, create_loader
from moto.core import responses, utils

from fourplane.errors import Mistake
from fourplane.sandbox.moto_methods import replace

PARTITIONS = ("aws", "aws-us-gov", "aws-cn")
_LOADER: Loader = create_loader()
_method_names = utils.method_names_from_class

replace(botocore.session, create_loader=lambda data_path=None: _LOADER)
replace(utils, _load_service_model=_LOADER.load_service_model)
replace(responses, method_names_from_class=functools.cache(_method_names))


@functools.cache
def check_region(region: str) -> None:
    """Raises Mistake for a region that AWS does not have; moto would answer for any."""
    core = botocore.session.get_session()
    known = {name for partition in PARTITIONS for name in core.get_available_regions("ec2", partition)}
    if region not in known:
        near = get_close_matches(region, known, n=1)
        raise Mistake(f"AWS has no region '{region}'" + (f"; did you mean '{near[0]}'?" if near else ""))
