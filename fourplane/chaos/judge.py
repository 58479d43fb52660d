"""What is left of each component, and which arrows still work."""

from fourplane.chaos import chat_names as chat_names  # registers what they need
from fourplane.chaos import clusters as clusters  # registers what they need
from fourplane.chaos import data_stores as data_stores  # registers what they need
from fourplane.chaos import discovery as discovery
from fourplane.chaos import erlang as erlang
from fourplane.chaos.arrows import MADE_BY_ARROWS, Arrow
from fourplane.chaos.needs import (
    BROKEN,
    LOST,
    NEEDS,
    UNKNOWN,
    WORKS,
    WORST_FIRST,
    Finding,
    Part,
    fleet,
    nowhere,
)
from fourplane.chaos.scene import GROUP, Look, Scene
from fourplane.graph import Resource
from fourplane.planes import lineage, title

# fmt: off
WITHOUT_A_ZONE = (
    "acm", "apigateway", "apigatewayv2", "appautoscaling", "appconfig", "athena", "backup", "budgets", "cfg",
    "cloudfront", "cloudtrail", "cloudwatch", "codeartifact", "codebuild", "cognito", "dlm", "dynamodb",
    "ecr", "fis", "glue", "guardduty", "iam", "kinesis", "kms", "mediaconvert", "oam", "resourcegroups",
    "route53", "s3", "sagemaker", "scheduler", "secretsmanager", "sfn", "shield", "sns", "sqs", "ssm",
    "synthetics", "vpc", "wafv2", "xray",
)
# fmt: on
OVER_REGIONS = ("cloudfront", "globalaccelerator", "route53", "shield")
"""AWS services by the module of their types: those that run over the zones of a region, and those that go on
when a region is lost."""
RECORD = "aws:route53/record:Record"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
SETTINGS = (
    "aws:autoscaling/lifecycleHook:LifecycleHook",
    "aws:autoscaling/policy:Policy",
    "aws:autoscaling/schedule:Schedule",
    "aws:ec2/launchTemplate:LaunchTemplate",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:eks/accessEntry:AccessEntry",
    "aws:lb/listener:Listener",
    "aws:lb/listenerRule:ListenerRule",
    "aws:lb/targetGroup:TargetGroup",
)
"""What only describes: no zone takes it away."""


class Judge:
    """Says of a stack after a fault what works, each component being looked at once."""

    def __init__(self, scene: Scene, now: Look, arrows: list[Arrow]) -> None:
        self.scene, self.now, self.arrows = scene, now, arrows
        self._found: dict[str, Finding | None] = {}

    def part(self, component: Resource) -> Finding | None:
        """A component without its parts."""
        if component.urn not in self._found:
            self._found[component.urn] = None if component.custom else self._judge(component)
        return self._found[component.urn]

    def whole(self, urn: str) -> tuple[str, Finding]:
        """A component with its parts: the one that is worst off, and its name."""
        top = self.scene.graph[urn]
        found = [(one, finding) for one in self.scene.below(top) if (finding := self.part(one))]
        own = self.part(top)
        if own and own.state != LOST:  # it is over regions, and goes on without a part that was in one
            found = [pair for pair in found if pair[1].state != LOST]
        empty = (top, Finding(WORKS, "", "", ""))
        worst = min(found, key=lambda pair: WORST_FIRST.index(pair[1].state), default=empty)
        return title(self.scene.graph, worst[0]), worst[1]

    def arrow(self, arrow: Arrow) -> tuple[str, str]:
        """How an arrow is, and why."""
        ends = [self.whole(arrow.client), self._served(arrow)]
        name, worst = min(ends, key=lambda pair: WORST_FIRST.index(pair[1].state))
        if worst.state == WORKS:
            return WORKS, "; ".join(f"{name}: {one.has}" for name, one in ends if one.has)
        return worst.state, f"{name}: {worst.why} (has {worst.has}, needs {worst.needs})"

    def _served(self, arrow: Arrow) -> tuple[str, Finding]:
        """The server of an arrow; of one that has a part in another region, the part that the arrow names."""
        whole = self.whole(arrow.server)
        if whole[1].state != LOST:
            return whole
        graph = self.scene.graph
        named = {one.urn for made in arrow.by for urn in made.dependencies for one in lineage(graph, urn)}
        parts = [one for one in self.scene.below(graph[arrow.server]) if one.urn in named]
        found = [(title(graph, one), finding) for one in parts if (finding := self.part(one))]
        left = [pair for pair in found if pair[1].state != LOST]
        return min(left, key=lambda pair: WORST_FIRST.index(pair[1].state), default=whole)

    def _judge(self, component: Resource) -> Finding | None:
        children = self.scene.graph.children(component.urn)
        own = [r for r in children if r.package == "aws" and r.type not in (*MADE_BY_ARROWS, EGRESS)]
        kind = component.type.rpartition(":")[2]
        if not own:
            pods = kind in NEEDS and any(r.package == "kubernetes" for r in children)
            return NEEDS[kind](Part(component, self.scene, self.now, "")) if pods else None
        lost = self.scene.lost_region
        told = [r for r in own if r.type != RECORD]  # a name alone leads to nothing
        stays = any(_over_regions(r) or (r.region != lost and _module(r) != "iam") for r in told)
        if lost and not stays:
            return Finding(LOST, f"nothing: all of it was in {lost}", "its region", f"{lost} is lost")
        part = Part(component, self.scene, self.now, self._cannot_boot(component))
        if kind in NEEDS:
            return NEEDS[kind](part)
        placed = [r for r in own if not _everywhere(r) and r.type not in SETTINGS]
        if not placed:
            return nowhere(part)
        if any(r.type == GROUP for r in placed):
            return fleet(part)
        missing = f"what a {kind} needs is not written in fourplane/chaos/needs.py yet"
        return Finding(UNKNOWN, f"{len(placed)} resources that may stand in a zone", "unknown", missing)

    def _cannot_boot(self, component: Resource) -> str:
        """A machine takes its image and settings from AWS's endpoints: without them it never gets ready."""
        around = {one.urn for one in lineage(self.scene.graph, component.urn)}
        servers = [self.scene.graph[arrow.server] for arrow in self.arrows if arrow.client in around]
        for server in servers:
            finding = self.part(server) if server.type == "fourplane:index:VpcEndpoints" else None
            if finding and finding.state in (BROKEN, LOST):
                return f"{server.name}, where a machine gets its image, is gone"
        return ""


def _module(resource: Resource) -> str:
    return resource.type.split(":")[1].split("/")[0]


def _everywhere(resource: Resource) -> bool:
    """Whether it runs over the zones of its region: a function does that is in no network of ours."""
    module = _module(resource)
    return module in WITHOUT_A_ZONE or (module == "lambda" and "vpcConfig" not in resource.inputs)


def _over_regions(resource: Resource) -> bool:
    return _module(resource) in OVER_REGIONS or resource.inputs.get("scope") == "CLOUDFRONT"
