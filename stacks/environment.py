"""What differs between two deployments of one company. Everything else is in its page."""

import json
import re
from difflib import get_close_matches
from typing import Annotated, Any, Self, get_origin

import pulumi
import pydantic
from pulumi.runtime.config import CONFIG

from components.component import ArgumentError


def matching(pattern: str, wanted: str) -> pydantic.AfterValidator:
    """A check that says in words what would do."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value, re.ASCII):
            raise ValueError(f"must be {wanted}")
        return value

    return pydantic.AfterValidator(check)


class Environment(pydantic.BaseModel):
    """The settings that every stack has, read once from its Pulumi config."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    region: Annotated[str, matching(r"[a-z]{2}(-[a-z]+)+-\d", "an AWS region, such as 'eu-west-1'")] = (
        "us-east-1"
    )
    """AWS region of the stack."""
    zones: int = pydantic.Field(3, ge=2, le=4)
    """Availability zones to spread over."""
    endpoint: Annotated[str, matching(r"(https?://\S+)?", "a URL, such as 'http://localhost:4566'")] = ""
    """An emulator's URL that every AWS service is called at. Empty: AWS itself."""
    owner: Annotated[
        str, matching(r"[\w .:/=+@-]{1,256}", "a tag's value: letters, digits and _ .:/=+@-")
    ] = "platform"
    """Who answers for the stack: the `owner` tag of everything in it."""
    disposable: bool = False
    """Whether everything, data too, may be deleted with the stack."""
    single_zone_egress: bool = False
    """One NAT gateway and one zone's AWS endpoints for all zones: cheaper, and lost with that zone."""
    log_retention_days: int = pydantic.Field(365, ge=1)
    """Days that logs are kept, one of components.logs.RETENTION_DAYS."""

    @classmethod
    def load(cls) -> Self:
        """The settings of the stack that runs. Raises ArgumentError, one line that names the setting and
        the value."""
        config, project = pulumi.Config(), pulumi.get_project()
        known = {name for kind in _kinds(Environment) for name in kind.model_fields}
        for key in CONFIG.get():
            namespace, _, name = key.partition(":")
            if namespace == project and name not in known:
                near = get_close_matches(name, known, n=1)
                hint = (
                    f"did you mean '{near[0]}'?" if near else f"known: {', '.join(sorted(cls.model_fields))}"
                )
                raise ArgumentError(f"config '{name}' is no setting; {hint}")
        given = {name: config.get(name) for name in cls.model_fields}
        try:
            return cls(**{name: cls._parsed(name, text) for name, text in given.items() if text is not None})
        except pydantic.ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]) if first["loc"] else "the stack"
            wanted = first["msg"].replace("Input should", "must", 1).removeprefix("Value error, ")
            raise ArgumentError(f"config '{name}' {wanted}, got {first['input']!r}") from None

    @classmethod
    def _parsed(cls, name: str, text: str) -> Any:
        """Config values are texts; a list or a mapping is JSON in its text."""
        kind = get_origin(cls.model_fields[name].annotation)
        if kind not in (list, tuple, dict):
            return text
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            wanted = "mapping" if kind is dict else "list"
            raise ArgumentError(f"config '{name}' must be a JSON {wanted}, got {text!r}") from None


DOMAIN = r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}"


class Named(Environment):
    """What a company needs that has a name of its own, and someone on call."""

    domain: Annotated[str, matching(f"({DOMAIN})?", "a domain in lower case, such as 'shop.example.com'")] = (
        ""
    )
    """Domain of what is reached, for which TLS is spoken everywhere. Empty: AWS's own names, and no TLS
    inside the network."""
    pagerduty_url: Annotated[str, matching(r"(https://\S+)?", "an https URL")] = ""
    """A PagerDuty service's integration URL, a secret. Empty: nobody is woken."""


class Site(Named):
    """What a company needs that is reached over the web."""

    price_class: str = "PriceClass_All"
    """Where CloudFront serves from."""
    service_minimum: int = pydantic.Field(3, ge=1)
    """Machines or pods that each service keeps when there is no load."""


class CassandraSettings(Environment):
    """What a company needs that has a Cassandra ring."""

    cassandra_nodes_per_zone: int = pydantic.Field(1, ge=1)
    """Nodes of the ring in every zone."""
    cassandra_instance_type: str = "m7g.large"
    """Machine of a ring node."""


class MySqlSettings(Environment):
    """What a company needs that has a MySQL database."""

    mysql_instance_class: str = "db.r7g.large"
    """Machine of a node of the database."""
    mysql_replicas: int = pydantic.Field(1, ge=0)
    """Nodes of the database that can take over from the writer, each in another zone."""


class SearchSettings(Environment):
    """What a company needs that has an OpenSearch domain."""

    search_instance_type: str = "r7g.large.search"
    """Machine of a node of the search index."""
    search_masters: bool = True
    """Whether the search index has three machines that do nothing but lead it."""


class TwoRegionsSettings(Environment):
    """What a company needs that has a part in another region."""

    two_regions: bool = False
    """Whether there is another region, `twin_region`."""

    @property
    def twin_region(self) -> str:
        """The other of two: US and EU."""
        return "us-east-1" if self.region.startswith("eu-") else "eu-west-1"


class KubernetesSettings(Environment):
    """What a company needs that has a Kubernetes cluster."""

    kubernetes_cidrs: list[str] = pydantic.Field(default_factory=list[str])
    """Networks that may call the cluster's Kubernetes API from outside. Empty: it is private."""


def _kinds(kind: type[Environment]) -> list[type[Environment]]:
    return [kind, *(kind for child in kind.__subclasses__() for kind in _kinds(child))]
