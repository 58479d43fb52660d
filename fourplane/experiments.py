"""Starts the FIS experiment of a stack that runs on AWS, with the user's own credentials."""

from typing import Any

from fourplane.errors import Failure, Mistake


def start(stack: str, fault: str, region: str) -> str:
    """The id of the experiment. Raises Mistake where the stack has no such template, Failure for what AWS
    refuses."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client = boto3.client("fis", region_name=region or None)
        template = _template(client, {"stack": stack, "fault": fault})
        if not template:
            where = client.meta.region_name
            raise Mistake(
                f"no FIS experiment template in {where} is tagged stack={stack} and fault={fault}; "
                "deploy the stack with its chaos experiments first (ChaosEngineering)"
            )
        begun = client.start_experiment(experimentTemplateId=template, tags={"stack": stack, "fault": fault})
        return begun["experiment"]["id"]
    except ClientError as error:
        said = error.response.get("Error", {})
        raise Failure(
            f"AWS refused {error.operation_name}: {said.get('Code')}: {said.get('Message')}"
        ) from error
    except BotoCoreError as error:
        raise Mistake(f"AWS cannot be asked: {error}") from error


def _template(client: Any, tags: dict[str, str]) -> str:
    for page in client.get_paginator("list_experiment_templates").paginate():
        for template in page["experimentTemplates"]:
            if tags.items() <= template.get("tags", {}).items():
                return template["id"]
    return ""
