"""The embedded cloud: moto in this process, made to answer as the AWS provider does."""

import functools
import os
from types import TracebackType
from typing import Any

from fourplane.sandbox import moto_models  # before any service of moto's

# isort: split
import boto3
import botocore
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from moto import mock_aws
from moto.moto_api._internal import mock_random

from fourplane.errors import Mistake
from fourplane.graph import Resource
from fourplane.sandbox import creator, invokes, moto_mended


class Sandbox:
    """A cloud for the length of a `with`: a new account, gone at the end. One at a time in a process."""

    def __enter__(self) -> "Sandbox":
        self._environment = {k: os.environ.get(k) for k in CREDENTIALS}
        os.environ.update(CREDENTIALS)
        moto_mended.mend()
        self._mock = mock_aws(config={"lambda": {"use_docker": False}, "batch": {"use_docker": False}})
        self._mock.start()
        self._clients: dict[tuple[str, str], Any] = {}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._mock.stop()
        for key, value in self._environment.items():
            os.environ.pop(key, None) if value is None else os.environ.update({key: value})

    def create(self, resource: Resource) -> creator.Made:
        mock_random.seed(resource.urn)  # so that the ids of a resource are the same at every deployment
        return creator.make(resource, self.client)

    def read(self, resource: Resource, id: str) -> dict[str, Any]:
        """A resource that the program gets or imports: the sandbox starts empty, so there is none."""
        raise Mistake(
            f"nothing with id '{id}' is in the sandbox, which starts empty; create it in the program"
        )

    def invoke(self, token: str, args: dict[str, Any], region: str) -> dict[str, Any]:
        mock_random.seed(token)
        return invokes.answer(token, args, region, self.client)

    def client(self, service: str, region: str) -> Any:
        """A boto3 client of this cloud, made once for each service and region."""
        if (service, region) not in self._clients:
            moto_models.check_region(region)
            self._clients[service, region] = _session().client(service, region_name=region, config=PLAIN)
        return self._clients[service, region]


@functools.cache
def _session() -> boto3.Session:
    """One for all sandboxes: it keeps the models of services, and to read EC2's takes a tenth of a second."""
    session = boto3.Session()
    session.events.register_first("choose-signer", lambda **_: botocore.UNSIGNED)
    session.events.register_first("before-sign", _say_who)
    return session


def _say_who(request: AWSRequest, signing_name: str, region_name: str, **_: Any) -> None:
    """What moto reads of a signature, without the signature, which nobody checks here."""
    scope = f"{creator.ACCOUNT}/20260101/{region_name}/{signing_name}/aws4_request"
    request.headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"


PLAIN = Config(user_agent="fourplane")  # botocore's own is put together anew for every call
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": creator.ACCOUNT,
    "AWS_SECRET_ACCESS_KEY": "sandbox",
    "AWS_SESSION_TOKEN": "sandbox",
    "AWS_EC2_METADATA_DISABLED": "true",
}
