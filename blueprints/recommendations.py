"""What else a user may like, learned from what all users do."""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import pulumi

from blueprints.recommendation.parts import Parts
from components.access import Peer, connect
from components.component import Component
from components.control.feature_flags import FeatureFlags
from components.keeping import Logging
from components.placement import Placement, ZonedPlacement
from components.service.function import Function
from components.service.service_image import ServiceImage
from components.service.spark_job import SparkJob
from components.service.training_pipeline import TrainingPipeline
from components.state.dataset import Dataset
from components.state.event_stream import EventStream
from components.state.exit import Exit
from components.state.model_registry import ModelRegistry
from components.state.redis_cluster import RedisCluster
from components.state.work_queue import WorkQueue

ENDPOINTS = (
    "appconfigdata",
    "kinesis-streams",
    "logs",
    "personalize-runtime",
    "sagemaker.api",
    "secretsmanager",
    "sts",
)
"""The AWS services that its parts call, as VpcEndpoints has them."""


class Rates(TypedDict):
    """Events an hour, on average."""

    clicks: float
    views: float
    purchases: float


class RecommendationsArgs(Placement, Logging):
    """`subnet_ids` are private, for jobs and functions."""

    data: ZonedPlacement
    """Where the cache is."""
    hourly: Rates
    """What happens: what it is sized by."""
    peak: NotRequired[float]
    """How many times the average there are at the peak, 1 or more. Default 2."""
    event_bytes: NotRequired[int]
    """Size of an event, which is JSON. Default 400."""
    cache_shards: NotRequired[int]
    """Shards of the cache of hot recommendations, some 5 KB a user who came in the last month. Default 2."""
    cache_node_type: NotRequired[str]
    """Default cache.r7g.large."""
    model_items: NotRequired[int]
    """Items that the model knows, those with the most users: inference has all in memory. For the others
    there is what is popular. Default 100000."""
    learn_percent: NotRequired[int]
    """Of 100 users, those that the model is learned from: with hundreds of millions some are enough, and the
    night is short. Default 100."""
    batch_executors: NotRequired[int]
    """Workers of the night's batch, 4 vCPUs each. Default: as many as the stream has."""
    campaign_arn: NotRequired[pulumi.Input[str]]
    """A campaign of Amazon Personalize, made by hand: no provider makes one. Default: none, nobody is in the
    test, and our own model answers all."""
    test_percent: NotRequired[int]
    """Of 100 users, those that Personalize answers, once there is a campaign: a flag, to be changed while it
    runs. Default 50."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told when a stage fails or is late. Default: none."""


class Recommendations(Component):
    """Clicks, views and purchases become features each minute, and a model each day; who comes is answered at
    once, by our model or by Personalize, and with what is popular where a stage has nothing or is lost.

    The stack draws the arrows: from who sees events to `events.entry`, from who asks to `answers`, and from
    each of `callers` to where the services of `ENDPOINTS` are.
    """

    stream_name: pulumi.Output[str]
    """Where events go, as JSON: id, kind ("click", "view", "purchase"), user, item, at (ms since 1970)."""
    serving_arn: pulumi.Output[str]
    """What answers {"user", "count"}."""

    def __init__(
        self, name: str, args: RecommendationsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        part = Parts(self, args)

        # State
        self.events = EventStream(f"{name}-events", part.stream, self.child)
        features = Dataset(f"{name}-features", part.features, self.child)
        models = ModelRegistry(f"{name}-models", part.kept, self.child)
        found = WorkQueue(f"{name}-found", part.found(features), self.child)
        self.hot = hot = RedisCluster(f"{name}-hot", part.hot, self.child)

        # Control, which serving asks
        flags = FeatureFlags(f"{name}-flags", part.flags, self.child)

        # Service
        extraction = SparkJob(f"{name}-extraction", part.extraction(self.events, features), self.child)
        batch = SparkJob(f"{name}-batch", part.batch(features), self.child)
        trainer = ServiceImage(f"{name}-trainer", part.image, self.child)
        training = TrainingPipeline(f"{name}-training", part.training(trainer, features, models), self.child)
        inference = Function(f"{name}-inference", part.inference(found, models, hot), self.child)
        serving = Function(f"{name}-serving", part.serving(hot, flags, features), self.child)
        self.answers = Exit(f"{name}-answers", _answers(serving), self.child)

        # Who may call whom
        connect(extraction, self.events.exit, features.entry)
        connect(batch, features.entry)
        connect(training, features.exit, models.entry)
        connect(inference, features.exit, models.exit, hot)
        connect(serving, hot, flags, features.exit)

        self.callers: Sequence[Peer] = (extraction, batch, training, inference, serving)
        self.stream_name = self.events.stream_name
        self.serving_arn = serving.arn
        self.register_outputs({"stream_name": self.stream_name, "serving_arn": self.serving_arn})


def _answers(serving: Function) -> Any:
    ask = {"Sid": "Ask", "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": serving.arn}
    return {"address": serving.arn, "statements": [ask]}
