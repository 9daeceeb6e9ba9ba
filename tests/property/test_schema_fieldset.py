"""The algebra of field sets, against sets of paths."""

from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.schema import FieldSet, key_element, value_element

ELEMENTS = st.sampled_from(
    [
        "f:a",
        "f:b",
        "f:c.d",
        key_element({"name": "x"}),
        key_element({"name": "x", "port": 1}),
        value_element("v"),
        value_element(2),
        "i:0",
    ]
)
PATHS = st.lists(ELEMENTS, min_size=1, max_size=4).map(tuple)
SETS = st.frozensets(PATHS, max_size=10)


@settings(deadline=None)
@given(SETS)
def test_set_holds_what_was_put_in(paths: frozenset[tuple[str, ...]]) -> None:
    fields = FieldSet(paths)
    assert set(fields) == paths
    assert len(fields) == len(paths)
    assert all(fields.has(path) for path in paths)
    assert fields.empty is not bool(paths)


@settings(deadline=None)
@given(SETS)
def test_fields_v1_survives_the_round_trip(paths: frozenset[tuple[str, ...]]) -> None:
    fields = FieldSet(paths)
    wire = fields.to_fields_v1()
    read = FieldSet.from_fields_v1(wire)
    assert read == fields
    assert list(read.to_fields_v1()) == list(wire)


@settings(deadline=None)
@given(SETS, SETS)
def test_operations_are_those_of_sets(
    one: frozenset[tuple[str, ...]], two: frozenset[tuple[str, ...]]
) -> None:
    a, b = FieldSet(one), FieldSet(two)
    assert set(a.union(b)) == one | two
    assert set(a.intersection(b)) == one & two
    assert set(a.difference(b)) == one - two
    assert a.union(b) == b.union(a)
    assert a.intersection(b) == b.intersection(a)
    assert a.difference(b).union(a.intersection(b)) == a
    assert a.difference(b).intersection(b).empty


@settings(deadline=None)
@given(SETS, SETS, SETS)
def test_operations_distribute(
    one: frozenset[tuple[str, ...]],
    two: frozenset[tuple[str, ...]],
    three: frozenset[tuple[str, ...]],
) -> None:
    a, b, c = FieldSet(one), FieldSet(two), FieldSet(three)
    assert a.union(b).union(c) == a.union(b.union(c))
    assert a.intersection(b.union(c)) == a.intersection(b).union(a.intersection(c))
    assert a.difference(b.union(c)) == a.difference(b).difference(c)


@settings(deadline=None)
@given(SETS, SETS)
def test_without_drops_what_is_below_too(
    one: frozenset[tuple[str, ...]], two: frozenset[tuple[str, ...]]
) -> None:
    below = {
        path
        for path in one
        if any(path[:length] in two for length in range(1, len(path) + 1))
    }
    assert set(FieldSet(one).without(FieldSet(two))) == one - below
