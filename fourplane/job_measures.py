"""How much of what AWS limits the jobs and functions of a stack ask for: more of fourplane/measures.py."""

from collections import Counter
from collections.abc import Iterator

from fourplane.measures import Amount, Stock, measure

SPARK = "aws:emrserverless/application:Application"
FUNCTION = "aws:lambda/function:Function"


@measure
def spark_vcpus(stock: Stock, types: list[str]) -> Iterator[Amount]:
    """Each application at its largest."""
    found: Counter[str] = Counter()
    for application, values in stock.all(SPARK):
        most = str((values.get("maximumCapacity") or {}).get("cpu", "0"))
        found[application.region] += int(most.split()[0])
    yield from ((region, "", number) for region, number in found.items())


@measure
def kept_calls(stock: Stock, types: list[str]) -> Iterator[Amount]:
    """Calls at once that are kept for functions; 100 must be left to all others."""
    found: Counter[str] = Counter()
    for function, values in stock.all(FUNCTION):
        found[function.region] += max(0, int(values.get("reservedConcurrentExecutions") or 0))
    yield from ((region, "", number) for region, number in found.items())
