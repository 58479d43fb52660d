"""CloudWatch Synthetics: canaries."""

import re

from fourplane.errors import Mistake
from fourplane.sandbox import shapes
from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import given

CANARY = {
    "runConfig.environmentVariables": "EnvironmentVariables",
    "successRetentionPeriod": "SuccessRetentionPeriodInDays",
    "failureRetentionPeriod": "FailureRetentionPeriodInDays",
    "timeoutInSeconds": "TimeoutInSeconds",
    "memoryInMb": "MemoryInMB",
    "schedule.durationInSeconds": "DurationInSeconds",
    **{
        key: None
        for key in (
            "handler",
            "s3Bucket",
            "s3Key",
            "s3Version",
            "zipFile",
            "startCanary",
            "deleteLambda",
            "name",
        )
    },
    "artifactS3Location": "ArtifactS3Location",
    "region": None,
}


@creates("aws:synthetics/canary:Canary")
def canary(new: New) -> Made:
    client = new.client("synthetics")
    name = new.name
    if not re.fullmatch(r"[0-9a-z_-]+", name):
        raise Mistake(f"a canary's name is of a-z, 0-9, '_' and '-', got '{name}'")
    if new.get("zipFile"):
        raise Mistake("the sandbox takes a canary's code from a bucket: give s3Bucket and s3Key")
    version = given(S3Version=new.get("s3Version"))
    new.client("s3").head_object(
        Bucket=new["s3Bucket"], Key=new["s3Key"], **given(VersionId=new.get("s3Version"))
    )
    code = {"S3Bucket": new["s3Bucket"], "S3Key": new["s3Key"], **version, "Handler": new["handler"]}
    request = new.fit("synthetics", "create_canary", CANARY, Name=name, Code=code)
    request["ArtifactS3Location"] = new["artifactS3Location"].removeprefix("s3://")
    shapes.validate(client, "create_canary", request)
    made = client.create_canary(**request)["Canary"]
    function = f"cwsyn-{name}-{made['Id']}"
    return name, {
        "arn": new.arn("synthetics", f"canary:{name}"),
        "name": name,
        "engineArn": new.arn("lambda", f"function:{function}:1"),
        "sourceLocationArn": new.arn("lambda", f"layer:{function}:1"),
        "status": "RUNNING" if new.get("startCanary") else made["Status"]["State"],
    }
