"""What is in a cart, whatever order its rows come in: properties of any history in two regions."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from blueprints.cart.lines import MOST_OF_ONE, TOMBSTONE_MS, Cart, joined
from blueprints.cart.packing import packed, unpacked

REGIONS = ("east", "west")
SKUS = ("a", "b")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(REGIONS), st.sampled_from(SKUS), st.integers(1, 5)),
        st.tuples(st.just("say"), st.sampled_from(REGIONS), st.sampled_from(SKUS), st.integers(0, 5)),
        st.tuples(st.just("copy"), st.sampled_from(REGIONS), st.just(""), st.just(0)),
    ),
    max_size=30,
)


class World:
    """Two regions, each with the other's row as it was when it last came over."""

    def __init__(self):
        self.seen = {region: Cart("c", region, {}) for region in REGIONS}
        self.now = 1000

    def write(self, region, row):
        row = replace(row, version=row.version + 1)
        self.seen[region] = replace(self.seen[region], rows={**self.seen[region].rows, region: row})

    def copy(self, region):
        """The region's row comes to the other."""
        other = next(one for one in REGIONS if one != region)
        own = self.seen[region].own
        self.seen[other] = replace(self.seen[other], rows={**self.seen[other].rows, region: own})

    def play(self, steps):
        for kind, region, sku, number in steps:
            self.now += 1
            if kind == "copy":
                self.copy(region)
            elif kind == "add":
                self.write(region, self.seen[region].added({sku: number}, self.now, f"{self.now}"))
            else:
                self.write(region, self.seen[region].said(sku, number, self.now, region))

    def settle(self):
        for region in REGIONS:
            self.copy(region)


@settings(max_examples=50)
@given(STEPS)
def test_all_regions_come_to_the_same_cart(steps):
    world = World()
    world.play(steps)
    world.settle()
    east, west = (world.seen[region].quantities() for region in REGIONS)
    assert east == west


@settings(max_examples=50)
@given(STEPS)
def test_what_was_added_after_or_beside_the_last_word_is_there(steps):
    world = World()
    unheard = {sku: 0 for sku in SKUS}  # since the last word on it
    for step in steps:
        world.play([step])
        kind, _, sku, number = step
        if kind == "say":
            unheard[sku] = 0
        elif kind == "add":
            unheard[sku] += number
    world.settle()
    cart = world.seen["east"]
    for sku in SKUS:
        assert cart.quantity(sku) >= cart.word(sku).quantity + unheard[sku]


@settings(max_examples=50)
@given(STEPS)
def test_where_everyone_hears_of_everything_it_is_plain_counting(steps):
    world, counted = World(), dict.fromkeys(SKUS, 0)
    for step in steps:
        world.play([step])
        world.settle()
        kind, _, sku, number = step
        if kind == "add":
            counted[sku] += number
        elif kind == "say":
            counted[sku] = number
    assert world.seen["west"].quantities() == {sku: n for sku, n in counted.items() if n}


@settings(max_examples=50)
@given(STEPS)
def test_a_row_is_kept_as_it_is(steps):
    world = World()
    world.play(steps)
    row = replace(world.seen["east"].own, name="east", checkout="k")
    assert unpacked(packed("c", row, 0)) == row


@settings(max_examples=50)
@given(STEPS, st.integers(1, 5))
def test_what_was_removed_long_ago_is_forgotten_and_may_be_added_again(steps, count):
    world = World()
    world.play(steps)
    for sku in SKUS:
        world.settle()
        world.now += 1
        world.write("east", world.seen["east"].said(sku, 0, world.now, ""))
    world.settle()
    # West takes over what east has said, by writing something of its own.
    world.now += 1
    for sku in SKUS:
        world.write("west", world.seen["west"].added({sku: 1}, world.now, f"{sku}"))
        world.write("west", world.seen["west"].said(sku, 0, world.now, ""))
    world.settle()
    world.now += TOMBSTONE_MS + 1
    for region in REGIONS:
        cart = world.seen[region]
        world.write(region, cart.swept(cart.own, world.now))
    assert world.seen["west"].own.lines.keys() <= set(SKUS)
    world.write("west", world.seen["west"].added({"a": count}, world.now, "again"))
    world.settle()
    assert world.seen["east"].quantities() == {"a": count}


def test_an_item_that_one_region_removes_and_another_adds_meanwhile_is_not_lost():
    world = World()
    world.play(
        [("add", "east", "a", 3), ("copy", "east", "", 0), ("add", "west", "a", 1), ("say", "east", "a", 0)]
    )
    world.settle()
    assert world.seen["east"].quantities() == {"a": 1}


def test_of_two_words_at_one_time_the_larger_quantity_wins():
    cart = Cart("c", "east", {})
    for first, second in ((2, 5), (5, 2), (0, 5), (5, 0)):
        row = cart.said("a", first, 7, "x")
        both = replace(cart, rows={"east": row})
        both = replace(both, rows={"east": both.said("a", second, 7, "y")})
        assert both.quantities() == {"a": 5}


def test_an_old_word_that_comes_late_takes_nothing_away_that_was_added_since():
    cart = Cart("c", "east", {})
    cart = replace(cart, rows={"east": cart.added({"a": 2}, 50, "o")})
    assert replace(cart, rows={"east": cart.said("a", 0, 40, "")}).quantities() == {"a": 2}


def test_an_addition_is_made_once_and_there_is_a_most():
    cart = Cart("c", "east", {})
    for _ in range(3):
        cart = replace(cart, rows={"east": cart.added({"a": 2}, 1, "same")})
    assert cart.quantities() == {"a": 2}
    cart = replace(cart, rows={"east": cart.added({"a": 5000}, 2, "more")})
    cart = replace(cart, rows={"east": cart.added({"a": 5}, 3, "yet more")})
    assert cart.quantities() == {"a": MOST_OF_ONE}


@settings(max_examples=50)
@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers(1, 9)),
    st.dictionaries(st.sampled_from("abcd"), st.integers(1, 9)),
)
def test_two_carts_joined_have_every_item_of_both_and_twice_is_once(one, other):
    both = joined(one, other)
    assert both == joined(other, one) == joined(both, other) == joined(both, both)
    assert all(both[sku] >= count for cart in (one, other) for sku, count in cart.items())


def test_large_rows_are_compressed_and_small_ones_are_text():
    cart = Cart("c", "east", {})
    small = packed("c", cart.added({"a": 1}, 1, "o"), 0)
    large = packed("c", cart.added({f"item-{n}": 1 for n in range(100)}, 1, "o"), 0)
    assert "S" in small["body"] and len(large["body"]["B"]) < 1024
    assert unpacked(large).lines["item-7"].added == 1
    assert unpacked(small).lines.keys() == {"a"}
