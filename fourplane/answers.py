"""Answers to functions that need no cloud, in the provider's shape."""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

ACCOUNT = "123456789012"
IMAGE = "ami-0a1b2c3d4e5f60718"
ZONES = {
    "ap-northeast-1": "acd",
    "ap-northeast-2": "abcd",
    "ca-central-1": "abd",
    "cn-north-1": "ab",
    "us-east-1": "abcdef",
    "us-west-1": "ab",
    "us-west-2": "abcd",
}
"""Letters of a region's zones where they are not a, b and c; as in moto 5.2.5, November 2026."""


def _zones(args: dict[str, Any], region: str) -> dict[str, Any]:
    names = [f"{region}{letter}" for letter in ZONES.get(region, "abc")]
    names = [name for name in names if name not in args.get("excludeNames", [])]
    parts = region.split("-")
    ways = "".join(way[0] for way in re.findall("north|south|east|west|central", region))
    prefix = f"{parts[0]}{ways}{parts[-1]}"
    return {
        "id": region,
        "names": names,
        "zoneIds": [f"{prefix}-az{number}" for number in range(1, len(names) + 1)],
        "groupNames": [region],
    }


def _identity(args: dict[str, Any], region: str) -> dict[str, Any]:
    return {
        "id": ACCOUNT,
        "accountId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:user/preview",
        "userId": "AIDAPREVIEW",
    }


def _region(args: dict[str, Any], region: str) -> dict[str, Any]:
    name = args.get("name") or args.get("region") or region
    return {
        "id": name,
        "name": name,
        "region": name,
        "description": name,
        "endpoint": f"ec2.{name}.amazonaws.com",
    }


def _partition(args: dict[str, Any], region: str) -> dict[str, Any]:
    return {
        "id": "aws",
        "partition": "aws",
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
    }


def _image(args: dict[str, Any], region: str) -> dict[str, Any]:
    return {"id": IMAGE, "imageId": IMAGE, "architecture": "x86_64", "rootDeviceName": "/dev/xvda"}


def _parameter(args: dict[str, Any], region: str) -> dict[str, Any]:
    name = str(args.get("name", ""))
    value = IMAGE if "/ami" in name else f"value-of-{name.strip('/').replace('/', '-')}"
    arn = f"arn:aws:ssm:{region}:{ACCOUNT}:parameter/{name.lstrip('/')}"
    return {"id": name, "type": "String", "version": 1, "arn": arn, "value": value, "insecureValue": value}


def _policy(args: dict[str, Any], region: str) -> dict[str, Any]:
    text = json.dumps(policy_document(args), indent=2)
    return {
        "id": hashlib.sha1(text.encode()).hexdigest()[:10],
        "json": text,
        "minifiedJson": json.dumps(json.loads(text)),
    }


def policy_document(args: dict[str, Any]) -> dict[str, Any]:
    """The document that aws.iam.get_policy_document makes of its arguments."""
    statements = [
        s for text in args.get("sourcePolicyDocuments", []) for s in json.loads(text).get("Statement", [])
    ]
    statements += [_statement(statement) for statement in args.get("statements", [])]
    for text in args.get("overridePolicyDocuments", []):
        for own in json.loads(text).get("Statement", []):
            statements = [s for s in statements if not own.get("Sid") or s.get("Sid") != own["Sid"]] + [own]
    return {"Version": args.get("version", "2012-10-17"), "Statement": statements}


def _statement(given: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"Sid": given["sid"]} if given.get("sid") else {}
    made["Effect"] = given.get("effect", "Allow")
    for key in ("actions", "notActions", "resources", "notResources"):
        if given.get(key):
            made[f"{key[0].upper()}{key[1:-1]}"] = _single(given[key])
    for key in ("principals", "notPrincipals"):
        if given.get(key):
            made[f"{key[0].upper()}{key[1:-1]}"] = _principals(given[key])
    for condition in given.get("conditions", []):
        tests = made.setdefault("Condition", {}).setdefault(condition["test"], {})
        tests[condition["variable"]] = _single(condition["values"])
    return made


def _principals(given: list[dict[str, Any]]) -> Any:
    if any(principal["type"] == "*" for principal in given):
        return "*"
    named: dict[str, list[str]] = {}
    for principal in given:
        named.setdefault(principal["type"], []).extend(principal["identifiers"])
    return {kind: _single(identifiers) for kind, identifiers in named.items()}


def _single(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


ANSWERS: dict[str, Callable[[dict[str, Any], str], dict[str, Any]]] = {
    "getAmi": _image,
    "getAvailabilityZones": _zones,
    "getCallerIdentity": _identity,
    "getParameter": _parameter,
    "getPartition": _partition,
    "getPolicyDocument": _policy,
    "getRegion": _region,
}
"""The functions whose answers a program works with."""
