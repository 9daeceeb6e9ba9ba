import pytest

from homeostat.api import (
    FieldSelector,
    LabelSelector,
    LabelSelectorRequirement,
    Selector,
)


@pytest.mark.parametrize(
    ("text", "labels", "matches"),
    [
        ("", {}, True),
        ("a", {"a": ""}, True),
        ("a", {}, False),
        ("!a", {}, True),
        ("!a", {"a": "b"}, False),
        ("a=b", {"a": "b"}, True),
        ("a==b", {"a": "c"}, False),
        ("a=", {"a": ""}, True),
        ("a=", {}, False),
        ("a!=b", {}, True),
        ("a!=b", {"a": "b"}, False),
        ("a in (b,c)", {"a": "c"}, True),
        ("a in (b,c)", {}, False),
        ("a in ()", {"a": ""}, True),
        ("a notin (b)", {}, True),
        ("a notin (b)", {"a": "b"}, False),
        ("a>5", {"a": "6"}, True),
        ("a>5", {"a": "5"}, False),
        ("a>5", {}, False),
        ("a<5", {"a": "-1"}, True),
        ("a<5", {"a": "x"}, False),
        ("a<5", {"a": "9223372036854775808"}, False),
        ("a=b,c!=d", {"a": "b", "c": "e"}, True),
        ("a=b,c!=d", {"a": "b", "c": "d"}, False),
    ],
)
def test_matches(text: str, labels: dict[str, str], *, matches: bool) -> None:
    assert Selector.parse(text).matches(labels) is matches


def test_the_json_form_selects_alike() -> None:
    form = LabelSelector(
        match_labels={"a": "b"},
        match_expressions=[
            LabelSelectorRequirement(key="c", operator="In", values=["x", "y"]),
            LabelSelectorRequirement(key="d", operator="DoesNotExist"),
        ],
    )
    selector = Selector.of(form)
    assert str(selector) == "a=b,c in (x,y),!d"
    assert selector == Selector.of({"matchLabels": {"a": "b"}, **_expressions(form)})
    assert selector.matches({"a": "b", "c": "x"})
    assert Selector.of({"a": "b"}) == Selector.parse("a=b")
    assert Selector.of({}).empty
    assert Selector.of(selector) is selector


def _expressions(form: LabelSelector) -> dict[str, object]:
    return {
        "matchExpressions": [
            {"key": term.key, "operator": term.operator, "values": term.values}
            for term in form.match_expressions
        ]
    }


def test_requires_tells_the_one_value_of_a_label() -> None:
    selector = Selector.parse("a=b,c in (x),d in (x,y),e!=f")
    assert [selector.requires(key) for key in "abcde"] == ["b", None, "x", None, None]


def test_what_was_written_is_read_back() -> None:
    text = "a,b=c,d in (e,f),g notin (h),i>1,k<2,m!=n,!o"
    assert str(Selector.parse(text)) == text
    assert Selector.parse(text) == Selector.parse(str(Selector.parse(text)))


def test_fields_match_by_lookup() -> None:
    selector = FieldSelector.parse("spec.nodeName!=b,metadata.name=a")
    assert selector.fields == ("metadata.name", "spec.nodeName")
    assert selector.requires("metadata.name") == "a"
    assert selector.requires("spec.nodeName") is None
    values = {"metadata.name": "a"}
    assert selector.matches(lambda field: values.get(field, ""))
    values["spec.nodeName"] = "b"
    assert not selector.matches(lambda field: values.get(field, ""))


def test_field_values_are_escaped() -> None:
    selector = FieldSelector.parse(r"a=x\,y\=z\\")
    assert selector.requires("a") == "x,y=z\\"
    assert FieldSelector.parse(str(selector)) == selector
    assert FieldSelector.parse("").empty
