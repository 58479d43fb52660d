"""The arguments of what recommendations are made of."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi

from blueprints.recommendation.sizes import sizes
from components.component import Component
from components.control.feature_flags import FeatureFlags
from components.keeping import Keeping, Logging
from components.policies import region_of
from components.service.python_kit import KIT
from components.service.service_image import ServiceImage
from components.state.dataset import Dataset
from components.state.event_stream import EventStream
from components.state.model_registry import ModelRegistry
from components.state.redis_cluster import RedisCluster
from components.state.work_queue import WorkQueue

FOLDER = Path(__file__).parent
PACKAGE = "recommendation"
FUNCTIONS = ("__init__", "infer", "model", "popular", "registry", "serve", "store")
FLAG, KEPT_DAYS, INFERENCE_SECONDS = "personalize", 60, 300
EVENT_HOURS = 7 * 24
"""Hours that events wait for an extraction that was broken over a weekend."""
NIGHT, MORNING = "cron(0 2 * * ? *)", "cron(0 6 * * ? *)"
"""When the batch is run, and when a model is trained on what it left, in UTC."""
MOST_CALLS = 900
"""Of an account's 1000, those that functions may keep for themselves."""


class Parts:
    """The arguments of the parts."""

    def __init__(self, owner: Component, args: Mapping[str, Any]) -> None:
        self._args = args
        hourly, peak = args["hourly"], args.get("peak", 2.0)
        for kind, rate in hourly.items():
            if not isinstance(rate, int | float) or rate < 0:
                owner.reject(f"hourly.{kind}", rate, "0 or more")
        if peak < 1:
            owner.reject("peak", peak, "1 or more, times the average")
        self._items = args.get("model_items", 100_000)
        if self._items < 1:
            owner.reject("model_items", self._items, "at least 1")
        for key, least, usual in (("test_percent", 0, 50), ("learn_percent", 1, 100)):
            if not least <= (percent := args.get(key, usual)) <= 100:
                owner.reject(key, percent, f"{least} to 100")
        total = sum((hourly["clicks"], hourly["views"], hourly["purchases"]))
        self._sizes = sizes(total, peak, args.get("event_bytes", 400))
        if (calls := self._sizes.at_once) > MOST_CALLS:
            most = f"fewer, so that inference has at most {MOST_CALLS} calls at once: they would have {calls}"
            owner.reject("hourly", dict(hourly), most)
        self.kept: Any = self._given(Keeping)
        self._logged: Any = self._given(Logging)
        self._told: Any = {"alarm_actions": args["alarm_actions"]} if "alarm_actions" in args else {}
        self._placed: Any = {key: args[key] for key in ("vpc_id", "subnet_ids")}

    @property
    def stream(self) -> Any:
        size = self._sizes
        load = {"shards": size.shards, "records": size.records, "megabytes": size.megabytes}
        return {**self.kept, **self._told, **load, "kept_hours": EVENT_HOURS}

    @property
    def features(self) -> Any:
        return {**self.kept, "expire_after_days": KEPT_DAYS}

    def found(self, features: Dataset) -> Any:
        """Files of features that inference has not done yet. Their names are no secret, and S3 may not use
        a key of ours for them."""
        objects = {
            "bucket": features.bucket,
            "bucket_arn": features.arn,
            "under": "live/",
            "ending": ".json.gz",
        }
        kept = {key: value for key, value in self.kept.items() if key != "key_arn"}
        return {**kept, **self._told, "objects": objects, "work_seconds": 6 * INFERENCE_SECONDS}

    @property
    def hot(self) -> Any:
        size = {"shards": self._args.get("cache_shards", 2)}
        if "cache_node_type" in self._args:
            size["node_type"] = self._args["cache_node_type"]
        # What nobody came for goes first; all of it is made again.
        settings = {"parameters": {"maxmemory-policy": "allkeys-lru"}, "snapshot_days": 0}
        return {**self._args["data"], **self._logged, **size, **settings, "password": True}

    @property
    def flags(self) -> Any:
        percent = {"number": self._args.get("test_percent", 50), "least": 0, "most": 100}
        flag = {
            "description": "Personalize answers so many of 100 users, and our own model the others",
            "enabled": "campaign_arn" in self._args,
            "attributes": {"percent": percent},
        }
        key = {"key_arn": self.kept["key_arn"]} if "key_arn" in self.kept else {}
        return {**key, "flags": {FLAG: flag}}

    def extraction(self, events: EventStream, features: Dataset) -> Any:
        return {
            **self._job("features.py"),
            "executors": self._sizes.executors,
            "arguments": [
                "--stream",
                events.stream_name,
                "--region",
                region_of(events.arn),
                "--output",
                _place(features),
                "--files",
                str(self._sizes.files),
            ],
        }

    def batch(self, features: Dataset) -> Any:
        return {
            **self._job("batch.py"),
            "executors": self._args.get("batch_executors", self._sizes.executors),
            "schedule": NIGHT,
            "arguments": [
                "--place",
                _place(features),
                "--items",
                str(self._items),
                "--percent",
                str(self._args.get("learn_percent", 100)),
            ],
        }

    @property
    def image(self) -> Any:
        context = {f"{PACKAGE}/{file}": file for file in ("__init__.py", "learn.py", "model.py")}
        context |= {file: file for file in ("Dockerfile", "run.packages")}
        files = {at: (FOLDER / file).read_text(encoding="utf-8") for at, file in context.items()}
        return {"files": files, "architecture": "x86_64", **self._logged}  # SageMaker trains on no other

    def training(self, trainer: ServiceImage, features: Dataset, models: ModelRegistry) -> Any:
        values = {
            "image": trainer.image_uri,
            "features": features.bucket,
            "models": models.bucket,
            "group": models.group_name,
            "items": str(self._items),
            "machine": "ml.m5.xlarge",
        }
        return {
            **self._placed,
            **self._logged,
            **self._told,
            "definition": str(FOLDER / "training.json.j2"),
            "values": values,
            "repository_arns": [trainer.repository_arn],
            "schedule": MORNING,
        }

    def inference(self, found: WorkQueue, models: ModelRegistry, hot: RedisCluster) -> Any:
        feed = {
            "queue_arn": found.arn,
            "statements": found.exit.grants(),
            "at_once": self._sizes.at_once,
            "batch": 1,
        }
        return {
            **self._code("infer"),
            "feed": feed,
            "concurrency": self._sizes.at_once,
            "seconds": INFERENCE_SECONDS,
            "memory_mib": 3008,
            "environment": {**_login(hot), "MODEL_GROUP": models.group_name},
        }

    def serving(self, hot: RedisCluster, flags: FeatureFlags, features: Dataset) -> Any:
        settings: dict[str, pulumi.Input[str]] = {
            **_login(hot),
            "FLAGS": flags.address,
            "FEATURES": features.bucket,
        }
        made = {
            **self._code("serve"),
            "live": True,
            "seconds": 10,
            "memory_mib": 1024,
            "environment": settings,
        }
        if "campaign_arn" not in self._args:
            return made
        ask = {
            "Sid": "Personalize",
            "Effect": "Allow",
            "Action": "personalize:GetRecommendations",
            "Resource": self._args["campaign_arn"],
        }
        return {
            **made,
            "environment": {**settings, "CAMPAIGN_ARN": self._args["campaign_arn"]},
            "statements": [ask],
        }

    def _job(self, program: str) -> Any:
        return {**self._placed, **self._logged, **self._told, "program": str(FOLDER / "spark" / program)}

    def _code(self, module: str) -> Any:
        files = {f"{PACKAGE}/{file}.py": str(FOLDER / f"{file}.py") for file in FUNCTIONS}
        files |= {f"components/service/python/{name}": str(KIT / name) for name in ("aws.py", "flags.py")}
        return {
            **self._placed,
            **self._logged,
            "code": files,
            "packages": ["redis"],
            "handler": f"{PACKAGE}.{module}.handler",
        }

    def _given(self, shape: type) -> Any:
        return {key: self._args[key] for key in shape.__annotations__ if key in self._args}


def _place(features: Dataset) -> pulumi.Output[str]:
    return pulumi.Output.format("s3://{}", features.bucket)


def _login(hot: RedisCluster) -> dict[str, pulumi.Input[str]]:
    return {"REDIS_ADDRESS": hot.address, "REDIS_SECRET_ARN": hot.secret_arn or ""}
