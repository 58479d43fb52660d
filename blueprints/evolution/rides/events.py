"""What has happened, told to whoever wants to know, and to nobody before the platform."""

import json
import os
import re
import sys
from collections.abc import Mapping
from typing import Any, Protocol

from components.service.python.aws import Identity, kafka_token

from . import settings

REGION = re.compile(r"\.kafka(?:-serverless)?\.([a-z0-9-]+)\.amazonaws\.")


class Events(Protocol):
    def publish(self, topic: str, key: str, event: Mapping[str, Any]) -> None:
        """Tell of an event. It never fails the request that it is about."""
        ...


class Silence:
    """Nobody listens."""

    def publish(self, topic: str, key: str, event: Mapping[str, Any]) -> None:
        return


class Kafka:
    """Amazon MSK. What one key tells is heard in its order."""

    def __init__(self, producer: Any) -> None:
        self._producer = producer

    def publish(self, topic: str, key: str, event: Mapping[str, Any]) -> None:
        try:
            sent = self._producer.send(topic, key=key.encode(), value=json.dumps(event).encode())
            sent.add_errback(lambda lost: print(f"{topic} is lost: {lost!r}", file=sys.stderr, flush=True))
        except Exception as lost:
            print(f"{topic} is lost: {lost!r}", file=sys.stderr, flush=True)


def events() -> Events:
    """Where EVENTS names a Kafka, it; otherwise nobody."""
    if not (server := os.environ.get("EVENTS")):
        return Silence()
    address = settings.named(server, "ADDRESS")
    return Kafka(connect(address.split(","), Identity()))


def connect(brokers: list[str], identity: Identity) -> Any:
    import kafka  # pyright: ignore[reportMissingImports]
    from kafka.oauth.abstract import AbstractTokenProvider  # pyright: ignore[reportMissingImports]

    found = REGION.search(brokers[0])
    if found is None:
        raise SystemExit(f"{brokers[0]} is no broker of Amazon MSK")
    region = found[1]

    class Tokens(AbstractTokenProvider):  # type: ignore[misc]
        def token(self) -> str:
            return kafka_token(identity.keys(), region)

    return kafka.KafkaProducer(
        bootstrap_servers=brokers,
        security_protocol="SASL_SSL",
        sasl_mechanism="OAUTHBEARER",
        sasl_oauth_token_provider=Tokens(),
        api_version=(2, 5, 0),  # said, since to ask would keep the service from starting without a broker
        acks="all",
        retries=5,
        linger_ms=5,
        max_block_ms=1000,
        request_timeout_ms=5000,
    )
