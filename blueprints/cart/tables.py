"""DynamoDB as the service uses it: few kinds of calls, each done until it is done."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from botocore.exceptions import ClientError

from .retries import Busy, code, insist, pauses

Item = Mapping[str, Any]
"""Attributes in DynamoDB's own form: {"sku": {"S": "a"}}."""
READ_AT_ONCE, WRITTEN_AT_ONCE = 100, 25
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html"""

Part = TypeVar("Part")


class Client(Protocol):
    """What boto3's client for DynamoDB can, and DAX's."""

    def batch_get_item(self, **request: Any) -> Any: ...
    def get_item(self, **request: Any) -> Any: ...
    def put_item(self, **request: Any) -> Any: ...


class Tables:
    """`direct`: a client of DynamoDB. `cached`: one that answers from memory what it can, and writes
    through (DAX)."""

    def __init__(
        self, direct: Any, cached: Client | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._direct, self._cached, self.sleep = direct, cached or direct, sleep

    def get(self, table: str, keys: Sequence[Item], consistent: bool = False) -> list[Item]:
        """The items that there are, in no order. Unless `consistent`, as they were a moment ago."""
        client = self._direct if consistent else self._cached
        if len(keys) == 1:
            request = {"TableName": table, "Key": keys[0], "ConsistentRead": consistent}
            answer = insist(lambda: client.get_item(**request), self.sleep)
            return [answer["Item"]] if "Item" in answer else []
        found: list[Item] = []
        for part in parts(keys, READ_AT_ONCE):
            asked = {table: {"Keys": part, "ConsistentRead": consistent}}
            found += [item for said in self._read(client, asked) for item in said.get(table, ())]
        return found

    def put(self, table: str, item: Item, condition: str, values: Item, cached: bool = False) -> bool:
        """Whether an item was put, and with `cached` into memory too. False where its condition is not met,
        or may have been met by a write of this very item whose answer was lost."""
        client = self._cached if cached else self._direct
        request: dict[str, Any] = {"TableName": table, "Item": item, "ConditionExpression": condition}
        if values:
            request["ExpressionAttributeValues"] = values
        return self._met(lambda: client.put_item(**request))

    def update(
        self, table: str, key: Item, change: str, condition: str, values: Item, names: Mapping[str, str]
    ) -> bool:
        """Whether an item was changed. False where its condition is not met."""
        request = updated(table, key, change, condition, values, names)
        return self._met(lambda: self._direct.update_item(**request))

    def transact(self, actions: Sequence[Mapping[str, Any]]) -> None:
        """All of it or nothing. Raises ClientError where a condition is not met (retries.reasons)."""
        insist(lambda: self._direct.transact_write_items(TransactItems=actions), self.sleep)

    def query(self, table: str, **request: Any) -> Iterator[Item]:
        """Items page by page."""
        following: dict[str, Any] = {}
        while True:
            asked = {"TableName": table, **request, **following}
            page = insist(lambda asked=asked: self._direct.query(**asked), self.sleep)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            following = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def write(self, table: str, puts: Iterable[Item] = (), deletes: Iterable[Item] = ()) -> None:
        """Put and delete many items, each for itself."""
        wanted = [
            *({"PutRequest": {"Item": item}} for item in puts),
            *({"DeleteRequest": {"Key": key}} for key in deletes),
        ]
        for part in parts(wanted, WRITTEN_AT_ONCE):
            left: Any = {table: part}
            for _ in pauses(sleep=self.sleep):
                request = {"RequestItems": left}
                answer = insist(lambda request=request: self._direct.batch_write_item(**request), self.sleep)
                if not (left := answer.get("UnprocessedItems")):
                    break
            else:
                raise Busy(f"{sum(map(len, left.values()))} items were not written")

    def _read(self, client: Client, asked: Any) -> Iterator[Any]:
        """What a batch gives, and then what it could not give at once."""
        for _ in pauses(sleep=self.sleep):
            request = {"RequestItems": asked}
            answer = insist(lambda request=request: client.batch_get_item(**request), self.sleep)
            yield answer.get("Responses", {})
            if not (asked := answer.get("UnprocessedKeys")):
                return
        raise Busy("not all items were read")

    def _met(self, call: Callable[[], Any]) -> bool:
        try:
            insist(call, self.sleep)
        except ClientError as error:
            if code(error) == "ConditionalCheckFailedException":
                return False
            raise
        return True


def updated(
    table: str, key: Item, change: str, condition: str, values: Item, names: Mapping[str, str]
) -> dict[str, Any]:
    """The request of an update, and of one within a transaction."""
    request: dict[str, Any] = {
        "TableName": table,
        "Key": key,
        "UpdateExpression": change,
        "ConditionExpression": condition,
    }
    # Neither may be given where there are none.
    given = {"ExpressionAttributeValues": values, "ExpressionAttributeNames": names}
    return request | {key: value for key, value in given.items() if value}


def parts(all_of_them: Sequence[Part], size: int) -> Iterator[Sequence[Part]]:
    """A sequence in parts of at most `size`."""
    for start in range(0, len(all_of_them), size):
        yield all_of_them[start : start + size]
