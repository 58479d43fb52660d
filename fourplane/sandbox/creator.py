"""How a registered resource becomes calls to the cloud: what a creator is given and what it returns.

A creator is a function for one resource type, in the module of its service (aws/<module of the token>.py):

    @creates("aws:ec2/vpc:Vpc")
    def vpc(new: New) -> Made:
        made = new.client("ec2").create_vpc(CidrBlock=new["cidrBlock"])["Vpc"]
        return made["VpcId"], {"arn": new.arn("ec2", f"vpc/{made['VpcId']}"), "mainRouteTableId": ...}

It returns the id and the outputs in the provider's shape (camelCase), taken from what the cloud answered.
Inputs need not be repeated among the outputs. What it leaves out is unknown to the program, and using it is
an error.
"""

import hashlib
import importlib
import json
import keyword
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fourplane import wire
from fourplane.errors import Failure, Mistake
from fourplane.graph import Resource
from fourplane.sandbox import shapes

ACCOUNT = "123456789012"
Made = tuple[str, dict[str, Any]]
Creator = Callable[["New"], Made]
Client = Callable[[str, str], Any]
"""A boto3 client for a service and a region."""

_CREATORS: dict[str, Creator] = {}


def creates(type: str) -> Callable[[Creator], Creator]:
    """Register a function as the creator of a resource type."""

    def register(creator: Creator) -> Creator:
        _CREATORS[type] = creator
        return creator

    return register


class New:
    """One resource to be made: its inputs, its name, and clients for its region."""

    def __init__(self, resource: Resource, client: Client) -> None:
        self.resource = resource
        self.region = resource.region
        self.inputs: dict[str, Any] = wire.plain(resource.inputs)
        self._client = client

    def __getitem__(self, key: str) -> Any:
        """A required input."""
        if key not in self.inputs:
            raise Mistake(f"'{key}' is required")
        return self.inputs[key]

    def get(self, key: str, default: Any = None) -> Any:
        return self.inputs.get(key, default)

    def first(self, key: str) -> dict[str, Any]:
        """A block that Pulumi gives as an object, or as a list of at most one; {} where it is absent."""
        value = self.inputs.get(key)
        return (value[0] if value else {}) if isinstance(value, list) else value or {}

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client, made once for each service and region."""
        return self._client(service, region or self.region)

    @property
    def auto_name(self) -> str:
        """A name as Pulumi generates them, "name-1a2b3c4", the same at every deployment."""
        return f"{self.resource.name}-{self.hash(7)}"

    @property
    def name(self) -> str:
        """The name that the program gives, or a generated one."""
        given = self.get("name")
        return given or (f"{prefix}{self.hash(26)}" if (prefix := self.get("namePrefix")) else self.auto_name)

    def name_within(self, longest: int) -> str:
        """The name, where AWS limits its length: Pulumi refuses to generate a longer one."""
        name = self.name
        if len(name) > longest and not self.get("name"):
            spare = longest - (len(name) - len(self.resource.name))
            raise Mistake(
                f"the generated name '{name}' is longer than {longest}; "
                f"name it in {spare} letters or give 'name'"
            )
        return name

    def hash(self, digits: int, salt: str = "") -> str:
        """Hexadecimal digits that belong to this resource, for ids that moto does not make."""
        return hashlib.sha256(f"{self.resource.urn}{salt}".encode()).hexdigest()[:digits]

    @property
    def uuid(self) -> str:
        """An id such as many services give, for what moto does not make."""
        return str(uuid.UUID(self.hash(32)))

    @property
    def etag(self) -> str:
        """A version as CloudFront gives them, for what moto does not make."""
        return f"E{self.hash(13, 'etag').upper()}"

    @property
    def tags(self) -> dict[str, str]:
        return self.get("tags") or {}

    @property
    def tag_list(self) -> list[dict[str, str]]:
        """Tags as most services want them: [{"Key": …, "Value": …}]."""
        return [{"Key": k, "Value": v} for k, v in self.tags.items()]

    def tag_specification(self, kind: str) -> list[dict[str, Any]]:
        """Tags as EC2 wants them at creation."""
        return [{"ResourceType": kind, "Tags": self.tag_list}] if self.tags else []

    def arn(self, service: str, path: str, region: str | None = None) -> str:
        """An ARN in the sandbox's account: region="" for global services."""
        return f"arn:aws:{service}:{self.region if region is None else region}:{ACCOUNT}:{path}"

    def fit(
        self, service: str, operation: str, rename: Mapping[str, str | None] | None = None, **more: Any
    ) -> dict[str, Any]:
        """The request of a call from all inputs (see shapes.fit); `more` is in the call's own words."""
        request = shapes.fit(self.client(service), operation, self.inputs, {"region": None, **(rename or {})})
        return {**request, **shapes.given(**more)}

    def simulate(self, service: str, operation: str, request: Mapping[str, Any]) -> None:
        """Check a call that moto does not have against botocore's model, and mark the resource."""
        shapes.validate(self.client(service), operation, dict(request))
        self.resource.simulated = True


def make(resource: Resource, client: Client) -> Made:
    """Make a resource; what the cloud refuses is a Failure in one line."""
    creator = _creator(resource.type)
    try:
        new = New(resource, client)
        id, outputs = creator(new)
        return id, {**_common(new), **outputs}
    except ClientError as error:
        said = error.response.get("Error", {})
        raise Failure(f"{error.operation_name} refused: {said.get('Code')}: {said.get('Message')}") from error
    except BotoCoreError as error:
        raise Failure(" ".join(str(error).split())) from error
    except (Failure, Mistake):
        raise
    except NotImplementedError as error:
        raise Failure(f"the sandbox's cloud does not have this call: {error}") from error
    except Exception as error:
        raise Failure(f"the sandbox's creator failed: {type(error).__name__}: {error}") from error


GLOBAL = ("aws:iam/", "aws:cloudfront/", "aws:route53/")
"""Services whose resources have no region."""


def _common(new: New) -> dict[str, Any]:
    """The outputs that the provider gives every AWS resource."""
    if new.resource.package != "aws":
        return {}
    tags = new.get("tags", {})
    tagged = {"tagsAll": tags} if isinstance(tags, dict) else {}
    return tagged if new.resource.type.startswith(GLOBAL) else {**tagged, "region": new.region}


def _creator(type: str) -> Creator:
    package, _, rest = type.partition(":")
    module = rest.split("/")[0].split(":")[0].replace("-", "_").lower()
    module += "_" if keyword.iskeyword(module) else ""
    folder = {"aws": "fourplane.sandbox.aws", "kubernetes": "fourplane.sandbox"}.get(package)
    if type not in _CREATORS and folder:
        name = f"{folder}.{module if package == 'aws' else 'kubernetes'}"
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
    if type in _CREATORS:
        return _CREATORS[type]
    if package == "kubernetes" and "kubernetes:*" in _CREATORS:
        return _CREATORS["kubernetes:*"]
    where = f"fourplane/sandbox/aws/{module}.py" if package == "aws" else "fourplane/sandbox/"
    raise Failure(
        f"the sandbox has no creator for {type}; add one in {where} (see fourplane/sandbox/creator.py)"
    )


def document(value: Any) -> str:
    """A policy as JSON text, whether the program gave text or an object."""
    return value if isinstance(value, str) else json.dumps(value)
