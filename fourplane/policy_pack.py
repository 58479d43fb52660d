"""A policy pack as the Pulumi CLI runs it: a child process that answers as an analyzer."""

import subprocess
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from fourplane import wire
from fourplane.errors import Failure, Mistake
from fourplane.graph import Graph, Resource

LEVELS = {
    "advisory": analyzer_pb2.ADVISORY,
    "mandatory": analyzer_pb2.MANDATORY,
    "disabled": analyzer_pb2.DISABLED,
    "remediate": analyzer_pb2.REMEDIATE,
}
AT_ONCE = 64
"""Questions that wait for an answer: the SDK's analyzer drops some of thousands."""
CHANNEL = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.enable_http_proxy", 0),
)


class Pack:
    """A pack that runs. `start` begins it, so that it can load while its stack is previewed."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "PulumiPolicy.yaml").is_file():
            raise Mistake(f"no PulumiPolicy.yaml in {folder}; --pack names the folder of a policy pack")
        self.folder = folder
        command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:0", "."]
        self._child = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._channel: Any = None

    def connect(self) -> analyzer_pb2.AnalyzerInfo:
        """Wait until it serves; what it says of itself."""
        if self._channel:
            return self.info
        assert self._child.stdout and self._child.stderr
        port = self._child.stdout.readline().strip()
        if not port.isdigit():
            said = self._child.stderr.read().strip()
            last = said.rpartition("\n")[2].removeprefix("error: ") or f"it printed no port but '{port}'"
            kind = Failure if "Traceback" in said else Mistake
            raise kind(f"the policy pack {self.folder} does not start: {last}", said)
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=CHANNEL)
        self._stub: Any = analyzer_pb2_grpc.AnalyzerStub(self._channel)
        self.version = self._stub.GetPluginInfo(empty_pb2.Empty()).version
        self.info = self._stub.GetAnalyzerInfo(empty_pb2.Empty())
        return self.info

    def configure(self, config: dict[str, Any], graph: Graph, project: str, tags: dict[str, str]) -> None:
        """Set levels and parameters, by rule, and say which stack is asked about."""
        request = analyzer_pb2.ConfigureAnalyzerRequest()
        for name, given in config.items():
            one = request.policyConfig[name]
            one.enforcementLevel = LEVELS[given["enforcementLevel"]]
            properties = {key: value for key, value in given.items() if key != "enforcementLevel"}
            json_format.ParseDict(properties, one.properties)
        self._stub.Configure(request)
        self._stub.ConfigureStack(
            analyzer_pb2.AnalyzerStackConfigureRequest(
                stack=graph.stack, project=project, organization="organization", dry_run=True, tags=tags
            )
        )

    def remediate(self, graph: Graph) -> Iterator[tuple[str, Any]]:
        """What the pack mends, by URN; the graph has it from then on."""
        for resource in graph.values():
            for one in self._stub.Remediate(_request(resource)).remediations:
                if one.HasField("properties"):
                    resource.inputs = wire.read(one.properties)
                    resource.outputs |= {k: v for k, v in resource.inputs.items() if resource.custom}
                    yield resource.urn, one

    def analyze(self, graph: Graph) -> Iterator[tuple[str, Any]]:
        """What the pack says of each resource, and then of all together, by URN ("" for the stack)."""
        for some in _batches(graph.values(), AT_ONCE):
            waiting = [(one.urn, self._stub.Analyze.future(_request(one))) for one in some]
            yield from ((urn, answer.result()) for urn, answer in waiting)
        whole = analyzer_pb2.AnalyzeStackRequest(resources=map(_stack_resource, graph.values()))
        yield "", self._stub.AnalyzeStack(whole)

    def close(self) -> None:
        if self._channel:
            self._channel.close()
        self._child.kill()
        self._child.communicate()


@contextmanager
def running(folder: Path) -> Generator[Pack]:
    """A pack, started; it ends with the block."""
    pack = Pack(folder)
    try:
        yield pack
    except grpc.RpcError as error:
        told: Any = error
        raise Failure(f"the policy pack {folder} does not answer: {told.details()}") from None
    finally:
        pack.close()


def _batches(those: Iterable[Resource], size: int) -> Iterator[list[Resource]]:
    """itertools.batched, which Python 3.11 lacks."""
    waiting = iter(those)
    while some := list(islice(waiting, size)):
        yield some


def _request(resource: Resource) -> Any:
    return analyzer_pb2.AnalyzeRequest(
        type=resource.type,
        urn=resource.urn,
        name=resource.name,
        properties=_properties(resource.inputs),
        options=_options(resource),
    )


def _stack_resource(resource: Resource) -> Any:
    made = {"id": resource.id, **resource.outputs} if resource.id else resource.outputs
    on = {
        key: analyzer_pb2.AnalyzerPropertyDependencies(urns=urns)
        for key, urns in resource.property_dependencies.items()
    }
    return analyzer_pb2.AnalyzerResource(
        type=resource.type,
        urn=resource.urn,
        name=resource.name,
        properties=_properties(made),
        options=_options(resource),
        parent=resource.parent,
        dependencies=resource.dependencies,
        propertyDependencies=on,
    )


def _options(resource: Resource) -> Any:
    known = resource.options
    timeouts = known.get("customTimeouts")
    return analyzer_pb2.AnalyzerResourceOptions(
        protect=resource.protect,
        parent=resource.parent,
        ignoreChanges=known.get("ignoreChanges", ()),
        deleteBeforeReplace=bool(known.get("deleteBeforeReplace")),
        deleteBeforeReplaceDefined="deleteBeforeReplace" in known,
        aliases=known.get("aliases", ()),
        additionalSecretOutputs=known.get("additionalSecretOutputs", ()),
        customTimeouts=analyzer_pb2.AnalyzerResourceOptions.CustomTimeouts() if timeouts else None,
    )


def _properties(values: dict[str, Any]) -> Any:
    return wire.write({key: _without_references(value) for key, value in values.items()})


def _without_references(value: Any) -> Any:
    """Analyzers see an id where a resource was given, as the CLI has it."""
    if isinstance(value, wire.Reference):
        return value.plain
    if isinstance(value, wire.Secret):
        return wire.Secret(_without_references(value.value))
    if isinstance(value, dict):
        return {key: _without_references(inner) for key, inner in value.items()}
    return [_without_references(inner) for inner in value] if isinstance(value, list) else value
