"""What stands where the Pulumi engine stands: receives registrations, prepares them, and asks a cloud."""

from collections.abc import Callable
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from google.protobuf import empty_pb2
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import get_project, get_stack
from pulumi.runtime.sync_await import _sync_await

from fourplane import isolation, options, schema, transforms, wire
from fourplane.errors import Failure, Mistake
from fourplane.graph import Graph, Resource, secret_texts, texts
from fourplane.project import Project, Settings

if TYPE_CHECKING:
    from fourplane.engine import Cloud

Traces = dict[int, tuple[BaseException, TracebackType | None]]
"""Where failures were first raised, by the failure's identity."""

DEFAULT_REGION = "us-east-1"
STACK = "pulumi:pulumi:Stack"
STACK_REFERENCE = "pulumi:pulumi:StackReference"


class Monitor(mocks.MockMonitor):
    """The SDK's mock monitor with the engine's part added: transforms, regions, references, secrets."""

    def __init__(
        self,
        graph: Graph,
        cloud: "Cloud",
        config: Settings,
        project: Project,
        preview: bool,
        progress: Callable[[Resource], None],
    ) -> None:
        super().__init__(_NoMocks())
        self.graph, self.cloud, self.preview, self.progress = graph, cloud, preview, progress
        self.project = project
        self.default_region = config.get("aws:region", DEFAULT_REGION)
        self.failure: BaseException | None = None
        self.failed: Resource | None = None
        self.traces: Traces = {}
        self._regions: dict[str, str] = {}  # of providers and components, by URN
        self._transforms: dict[str, list[Any]] = {}  # each resource's own and its parents', by URN
        self._everywhere: list[Any] = []
        self._invoke_transforms: list[Any] = []
        graph.secrets |= texts([config.values[key] for key in config.secret_keys if key in config.values])

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """The engine's form: every parent's type but the stack's, then the resource's own."""
        parents = parent.split("::")[2] if parent else STACK
        qualified = type_ if parents == STACK else f"{parents}${type_}"
        return f"urn:pulumi:{get_stack()}::{get_project()}::{qualified}::{name}"

    # Resources

    def RegisterResource(self, request: Any) -> Any:
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == STACK:
            self.stack_urn = urn
            return resource_pb2.RegisterResourceResponse(urn=urn)
        inherited = [*request.transforms, *self._transforms.get(request.parent, [])]
        if inherited:
            self._transforms[urn] = inherited
        if inherited or self._everywhere:
            return self._transformed(request, urn, [*inherited, *self._everywhere])
        return self._register(request, urn)

    async def _transformed(self, request: Any, urn: str, callbacks: list[Any]) -> Any:
        """The resource's own transforms, then its parents' outwards, then the stack's: the engine's order."""
        try:
            for callback in callbacks:
                await transforms.transform(request, callback)
        except BaseException as error:
            self.remember(error, self._resource(request, urn))
            raise
        return self._register(request, urn)

    def _register(self, request: Any, urn: str) -> Any:
        resource = self._resource(request, urn)
        try:
            self._add(resource)
            resource.id, resource.outputs = self._made(request, resource)
        except BaseException as error:
            self.remember(error, resource)
            raise
        self._learn(resource, request.additionalSecretOutputs)
        self.progress(resource)
        return resource_pb2.RegisterResourceResponse(
            urn=urn, id=resource.id, object=wire.write(resource.outputs), unknown=resource.custom
        )

    def ReadResource(self, request: Any) -> Any:
        urn = self.make_urn(request.parent, request.type, request.name)
        resource = self._resource(request, urn, read=True)
        try:
            if request.type == STACK_REFERENCE:
                raise Mistake(
                    f"it reads the outputs of the stack {request.id}, which only the Pulumi CLI can do; "
                    "take the values from this stack's settings, or deploy with the Pulumi CLI"
                )
            self._add(resource)
            resource.id = request.id
            resource.outputs = {**resource.inputs, **self.cloud.read(resource, request.id)}
        except BaseException as error:
            self.remember(error, resource)
            raise
        self._learn(resource, request.additionalSecretOutputs)
        return resource_pb2.ReadResourceResponse(urn=urn, properties=wire.write(resource.outputs))

    def _add(self, resource: Resource) -> None:
        if resource.custom:
            schema.check(resource.type)
        first = self.graph.resources.setdefault(resource.urn, resource)
        if first is not resource:
            at = f" (first at {first.declared_at})" if first.declared_at else ""
            raise Mistake(f"registered twice{at}; a type and name may stand once under one parent")

    def Call(self, request: Any) -> Any:
        error = Failure(f"{request.tok} is a method of a resource, which only the Pulumi CLI can call")
        self.remember(error)
        raise error

    def RegisterResourceOutputs(self, request: Any) -> Any:
        outputs = wire.read(request.outputs)
        self.graph.secrets |= secret_texts(outputs)
        if not self.preview and (loose := [key for key, value in outputs.items() if _unknown(value)]):
            error = Mistake(f"output {', '.join(loose)} stands on a value that the cloud did not give")
            self.remember(error, self.graph.resources.get(request.urn))
            raise error
        if request.urn == getattr(self, "stack_urn", None):
            self.graph.outputs = outputs
        elif request.urn in self.graph.resources:
            self.graph.resources[request.urn].outputs = outputs
        return empty_pb2.Empty()

    def _resource(self, request: Any, urn: str, read: bool = False) -> Resource:
        inputs = wire.read(request.properties if read else request.object)
        self.graph.secrets |= secret_texts(inputs)
        depends = {} if read else request.propertyDependencies
        return Resource(
            urn=urn,
            type=request.type,
            name=request.name,
            parent="" if request.parent == getattr(self, "stack_urn", "") else request.parent,
            custom=True if read else request.custom,
            provider=self._provider(request),
            region=self._region(request, inputs, read),
            protect=False if read else request.protect,
            inputs=inputs,
            dependencies=sorted(request.dependencies),
            property_dependencies={k: sorted(v.urns) for k, v in sorted(depends.items())},
            options={} if read else options.given(request),
            declared_at=self._position(request),
        )

    def _made(self, request: Any, resource: Resource) -> tuple[str, dict[str, Any]]:
        if not resource.custom:
            return "", {}
        if resource.type.startswith("pulumi:providers:"):
            return f"{resource.name}-provider", dict(resource.inputs)
        if not self.preview and (loose := [k for k, v in resource.inputs.items() if _unknown(v)]):
            origins = sorted({u for key in loose for u in resource.property_dependencies.get(key, [])})
            named = ", ".join(u.split("::", 2)[2].split("$")[-1] for u in origins)
            raise Mistake(
                f"{', '.join(loose)} stands on an output that the cloud did not give; look at {named or 'it'}"
            )
        if request.importId:
            return request.importId, {**resource.inputs, **self.cloud.read(resource, request.importId)}
        id, outputs = self.cloud.create(resource)
        return id, {**resource.inputs, **outputs}

    def _learn(self, resource: Resource, secret_outputs: Any) -> None:
        """Mask what the program marked, remember the region, and let references find the resource."""
        hidden = {*secret_outputs, *(k for k, v in resource.inputs.items() if wire.contains(v, wire.Secret))}
        for key in hidden & resource.outputs.keys():
            if not isinstance(resource.outputs[key], wire.Secret):
                resource.outputs[key] = wire.Secret(resource.outputs[key])
        # What the program gave openly is no secret, though an answer may repeat it among its secrets.
        told = texts([v for v in resource.inputs.values() if not wire.contains(v, wire.Secret)])
        self.graph.secrets |= secret_texts(resource.outputs) - told
        if resource.region:
            self._regions[resource.urn] = resource.region
        self.resources[resource.urn] = mocks.MockMonitor.ResourceRegistration(
            resource.urn, resource.id, resource.outputs
        )

    def remember(self, error: BaseException, resource: Resource | None = None) -> None:
        """Keep the first failure; the ones that follow are its echoes."""
        if self.failure is None:
            self.failure, self.failed = error, resource
            self.traces.setdefault(id(error), (error, error.__traceback__))

    # Providers, regions, places

    def _provider(self, request: Any) -> str:
        if request.provider or not getattr(request, "custom", True) or request.type.startswith("pulumi:"):
            return request.provider
        package = request.type.split(":")[0]
        return self.make_urn("", f"pulumi:providers:{package}", "default") + "::default"

    def _region(self, request: Any, inputs: dict[str, Any], read: bool) -> str:
        package = request.type.split(":")[0]
        own = inputs.get("region")
        if request.type.startswith("pulumi:providers:"):
            other = "" if request.type != "pulumi:providers:aws" else self.default_region
            return own if isinstance(own, str) else other
        if (read or request.custom) and package != "aws":
            return ""
        if isinstance(own, str):
            return own
        provider = request.provider or (not read and request.providers.get("aws")) or ""
        if provider:
            return self._regions.get(provider.rsplit("::", 1)[0], self.default_region)
        custom = read or request.custom
        return self.default_region if custom else self._regions.get(request.parent, self.default_region)

    def _position(self, request: Any) -> str:
        for position in chain([request.sourcePosition], (f.pc for f in request.stackTrace.frames)):
            path = unquote(urlparse(position.uri).path)
            if isolation.is_own(path, self.project):
                return f"{Path(path).relative_to(self.project.root)}:{position.line}"
        return ""

    # Transforms

    def RegisterStackTransform(self, request: Any) -> Any:
        self._everywhere.append(request)
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Any) -> Any:
        self._invoke_transforms.append(request)
        return empty_pb2.Empty()

    # Functions

    def Invoke(self, request: Any) -> Any:
        try:
            if request.tok == "pulumi:pulumi:getResource":
                return self._get_resource(wire.read(request.args))
            for callback in self._invoke_transforms:
                _sync_await(transforms.transform_invoke(request, callback))
            args = wire.plain(wire.read(request.args))
            region = args.get("region") or self._regions.get(
                request.provider.rsplit("::", 1)[0], self.default_region
            )
            answer = wire.write(self.cloud.invoke(request.tok, args, region))
        except BaseException as error:
            self.remember(error)
            raise
        return _answer(answer)

    def _get_resource(self, args: dict[str, Any]) -> Any:
        found = self.graph.resources.get(args["urn"])
        if found is None:
            raise Mistake(f"no resource {args['urn']} is registered")
        answer = {"urn": found.urn, "id": found.id, "state": found.outputs}
        return _answer(wire.write(answer))


class _NoMocks(mocks.Mocks):
    """The monitor asks its cloud instead."""

    def call(self, args: Any) -> Any:
        raise NotImplementedError

    def new_resource(self, args: Any) -> Any:
        raise NotImplementedError


def _answer(struct: Any) -> Any:
    fields: dict[str, Any] = {"return": struct}  # a keyword of Python
    return resource_pb2.ResourceInvokeResponse(**fields)


def _unknown(value: Any) -> bool:
    return wire.contains(value, wire.Unknown)
