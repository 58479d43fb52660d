"""What is in a cart, and how what was said of it in several places becomes one.

Each region writes a row of its own, so that none overwrites another's: a global table keeps the later of two
writes of one row, and all of the other would be lost. The rows are read together. A line has how many were
added in each row, and the last word on how many there shall be, which knows which of the additions it has
seen: those that it has not are added to it. So additions are never lost, and the last word wins. The words of
two rows are compared by their time, then by quantity, the larger one first, then by who said them.

Rows may come in any order, late, and twice: the cart is the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

MOST_LINES = 200
MOST_OF_ONE = 999
KNOWN_OPERATIONS = 32
TOMBSTONE_MS = 7 * 24 * 3600 * 1000
"""How long it is remembered that an item was removed: much longer than a region may be behind."""


@dataclass(frozen=True)
class Word:
    """What somebody said how many there shall be."""

    quantity: int = 0
    at: int = 0
    """When, in ms."""
    by: str = ""
    seen: Mapping[str, int] = field(default_factory=dict[str, int])
    """Up to where additions are in it, by row."""

    def rank(self) -> tuple[object, ...]:
        """Of two words the one of the greater rank wins."""
        return self.at, self.quantity, self.by, sorted(self.seen.items())


@dataclass(frozen=True)
class Line:
    """What one row has of an item."""

    start: int = 0
    """Where its counting began: the time, in ms, so that a line that was dropped and begun again counts from
    higher than any word has seen."""
    added: int = 0
    latest: int = 0
    """When something was added last."""
    word: Word = field(default_factory=Word)

    @property
    def total(self) -> int:
        return self.start + self.added


@dataclass(frozen=True)
class Row:
    """What one region has of a cart."""

    name: str
    version: int = 0
    lines: Mapping[str, Line] = field(default_factory=dict[str, Line])
    operations: tuple[str, ...] = ()
    """The last additions by their ids, so that none is made twice."""
    checkout: str = ""
    """The checkout that has the cart."""


@dataclass(frozen=True)
class Taken:
    """What of a cart somebody has taken out: all of it, as it was seen."""

    at: int
    seen: Mapping[str, Mapping[str, int]]
    """Up to where additions are in it, by item and row."""


@dataclass(frozen=True)
class Cart:
    """A cart's rows, and the one that is written here."""

    id: str
    here: str
    rows: Mapping[str, Row]

    @property
    def own(self) -> Row:
        return self.rows.get(self.here, Row(self.here))

    @property
    def version(self) -> int:
        """It grows with every write."""
        return sum(row.version for row in self.rows.values())

    def quantities(self) -> dict[str, int]:
        """How many there are of each item."""
        counted = {sku: self.quantity(sku) for sku in sorted(self._skus())}
        return {sku: quantity for sku, quantity in counted.items() if quantity}

    def quantity(self, sku: str) -> int:
        word = self.word(sku)
        unseen = sum(
            max(0, line.total - max(line.start, word.seen.get(row, 0))) for row, line in self._of(sku)
        )
        return min(MOST_OF_ONE, word.quantity + unseen)

    def word(self, sku: str) -> Word:
        """The last word on an item."""
        return max((line.word for _, line in self._of(sku)), key=Word.rank, default=Word())

    def taken(self, now: int) -> Taken:
        """All that is in it, after the last word."""
        skus = self.quantities()
        seen = {sku: {row: line.total for row, line in self._of(sku)} for sku in skus}
        return Taken(max([now, *(self.word(sku).at for sku in skus)]) + 1, seen)

    def added(self, counts: Mapping[str, int], now: int, operation: str) -> Row:
        """Its own row with so many more of each item, unless the operation has been done."""
        own = self.own
        if operation in own.operations:
            return own
        more = {sku: self._more(sku, count, now) for sku, count in counts.items()}
        return replace(
            own, lines={**own.lines, **more}, operations=(*own.operations, operation)[-KNOWN_OPERATIONS:]
        )

    def _more(self, sku: str, count: int, now: int) -> Line:
        line = self.own.lines.get(sku) or Line(start=now)
        # More than the most would come back when some are taken out.
        fitting = min(count, MOST_OF_ONE - self.quantity(sku))
        return replace(line, added=line.added + fitting, latest=max(now, line.latest), word=self.word(sku))

    def said(self, sku: str, quantity: int, at: int, by: str) -> Row:
        """Its own row with a word on an item, which what was added later than `at` is not in."""
        before = self.word(sku)
        seen = {
            row: line.total if line.latest <= at else max(line.start, before.seen.get(row, 0))
            for row, line in self._of(sku)
        }
        return self._with({sku: Word(min(quantity, MOST_OF_ONE), at, by, seen)})

    def without(self, taken: Taken, by: str) -> Row:
        """Its own row without what was taken: what was added or said since is still there."""
        words = {sku: Word(0, taken.at, by, seen) for sku, seen in taken.seen.items()}
        return self._with(words)

    def _with(self, words: Mapping[str, Word]) -> Row:
        """Its own row with words that are later than those that are known."""
        own = self.own
        late = {sku: word for sku, word in words.items() if word.rank() > self.word(sku).rank()}
        lines = {
            sku: replace(own.lines.get(sku) or Line(start=word.at), word=word) for sku, word in late.items()
        }
        return replace(own, lines={**own.lines, **lines})

    def swept(self, own: Row, now: int) -> Row:
        """Its own row without what was removed long ago, where all rows know that it was."""
        after = replace(self, rows={**self.rows, self.here: own})
        kept = {sku: line for sku, line in own.lines.items() if not after._forgotten(sku, now)}
        return replace(own, lines=kept)

    def _forgotten(self, sku: str, now: int) -> bool:
        word, lines = self.word(sku), [line for _, line in self._of(sku)]
        old = max(word.at, *(line.latest for line in lines)) < now - TOMBSTONE_MS
        return old and self.quantity(sku) == 0 and all(line.word == word for line in lines)

    def _of(self, sku: str) -> Iterable[tuple[str, Line]]:
        return [(name, row.lines[sku]) for name, row in self.rows.items() if sku in row.lines]

    def _skus(self) -> set[str]:
        return {sku for row in self.rows.values() for sku in row.lines}


def joined(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """What is in two carts of one person, such as before and after signing in: all items of both, and the
    larger quantity of those that both have, so that it may be done twice."""
    return {sku: max(one.get(sku, 0), other.get(sku, 0)) for sku in (*one, *other)}
