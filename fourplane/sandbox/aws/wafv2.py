"""WAF: web ACLs, what they protect, and where they log."""

import json
from typing import Any

from fourplane.sandbox import shapes
from fourplane.sandbox.creator import Made, New, creates


def _region(new: New) -> str:
    """CloudFront's web ACLs live in us-east-1 alone."""
    return "us-east-1" if new["scope"] == "CLOUDFRONT" else new.region


@creates("aws:wafv2/webAcl:WebAcl")
def web_acl(new: New) -> Made:
    waf = new.client("wafv2", _region(new))
    name = new.name
    apart = {
        "name": None,
        "namePrefix": None,
        "ruleJson": None,
        "customResponseBodies": None,
        "associationConfig": None,
    }
    request = new.fit("wafv2", "create_web_acl", apart, Name=name, **_mappings(new))
    if new.get("ruleJson"):
        request["Rules"] = json.loads(new["ruleJson"])
    shapes.validate(waf, "create_web_acl", request)
    made = waf.create_web_acl(**request)["Summary"]
    return made["Id"], {
        "arn": made["ARN"],
        "applicationIntegrationUrl": "",
        "lockToken": made["LockToken"],
        "name": name,
    }


def _mappings(new: New) -> dict[str, Any]:
    """What the provider has as a list and the API by name."""
    bodies = {
        body["key"]: {"ContentType": body["contentType"], "Content": body["content"]}
        for body in new.get("customResponseBodies", [])
    }
    limits = {
        "".join(f"_{c}" if c.isupper() else c for c in kind).upper(): shapes.pascal(limit)
        for block in new.first("associationConfig").get("requestBodies", [])
        for kind, limit in block.items()
    }
    return {"CustomResponseBodies": bodies, "AssociationConfig": {"RequestBody": limits} if limits else {}}


@creates("aws:wafv2/ipSet:IpSet")
def ip_set(new: New) -> Made:
    name = new.name
    request = new.fit("wafv2", "create_ip_set", {"name": None, "namePrefix": None}, Name=name)
    made = new.client("wafv2", _region(new)).create_ip_set(**{"Addresses": [], **request})["Summary"]
    return made["Id"], {"arn": made["ARN"], "lockToken": made["LockToken"], "name": name}


@creates("aws:wafv2/webAclAssociation:WebAclAssociation")
def web_acl_association(new: New) -> Made:
    acl, resource = new["webAclArn"], new["resourceArn"]
    new.client("wafv2").associate_web_acl(WebACLArn=acl, ResourceArn=resource)
    return f"{acl},{resource}", {}


@creates("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration")
def web_acl_logging_configuration(new: New) -> Made:
    arn = new["resourceArn"]
    waf = new.client("wafv2", arn.split(":")[3])
    config = shapes.fit_member(
        waf, "put_logging_configuration", "LoggingConfiguration", new.inputs, {"region": None}
    )
    shapes.validate(waf, "put_logging_configuration", {"LoggingConfiguration": config})
    waf.put_logging_configuration(LoggingConfiguration=config)
    return arn, {}
