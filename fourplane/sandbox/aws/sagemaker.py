"""SageMaker: pipelines and groups of models. No job is run."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fourplane.errors import Mistake
from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import given, validate

CALLS: Mapping[str, tuple[str, dict[str, str]]] = {
    "Training": ("create_training_job", {"TrainingJobName": "pipelines-a"}),
    "Processing": ("create_processing_job", {"ProcessingJobName": "pipelines-a"}),
    "RegisterModel": ("create_model_package", {}),
}
"""The call that each type of step is, and what the pipeline itself adds:
https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps-types.html"""
VERSION = "2020-12-01"


@creates("aws:sagemaker/modelPackageGroup:ModelPackageGroup")
def model_package_group(new: New) -> Made:
    name, client = new["modelPackageGroupName"], new.client("sagemaker")
    request = given(
        ModelPackageGroupName=name,
        ModelPackageGroupDescription=new.get("modelPackageGroupDescription"),
        Tags=new.tag_list,
    )
    validate(client, "create_model_package_group", request)
    return name, {"arn": client.create_model_package_group(**request)["ModelPackageGroupArn"]}


@creates("aws:sagemaker/pipeline:Pipeline")
def pipeline(new: New) -> Made:
    client, name = new.client("sagemaker"), new["pipelineName"]
    check(client, new["pipelineDefinition"])
    request = new.fit("sagemaker", "create_pipeline", {"tags": None}, Tags=new.tag_list)
    request["ClientRequestToken"] = new.hash(32)
    validate(client, "create_pipeline", request)
    return name, {"arn": client.create_pipeline(**request)["PipelineArn"]}


def check(client: Any, text: str) -> None:
    """moto takes any text: this asks for parameters and steps that fit together, and for each step that its
    call would be taken."""
    try:
        definition = json.loads(text)
    except ValueError as error:
        raise Mistake(f"the pipeline's definition is not JSON: {error}") from None
    if definition.get("Version") != VERSION:
        raise Mistake(f"the pipeline's definition must be of version {VERSION}")
    steps: list[dict[str, Any]] = definition.get("Steps", [])
    parameters = {f"Parameters.{one['Name']}": one for one in definition.get("Parameters", [])}
    before: list[str] = []
    for step in steps:
        name, kind = str(step.get("Name")), str(step.get("Type"))
        if kind not in CALLS:
            raise Mistake(f"the sandbox knows no step of type '{kind}'; it knows {', '.join(CALLS)}")
        wanted = [f"Steps.{one}" for one in step.get("DependsOn", [])]
        for got in [*wanted, *_gets(step["Arguments"])]:
            if got not in parameters and not (got.startswith("Steps.") and got.split(".")[1] in before):
                raise Mistake(f"the step '{name}' asks for '{got}', which is nowhere before it")
        operation, more = CALLS[kind]
        validate(client, operation, {**_filled(step["Arguments"], parameters), **more})
        before.append(name)


def _gets(value: Any) -> Iterator[str]:
    """What a step takes from elsewhere."""
    if isinstance(value, dict):
        if value.keys() == {"Get"}:
            yield value["Get"]
        yield from (got for inner in value.values() for got in _gets(inner))
    elif isinstance(value, list):
        yield from (got for inner in value for got in _gets(inner))


def _filled(value: Any, parameters: Mapping[str, Mapping[str, Any]]) -> Any:
    """Arguments with the parameters' own values, and with an address for what another step leaves."""
    if isinstance(value, dict):
        if value.keys() == {"Get"}:
            return parameters.get(value["Get"], {}).get("DefaultValue", "s3://bucket/key")
        return {key: _filled(inner, parameters) for key, inner in value.items()}
    return [_filled(inner, parameters) for inner in value] if isinstance(value, list) else value
