"""deploy(program) runs a program against recorded mocks and returns what it registered, without a cloud."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import pytest
from pulumi.runtime import mocks, rpc

ACCOUNT = "123456789012"
REGION = "us-east-1"


@dataclass
class Registered:
    type: str
    name: str
    parent: str
    protect: bool
    inputs: dict[str, Any]
    outputs: dict[str, Any] = field(default_factory=dict)  # what register_outputs was given


class Registry(dict[str, Registered]):
    def all(self, type: str) -> list[Registered]:
        return [r for r in self.values() if r.type == type]

    def one(self, type: str, name: str | None = None) -> Registered:
        found = [r for r in self.all(type) if name in (None, r.name)]
        assert len(found) == 1, f"expected one {type} {name or ''}, found {[r.name for r in found]}"
        return found[0]


class Cloud(mocks.Mocks):
    """Answers with an id, an ARN and an address that are made of the resource's name."""

    def call(self, args):
        return {"value": "ami-1", "names": [f"{REGION}{letter}" for letter in "abcd"], "accountId": ACCOUNT}

    def new_resource(self, args):
        service, kind = args.typ.split(":")[1].split("/")[0], args.typ.split(":")[-1].lower()
        hashed = crc32(f"{args.typ} {args.name}".encode())
        made = {
            "arn": f"arn:aws:{service}:{REGION}:{ACCOUNT}:{kind}/{args.name}",
            "name": args.name,
            "bucket": args.name,
            "keyId": f"key-{args.name}",
            "latestVersion": 1,
            "privateIp": f"10.{hashed >> 16 & 255}.{hashed >> 8 & 255}.{hashed & 255}",
        }
        return f"{kind}-{args.name}", {**made, **args.inputs}


class Monitor(mocks.MockMonitor):
    def __init__(self, cloud):
        super().__init__(cloud)
        self.registry = Registry()

    def RegisterResource(self, request):
        response = super().RegisterResource(request)
        if request.type != "pulumi:pulumi:Stack":
            inputs = rpc.deserialize_properties(request.object)
            self.registry[response.urn] = Registered(
                request.type, request.name, request.parent, request.protect, inputs
            )
        return response

    def RegisterResourceOutputs(self, request):
        if request.urn in self.registry:
            self.registry[request.urn].outputs = rpc.deserialize_properties(request.outputs)
        return super().RegisterResourceOutputs(request)


@pytest.fixture
def deploy() -> Callable[[Callable[[], Any]], Registry]:
    def run(program):
        monitor = Monitor(Cloud())
        mocks.set_mocks(Cloud(), project="test", stack="test", preview=False, monitor=monitor)
        mocks.test(lambda: program() and None)()
        return monitor.registry

    return run
