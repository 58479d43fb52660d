"""What a program's transforms are given, and what becomes of their answers."""

from typing import Any

from pulumi.runtime._callbacks import _CallbackServicer
from pulumi.runtime.proto import resource_pb2

SHARED_OPTIONS = {
    "protect": "protect",
    "provider": "provider",
    "version": "version",
    "retain_on_delete": "retainOnDelete",
    "deleted_with": "deletedWith",
    "delete_before_replace": "deleteBeforeReplace",
    "import": "importId",
}
SHARED_LISTS = {
    "depends_on": "dependencies",
    "ignore_changes": "ignoreChanges",
    "replace_on_changes": "replaceOnChanges",
    "additional_secret_outputs": "additionalSecretOutputs",
    "aliases": "aliases",
    "replace_with": "replace_with",
    "hide_diff": "hideDiffs",
}


def find(callback: Any) -> Any:
    """The transform behind a callback, where the SDK keeps it for its own server."""
    for servicer in _CallbackServicer._servicers:
        if callback.token in servicer._callbacks:
            return servicer._callbacks[callback.token]
    raise LookupError(f"no transform with token {callback.token}")


async def transform(request: Any, callback: Any) -> None:
    """Let a transform change a registration."""
    question = resource_pb2.TransformRequest(
        type=request.type,
        name=request.name,
        custom=request.custom,
        parent=request.parent,
        properties=request.object,
        options=_options(request),
    )
    answer = await find(callback)(question.SerializeToString())
    request.object.CopyFrom(answer.properties)
    if answer.HasField("options"):
        _apply(request, answer.options)


async def transform_invoke(request: Any, callback: Any) -> None:
    """Let a transform change a call of a function."""
    question = resource_pb2.TransformInvokeRequest(token=request.tok, args=request.args)
    question.options.provider = request.provider
    answer = await find(callback)(question.SerializeToString())
    request.args.CopyFrom(answer.args)
    if answer.options.provider:
        request.provider = answer.options.provider


def _options(request: Any) -> Any:
    """A registration's options in the message that a transform is given."""
    options = resource_pb2.TransformResourceOptions()
    for theirs, ours in SHARED_OPTIONS.items():
        setattr(options, theirs, getattr(request, ours))
    for theirs, ours in SHARED_LISTS.items():
        getattr(options, theirs).extend(getattr(request, ours))
    options.custom_timeouts.CopyFrom(request.customTimeouts)
    options.providers.update(request.providers)
    return options


def _apply(request: Any, options: Any) -> None:
    for theirs, ours in SHARED_OPTIONS.items():
        setattr(request, ours, getattr(options, theirs))
    for theirs, ours in SHARED_LISTS.items():
        del getattr(request, ours)[:]
        getattr(request, ours).extend(getattr(options, theirs))
    request.customTimeouts.CopyFrom(options.custom_timeouts)
    request.providers.clear()
    request.providers.update(options.providers)
