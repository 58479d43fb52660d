"""CodeBuild: projects."""

from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import given, validate

PROJECT = {
    "buildTimeout": "timeoutInMinutes",
    "queuedTimeout": "queuedTimeoutInMinutes",
    "badgeEnabled": None,
    "projectVisibility": None,
    "resourceAccessRole": None,
    "name": None,
    "tags": None,
}


@creates("aws:codebuild/project:Project")
def project(new: New) -> Made:
    client, name = new.client("codebuild"), new.name
    tags = [{"key": key, "value": value} for key, value in new.tags.items()]
    request = new.fit("codebuild", "create_project", PROJECT, name=name, **given(tags=tags))
    if logs := request.get("logsConfig", {}).get("cloudWatchLogs"):
        logs.setdefault("status", "ENABLED")  # the provider's default
    validate(client, "create_project", request)
    made = client.create_project(**request)["project"]
    return name, {"arn": made["arn"], "name": name, "encryptionKey": new.get("encryptionKey", "")}
