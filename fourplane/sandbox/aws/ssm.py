"""Systems Manager: parameters and documents."""

from fourplane import wire
from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import given


@creates("aws:ssm/parameter:Parameter")
def parameter(new: New) -> Made:
    rename = {
        key: None
        for key in ("arn", "value", "insecureValue", "valueWo", "valueWoVersion", "name", "overwrite")
    }
    value = next((new[key] for key in ("value", "insecureValue", "valueWo") if key in new.inputs), "")
    name = new.name
    request = new.fit("ssm", "put_parameter", rename, Name=name, Value=value, Overwrite=new.get("overwrite"))
    made = new.client("ssm").put_parameter(**request)
    hidden = new["type"] == "SecureString"
    return name, {
        "arn": new.arn("ssm", f"parameter{name if name.startswith('/') else f'/{name}'}"),
        "name": name,
        "version": made["Version"],
        "tier": made.get("Tier", "Standard"),
        "dataType": new.get("dataType", "text"),
        "value": wire.Secret(value) if hidden else value,
        "hasValueWo": "valueWo" in new.inputs,
        **({} if hidden else {"insecureValue": value}),
    }


@creates("aws:ssm/document:Document")
def document(new: New) -> Made:
    rename = {"attachmentsSources": "Attachments", "permissions": None, "name": None}
    name = new.name
    request = {"DocumentFormat": "JSON", **new.fit("ssm", "create_document", rename, Name=name)}
    made = new.client("ssm").create_document(**request)["DocumentDescription"]
    shared = new.get("permissions") or {}
    if shared.get("account_ids"):
        new.client("ssm").modify_document_permission(
            Name=name, PermissionType="Share", AccountIdsToAdd=shared["account_ids"].split(",")
        )
    return name, given(
        arn=new.arn("ssm", f"document/{name}"),
        defaultVersion=made["DefaultVersion"],
        description=made.get("Description", ""),
        documentFormat=made["DocumentFormat"],
        documentVersion=made["DocumentVersion"],
        hash=made["Hash"],
        hashType=made["HashType"],
        latestVersion=made["LatestVersion"],
        name=name,
        owner=made["Owner"],
        schemaVersion=made["SchemaVersion"],
        status=made["Status"],
        platformTypes=made.get("PlatformTypes", []),
    )
