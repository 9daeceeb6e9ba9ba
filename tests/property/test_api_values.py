"""Laws of quantities, selectors, the typed view and its overlay."""

import json
from contextlib import suppress
from fractions import Fraction
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from homeostat._yaml import YamlError, dump_all, load_all
from homeostat.api import (
    FieldRequirement,
    FieldSelector,
    Model,
    Quantity,
    Requirement,
    Selector,
    from_dict,
    overlay,
    to_dict,
)

SUFFIXES = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "": Fraction(1),
    "k": Fraction(1000),
    "M": Fraction(10**6),
    "Ki": Fraction(1024),
    "Mi": Fraction(1024**2),
    "Gi": Fraction(1024**3),
    "e3": Fraction(1000),
    "e-3": Fraction(1, 1000),
}
QUANTITIES = st.tuples(st.integers(-(10**9), 10**9), st.sampled_from(sorted(SUFFIXES)))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)
LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "1", "x"]))


def value(quantity: Quantity) -> Fraction:
    return Fraction(quantity.to_decimal())


@given(QUANTITIES)
def test_a_quantity_is_exact_and_its_text_means_itself(parts: tuple[int, str]) -> None:
    number, suffix = parts
    quantity = Quantity(f"{number}{suffix}")
    assert value(quantity) == number * SUFFIXES[suffix]
    assert Quantity(str(quantity)) == quantity


@given(QUANTITIES, QUANTITIES)
def test_quantities_compute_as_numbers(
    left: tuple[int, str], right: tuple[int, str]
) -> None:
    a, b = (Quantity(f"{number}{suffix}") for number, suffix in (left, right))
    assert value(a + b) == value(a) + value(b)
    assert value(a - b) == value(a) - value(b)
    assert (a < b) == (value(a) < value(b))
    assert (a == b) == (value(a) == value(b))
    assert (hash(a) == hash(b)) or a != b


TERMS = st.one_of(
    st.builds(
        Requirement,
        st.sampled_from("abc"),
        st.sampled_from(["=", "==", "!="]),
        st.tuples(st.sampled_from(["", "1", "x"])),
    ),
    st.builds(Requirement, st.sampled_from("abc"), st.sampled_from(["exists", "!"])),
    st.builds(
        Requirement,
        st.sampled_from("abc"),
        st.sampled_from(["gt", "lt"]),
        st.tuples(st.sampled_from(["0", "1"])),
    ),
    st.builds(
        Requirement,
        st.sampled_from("abc"),
        st.sampled_from(["in", "notin"]),
        st.sets(st.sampled_from(["", "1", "x"]), min_size=1).map(
            lambda values: tuple(sorted(values))
        ),
    ),
)


@given(st.lists(TERMS, max_size=4), LABELS)
def test_a_selector_that_was_written_selects_the_same(
    terms: list[Requirement], labels: dict[str, str]
) -> None:
    selector = Selector(tuple(sorted(terms, key=lambda term: term.key)))
    assert Selector.parse(str(selector)) == selector
    expected = all(term.matches(labels) for term in terms)
    assert Selector.parse(str(selector)).matches(labels) == expected


@example("=>,==a")
@given(st.text(alphabet="ab=!,()<> in\0\\", max_size=12))
def test_parsing_a_selector_ends_with_a_selector_or_a_message(text: str) -> None:
    for parse in (Selector.parse, FieldSelector.parse):
        try:
            parsed: Any = parse(text)
        except ValueError:
            continue
        again: Any = parse(str(parsed))
        # In another order, maybe: Go sorts fields as they are written, "==" as well.
        assert set(again.requirements) == set(parsed.requirements)


@given(st.text(max_size=8), st.sampled_from(["=", "!="]))
def test_any_value_survives_a_field_selector(text: str, operator: str) -> None:
    selector = FieldSelector((FieldRequirement("metadata.name", operator, text),))
    assert FieldSelector.parse(str(selector)) == selector


class Item(Model):
    name: str = ""
    size: int = 0


class View(Model):
    title: str = ""
    items: list[Item] = []
    item: Item | None = None


ITEMS = st.fixed_dictionaries(
    {"name": st.sampled_from("abc")},
    optional={"size": st.integers(0, 2), "unknown": JSON},
)
BASES = st.fixed_dictionaries(
    {},
    optional={
        "title": st.text(max_size=2),
        "items": st.lists(ITEMS, max_size=4),
        "item": ITEMS,
        "unknown": JSON,
    },
)


@given(BASES)
def test_an_untouched_view_changes_nothing(base: dict[str, Any]) -> None:
    view = to_dict(from_dict(View, base))
    assert overlay(base, view, view) == base


@given(BASES, BASES)
def test_a_changed_view_is_what_is_read_back(
    base: dict[str, Any], other: dict[str, Any]
) -> None:
    before = to_dict(from_dict(View, base))
    after = to_dict(from_dict(View, other))
    result = overlay(base, before, after)
    assert to_dict(from_dict(View, result)) == after
    if "unknown" in base:
        assert result["unknown"] == base["unknown"]


@given(JSON)
def test_yaml_says_the_same_as_json(document: Any) -> None:
    text = dump_all([document])
    read = load_all(text)
    assert json.dumps(read) == json.dumps([] if document is None else [document])


@given(st.text(alphabet="a:-[]{}&*!|>'\"\n 1.,#", max_size=30))
def test_yaml_ends_with_documents_or_a_message(text: str) -> None:
    with suppress(YamlError):
        json.dumps(load_all(text), allow_nan=False)
