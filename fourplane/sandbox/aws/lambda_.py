"""Lambda: functions, and who may invoke them."""

from typing import Any

from fourplane.sandbox import assets
from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import given, validate

FUNCTION = {
    "name": None,
    "fileSystemConfig": "FileSystemConfigs",
    "layers": "Layers",
    "imageConfig.commands": "Command",
    "imageConfig.entryPoints": "EntryPoint",
    "vpcConfig.vpcId": None,
    "snapStart.optimizationStatus": None,
    "kmsKeyArn": "KMSKeyArn",
    **{
        key: None
        for key in [
            "code",
            "codeSha256",
            "imageUri",
            "s3Bucket",
            "s3Key",
            "s3ObjectVersion",
            "skipDestroy",
            "sourceCodeHash",
            "sourceKmsKeyArn",
            "replaceSecurityGroupsOnDestroy",
            "replacementSecurityGroupIds",
            "reservedConcurrentExecutions",
            "useResourceTimeoutForPropagation",
        ]
    },
}


@creates("aws:lambda/function:Function")
def function(new: New) -> Made:
    client = new.client("lambda")
    name = new.name_within(64)
    request = new.fit("lambda", "create_function", FUNCTION, FunctionName=name, Code=_code(new))
    made = client.create_function(**request)
    if new.get("reservedConcurrentExecutions", -1) >= 0:
        amount = new["reservedConcurrentExecutions"]
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=amount)
    return name, _outputs(new, name, made)


def _code(new: New) -> dict[str, Any]:
    if "code" in new.inputs:
        return {"ZipFile": assets.zipped(new["code"])}
    return given(
        ImageUri=new.get("imageUri"),
        S3Bucket=new.get("s3Bucket"),
        S3Key=new.get("s3Key"),
        S3ObjectVersion=new.get("s3ObjectVersion"),
    )


def _outputs(new: New, name: str, made: dict[str, Any]) -> dict[str, Any]:
    arn = made["FunctionArn"]
    bare = arn.removesuffix(f":{made['Version']}")
    invoke = f"arn:aws:apigateway:{new.region}:lambda:path/2015-03-31/functions"
    return {
        "architectures": made.get("Architectures", ["x86_64"]),
        "arn": bare,
        "codeSha256": made.get("CodeSha256", ""),
        "invokeArn": f"{invoke}/{bare}/invocations",
        "lastModified": made["LastModified"],
        "memorySize": made["MemorySize"],
        "name": name,
        "qualifiedArn": f"{bare}:{made['Version']}",
        "qualifiedInvokeArn": f"{invoke}/{bare}:{made['Version']}/invocations",
        "responseStreamingInvokeArn": f"{invoke}/{bare}/response-streaming-invocations".replace(
            "03-31", "11-15"
        ),
        "sourceCodeHash": made.get("CodeSha256", ""),
        "sourceCodeSize": made.get("CodeSize", 0),
        "timeout": made["Timeout"],
        "version": made["Version"],
    }


@creates("aws:lambda/permission:Permission")
def permission(new: New) -> Made:
    prefix = new.get("statementIdPrefix")
    statement = new.get("statementId") or (f"{prefix}{new.hash(26)}" if prefix else new.auto_name)
    rename = {
        "function": "FunctionName",
        "statementIdPrefix": None,
        "statementId": None,
        "principalOrgId": "PrincipalOrgID",
    }
    request = new.fit("lambda", "add_permission", rename, StatementId=statement)
    new.client("lambda").add_permission(**request)
    return statement, {"statementId": statement}


@creates("aws:lambda/invocation:Invocation")
def invocation(new: New) -> Made:
    name = new["functionName"]
    answer = new.client("lambda").invoke(FunctionName=name, Payload=new["input"].encode())
    return new.uuid, {"result": answer["Payload"].read().decode(), "terraformKey": "tf"}


@creates("aws:lambda/alias:Alias")
def alias(new: New) -> Made:
    rename: dict[str, str | None] = {"name": "Name"}
    request = new.fit("lambda", "create_alias", rename, Name=new.name)
    made = new.client("lambda").create_alias(**request)
    arn = made["AliasArn"]
    invoke = f"arn:aws:apigateway:{new.region}:lambda:path/2015-03-31/functions"
    return arn, {"arn": arn, "invokeArn": f"{invoke}/{arn}/invocations", "name": made["Name"]}


@creates("aws:lambda/eventSourceMapping:EventSourceMapping")
def event_source_mapping(new: New) -> Made:
    request = new.fit("lambda", "create_event_source_mapping")
    validate(new.client("lambda"), "create_event_source_mapping", request)
    made = new.client("lambda").create_event_source_mapping(**request)
    arn = new.arn("lambda", f"event-source-mapping:{made['UUID']}")
    return made["UUID"], {
        "arn": arn,
        "uuid": made["UUID"],
        "functionArn": made["FunctionArn"],
        "state": "Enabled",
    }
