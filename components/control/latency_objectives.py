"""How long what is promised may take, as alarms on what Prometheus measures."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.access import Peer
from components.machine import Image
from components.service.kubernetes_namespace import LABEL
from components.service.kubernetes_pods import NamespacedPods, environment_name, namespaced
from components.service.kubernetes_service import KubernetesService

PROGRAM = Path(__file__).parent / "latency" / "export.py"
PORT = 8080
FOLDER = "/etc/latency"
HISTOGRAM = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
P99 = (
    'histogram_quantile(0.99, sum by (le) (rate({histogram}_bucket{{service=~"{services}"}}[5m]))) >= 0'
    ' or 0 * sum(up{{service=~"{services}"}} == 1)'
)
"""Of the last five minutes; 0 without a request, as long as a pod of a service is read. The comparison leaves
out NaN, which is what a histogram without observations has."""


class Promise(TypedDict):
    """What 99 of 100 are done within."""

    histogram: str
    """Prometheus' histogram of seconds that measures it, such as "request_seconds". Its value is read between
    the bounds of a bucket: the objective should be one of them."""
    services: Sequence[str]
    """Services that measure it, as Prometheus' label `service` names them."""
    objective_ms: float
    """Milliseconds that 99 of 100 take less than."""


class LatencyObjectivesArgs(NamespacedPods, Image):
    prometheus: str
    """Name of the Prometheus that is asked: pods wait until connect(objectives, prometheus) is drawn."""
    promises: Mapping[str, Promise]
    """What is promised, by names that become those of metrics."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told when a promise is not kept. Default: none."""
    replicas: NotRequired[int]
    """Pods that ask, each of which is enough. Default 2."""


class LatencyObjectives(Peer):
    """An alarm for each promise that is not kept for three minutes in a row, at its 99th percentile.

    Pods ask Prometheus every 30 seconds and put what it says into CloudWatch, where alarms and experiments'
    stop conditions are. Without requests a promise is kept; without measurements it is not: then none of its
    services is read, or Prometheus or these pods are gone, and an alarm is the only one to say so.

    `image` has Python 3.11 or later with boto3, such as ImageCache.pull("lambda/python:3.13"); a boto3 before
    1.34.41, such as Debian 12's, knows no pod identities:
    https://docs.aws.amazon.com/eks/latest/userguide/pod-id-minimum-sdk.html.
    """

    alarm_arns: pulumi.Output[Mapping[str, str]]
    """By promise."""
    namespace: pulumi.Output[str]
    """The metrics' namespace in CloudWatch: the name of each is its promise's."""

    def __init__(
        self, name: str, args: LatencyObjectivesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        self._check(args)
        namespace = f"{pulumi.get_stack()}-{name}"

        region = aws.get_region_output(
            region=self._region, opts=pulumi.InvokeOutputOptions(parent=self)
        ).region
        settings = {
            "address_variable": f"{environment_name(args['prometheus'])}_ADDRESS",
            "namespace": namespace,
            "region": region,
            "port": PORT,
            "queries": {promise: promised(said) for promise, said in args["promises"].items()},
        }
        pod: Any = {
            **namespaced(args),
            "image": args["image"],
            "port": PORT,
            "command": ["python3", f"{FOLDER}/export.py", f"{FOLDER}/settings.json"],
            "environment": {"PYTHONUNBUFFERED": "1"},
            "files": {
                "export.py": PROGRAM.read_text(encoding="utf-8"),
                "settings.json": pulumi.Output.json_dumps(settings),
            },
            "files_at": FOLDER,
            "calls": [args["prometheus"]],
            "replicas": args.get("replicas", 2),
            "cpu_millis": 25,
            "memory_mib": 128,
            "aws_identity": True,
            "statements": [_measuring(namespace)],
        }
        self._service = KubernetesService(name, pod, self.child)
        alarms = {
            promise: self._alarm(promise, said, namespace, args.get("alarm_actions", []))
            for promise, said in args["promises"].items()
        }

        self.alarm_arns = pulumi.Output.all(**{promise: alarm.arn for promise, alarm in alarms.items()})
        self.namespace = pulumi.Output.from_input(namespace)
        self.register_outputs({"alarm_arns": self.alarm_arns, "namespace": self.namespace})

    def caller(self) -> Peer:
        return self._service

    def learn(self, arrow: str, server: Any) -> None:
        self._service.learn(arrow, server)

    def _alarm(
        self, promise: str, said: Promise, namespace: str, actions: Sequence[pulumi.Input[str]]
    ) -> aws.cloudwatch.MetricAlarm:
        return aws.cloudwatch.MetricAlarm(
            f"{self.name}-{promise}",
            alarm_description=f"{promise}: one of 100 takes {said['objective_ms']:g} ms or longer, "
            "or nobody measures it",
            namespace=namespace,
            metric_name=promise,
            statistic="Maximum",  # of what several pods say
            period=60,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=said["objective_ms"],
            evaluation_periods=3,
            datapoints_to_alarm=3,
            treat_missing_data="breaching",
            alarm_actions=actions,
            ok_actions=actions,
            opts=self.child,
        )

    def _check(self, args: LatencyObjectivesArgs) -> None:
        if not args["promises"]:
            self.reject("promises", {}, "one promise or more")
        for promise, said in args["promises"].items():
            where = f"promises['{promise}']"
            if not LABEL.fullmatch(promise):
                self.reject("promises", promise, "named by lower-case letters, digits and hyphens")
            if not HISTOGRAM.fullmatch(said["histogram"]):
                self.reject(f"{where}.histogram", said["histogram"], "the name of a metric of Prometheus")
            if not said["services"] or not all(LABEL.fullmatch(one) for one in said["services"]):
                self.reject(f"{where}.services", list(said["services"]), "names of services, one or more")
            if said["objective_ms"] <= 0:
                self.reject(f"{where}.objective_ms", said["objective_ms"], "over 0")


def promised(said: Promise) -> str:
    """The query whose answer is the seconds that 99 of 100 take."""
    return P99.format(histogram=said["histogram"], services="|".join(said["services"]))


def _measuring(namespace: str) -> dict[str, Any]:
    # It takes no resource: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html
    return {
        "Sid": "Measure",
        "Effect": "Allow",
        "Action": "cloudwatch:PutMetricData",
        "Resource": "*",
        "Condition": {"StringEquals": {"cloudwatch:namespace": namespace}},
    }
