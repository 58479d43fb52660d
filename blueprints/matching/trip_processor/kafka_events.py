"""The events of a Kafka cluster that its clients sign for with their role: Amazon MSK."""

from collections.abc import Sequence
from typing import Any

TAKING = {"enable_auto_commit": False, "auto_offset_reset": "earliest", "max_poll_records": 100}
TAKEN, TOLD = "driver.location.updated", "trip.state.changed"


def settings(brokers: str, **more: Any) -> dict[str, Any]:
    """How both ends connect: kafka-python signs with what botocore finds, the pod's role."""
    signed = {"security_protocol": "SASL_SSL", "sasl_mechanism": "AWS_MSK_IAM"}
    return {"bootstrap_servers": brokers.split(","), **signed, **more}


def consumer(brokers: str, group: str) -> Any:
    from kafka import KafkaConsumer  # only here, so that the rest needs no Kafka

    return KafkaConsumer(TAKEN, **settings(brokers, group_id=group, **TAKING))


def producer(brokers: str) -> Any:
    from kafka import KafkaProducer

    return KafkaProducer(**settings(brokers, acks="all"))


class KafkaEvents:
    """One member of a consumer group, and what it says."""

    def __init__(self, consumer: Any, producer: Any) -> None:
        self._consumer, self._producer = consumer, producer
        self._told: list[Any] = []

    def poll(self) -> Sequence[bytes]:
        records = self._consumer.poll(timeout_ms=1000)
        return [record.value for part in records.values() for record in part]

    def tell(self, key: str, event: bytes) -> None:
        self._told.append(self._producer.send(TOLD, key=key.encode(), value=event))

    def commit(self) -> None:
        for one in self._told:
            one.get(timeout=30)  # raises what kept it from being told
        self._told.clear()
        self._consumer.commit()

    def rewind(self) -> None:
        self._told.clear()
        for part in self._consumer.assignment():
            committed = self._consumer.committed(part)
            if committed is None:
                self._consumer.seek_to_beginning(part)
            else:
                self._consumer.seek(part, committed)
