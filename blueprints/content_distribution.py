"""Films from the studio to those who watch them: encoded, kept, and served from near them."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi

from components.access import connect, expose_to
from components.component import Component
from components.control.budget import Budget
from components.control.playback_objectives import Objectives, PlaybackObjectives
from components.edge.beacon import Beacon
from components.edge.content_edge import ContentEdge, read_by
from components.edge.firewall import Firewall
from components.edge.isp_cache import IspCache
from components.edge.viewer_routing import HostName, ViewerRouting
from components.keeping import Logging
from components.machine import Image
from components.placement import Placement
from components.service.encoding import Encoding
from components.state.content_store import ContentStore
from components.state.private_bucket import share

EDGES = {"us": "us-east-1", "eu": "eu-west-1", "asia": "ap-northeast-1"}
REQUESTS_PER_CLIENT = 1_000_000
"""A cache asks for all of a provider's subscribers from a few addresses."""


class Isp(TypedDict):
    """An internet provider with a cache of its own."""

    cidr_blocks: Sequence[str]
    """Its subscribers' networks, IPv4, /24 or wider."""
    terabytes: float
    """Size of its cache."""
    edge: str
    """The edge that its cache fetches from, one of `edges`."""


class ContentDistributionArgs(Placement, Image, Logging):
    """`image` is nginx without root, "nginx/nginx-unprivileged". `subnet_ids` are private, for the caches."""

    public_subnet_ids: Sequence[pulumi.Input[str]]
    """Public subnets of the same zones, for the caches' load balancers."""
    isps: Mapping[str, Isp]
    """Providers with a cache, by a name of at most 16 letters, digits and "-"."""
    objectives: Objectives
    """What viewers, and those who pay, are promised."""
    monthly_terabytes: float
    """What players will fetch in a month; with the promised cost of a gigabyte it is the budget."""
    edges: NotRequired[Mapping[str, str]]
    """Parts of the world, and the AWS region in the middle of each. Default: us, eu and asia."""
    cache_scale: NotRequired[float]
    """Share of each provider's terabytes that is built: 0.001 for a trial. Default 1."""
    cache_minimum: NotRequired[int]
    """Machines of each cache. Default: one in every subnet."""
    domain: NotRequired[str]
    """Domain of the edges' host names: us.<domain>, eu.<domain>… Needs the next three. Default: CloudFront's
    names; nobody is steered to a cache."""
    zone_id: NotRequired[pulumi.Input[str]]
    """Public Route 53 zone of `domain`."""
    edge_certificate_arn: NotRequired[pulumi.Input[str]]
    """ACM certificate of *.<domain> in us-east-1."""
    cache_certificate_arn: NotRequired[pulumi.Input[str]]
    """ACM certificate of *.<domain> in the caches' region."""
    spare_origin_domain_name: NotRequired[pulumi.Input[str]]
    """Host name of a copy of the origin in another region, that edges ask where the first fails: a
    ContentStore that mirror() keeps the same as `origin` and that the edges may read. Default: none."""
    log_bucket_domain_name: NotRequired[pulumi.Input[str]]
    """Host name of the bucket of the edges' access logs. Default: none are kept."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics in the stack's region that are told when a film could not be encoded, and of the budget.
    Default: none."""
    viewer_alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics in us-east-1 that are told when a promise to viewers is not kept. Default: none."""


class ContentDistribution(Component):
    """Studio, encoding, origin, an edge for each part of the world, and caches of internet providers.

    Players report how their streams go to /beacon of whoever serves them: what is promised is measured from
    that.
    """

    studio_bucket: pulumi.Output[str]
    origin_bucket: pulumi.Output[str]
    edge_domain_names: pulumi.Output[Mapping[str, str]]
    """CloudFront's host name of each edge."""

    def __init__(
        self, name: str, args: ContentDistributionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        regions = args.get("edges", EDGES)
        self._check(args, regions)
        part = _Parts(args)

        # State
        studio = ContentStore(f"{name}-studio", part.kept, self.child)
        origin = ContentStore(f"{name}-origin", part.origin, self.child)

        # Service
        encoding = Encoding(f"{name}-encoding", part.encoding(studio, origin), self.child)

        # Edge
        firewall = Firewall(f"{name}-edges", {"requests_per_client": REQUESTS_PER_CLIENT}, self.child)
        beacon = Beacon(f"{name}-beacon", {}, self.child)
        edges = {
            edge: ContentEdge(f"{name}-{edge}", part.edge(edge, region, origin, firewall, beacon), self.child)
            for edge, region in regions.items()
        }
        caches = {
            isp: IspCache(f"{name}-{isp}", part.cache(its, edges[its["edge"]]), self.child)
            for isp, its in args["isps"].items()
        }
        ViewerRouting(f"{name}-routing", part.routing(edges, caches), self.child)

        # Control
        PlaybackObjectives(
            f"{name}-promises",
            {
                "namespace": beacon.namespace,
                "objectives": args["objectives"],
                "alarm_actions": args.get("viewer_alarm_actions", []),
            },
            self.child,
        )
        Budget(
            f"{name}-budget",
            {
                "monthly_usd": 1000 * args["monthly_terabytes"] * args["objectives"]["usd_per_gigabyte"],
                "components": [one.name for one in (firewall, *edges.values(), *caches.values())],
                "topic_arns": args.get("alarm_actions", []),
            },
            self.child,
        )

        # Who may call whom
        connect(encoding, studio, origin)
        share(origin.original, read_by(*edges.values()))
        for isp, its in args["isps"].items():
            connect(caches[isp], edges[its["edge"]])
            expose_to(caches[isp], its["cidr_blocks"])

        self.origin, self.edges, self.caches = origin, list(edges.values()), list(caches.values())
        self.studio_bucket = studio.bucket
        self.origin_bucket = origin.bucket
        self.edge_domain_names = pulumi.Output.all(**{k: edge.domain_name for k, edge in edges.items()})
        self.register_outputs(
            {
                "studio_bucket": self.studio_bucket,
                "origin_bucket": self.origin_bucket,
                "edge_domain_names": self.edge_domain_names,
            }
        )

    def _check(self, args: ContentDistributionArgs, regions: Mapping[str, str]) -> None:
        for isp, its in args["isps"].items():
            if its["edge"] not in regions:
                self.reject(f"isps['{isp}'].edge", its["edge"], f"one of {', '.join(regions)}")
        if (scale := args.get("cache_scale", 1)) <= 0:
            self.reject("cache_scale", scale, "over 0")
        if args["monthly_terabytes"] <= 0:
            self.reject("monthly_terabytes", args["monthly_terabytes"], "over 0")
        for key in ("zone_id", "edge_certificate_arn", "cache_certificate_arn"):
            if ("domain" in args) != (key in args):
                self.reject("domain", args.get("domain"), f"given together with {key}, or both left out")


class _Parts:
    """The arguments of the parts, from those of the whole."""

    def __init__(self, args: ContentDistributionArgs) -> None:
        self._args = args
        self.kept: Any = self._only("key_arn", "log_bucket", "disposable")
        self._logged: Any = {**self.kept, **self._only("log_retention_days")}
        self.origin: Any = {**self.kept, "writable": True, "shared": True}

    def encoding(self, studio: ContentStore, origin: ContentStore) -> Any:
        return {
            **self._logged,
            **self._only("alarm_actions"),
            "source_bucket": studio.bucket,
            "target_bucket": origin.bucket,
            "target_arn": origin.arn,
        }

    def edge(self, name: str, region: str, origin: ContentStore, firewall: Firewall, beacon: Beacon) -> Any:
        made: dict[str, Any] = {
            **self._only("log_bucket_domain_name", "spare_origin_domain_name"),
            "near": region,
            "origin_domain_name": origin.original.bucket_regional_domain_name,
            "web_acl_arn": firewall.web_acl_arn,
            "beacon_function_arn": beacon.function_arn,
        }
        if "domain" in self._args:
            made |= {"host": self._host(name), "certificate_arn": self._args.get("edge_certificate_arn")}
        return made

    def cache(self, isp: Isp, edge: ContentEdge) -> Any:
        own = {"cache_certificate_arn": "certificate_arn", "cache_minimum": "minimum"}
        return {
            **self._only("vpc_id", "subnet_ids", "public_subnet_ids", "image", "repository_arn", "cached"),
            **self._logged,
            "edge": edge.name,
            "terabytes": isp["terabytes"] * self._args.get("cache_scale", 1),
            **{theirs: self._args[ours] for ours, theirs in own.items() if ours in self._args},
        }

    def routing(self, edges: Mapping[str, ContentEdge], caches: Mapping[str, IspCache]) -> Any:
        isps = self._args["isps"]
        networks = {isp: its["cidr_blocks"] for isp, its in isps.items()}
        if "zone_id" not in self._args:
            return {"networks": networks}
        names: dict[str, HostName] = {
            name: {
                "name": self._host(name),
                "everyone": {"dns_name": edge.domain_name, "zone_id": edge.zone_id},
                "networks": {
                    isp: {"dns_name": caches[isp].dns_name, "zone_id": caches[isp].zone_id}
                    for isp, its in isps.items()
                    if its["edge"] == name
                },
            }
            for name, edge in edges.items()
        }
        return {"networks": networks, "zone_id": self._args["zone_id"], "host_names": names}

    def _only(self, *keys: str) -> Any:
        return {key: self._args[key] for key in keys if key in self._args}

    def _host(self, edge: str) -> str:
        return f"{edge}.{self._args.get('domain')}"
