"""Property values survive the way to the Pulumi SDK and back."""

import pulumi
from hypothesis import given
from hypothesis import strategies as st

from fourplane import wire

KEYS = st.text(max_size=8).filter(lambda key: key != wire.SIGNATURE)
SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(allow_nan=False),
    st.text().filter(lambda text: text != wire.UNKNOWN_TEXT),
    st.just(wire.UNKNOWN),
    st.builds(wire.Reference, st.text(min_size=1), st.text()),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4), st.builds(wire.Secret, inner)
    ),
    max_leaves=20,
)


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_what_is_written_is_read_back(values):
    assert wire.read(wire.write(values)) == values


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_nothing_secret_is_printable(values):
    marked = {"known": wire.Secret({"inner": "very-secret-text", **values})}
    assert "very-secret-text" not in repr(wire.printable(marked)) + repr(marked)


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_a_provider_is_handed_no_wrappers(values):
    assert not wire.contains(wire.plain(values), (wire.Secret, wire.Reference))


def test_whole_numbers_are_ints_and_nulls_are_left_out():
    read = wire.read(
        wire.write({"port": 5.0, "share": 0.5, "none": None, "deep": {"none": None, "on": True}})
    )
    assert read == {"port": 5, "share": 0.5, "deep": {"on": True}}
    assert isinstance(read["port"], int)


def test_numbers_too_big_to_be_exact_stay_floats():
    assert repr(wire.read(wire.write({"n": 1e300}))) == "{'n': 1e+300}"


def test_assets_are_read_back():
    archive = pulumi.AssetArchive({"a": pulumi.StringAsset("x"), "b": pulumi.FileArchive("./site")})
    read = wire.read(
        wire.write({"archive": archive, "file": pulumi.FileAsset("./page"), "empty": pulumi.StringAsset("")})
    )
    assert wire.printable(read) == {
        "archive": {"archive": {"a": {"asset": "x"}, "b": {"archive": "./site"}}},
        "file": {"asset": "./page"},
        "empty": {"asset": ""},
    }
