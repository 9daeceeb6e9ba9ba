"""The traps of msgspec, one by one."""

import copy
import pickle
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from types import ModuleType
from typing import Any, ClassVar, Literal

import msgspec
import pytest

from homeostat.api import (
    Condition,
    CustomResource,
    Field,
    IntOrString,
    MicroTime,
    Model,
    ObjectMeta,
    Quantity,
    Spec,
    Status,
    Time,
    custom_resource,
    decode,
    encode,
    from_dict,
    to_dict,
)
from homeostat.errors import InvalidObjectError


class Part(Model):
    name: str
    weight: int = 1


class WidgetSpec(Spec):
    optional: str | None = None
    required: str  # after an optional one: keyword-only
    size: int = Field(default=1, ge=1, le=3)
    parts: list[Part] = []
    labels: dict[str, str] = {}
    pod_ips: list[str] = Field(default_factory=list, name="podIPs")
    pod_cidr: str = Field(default="", name="podCIDR")
    from_: str = ""
    limit: ClassVar[int] = 5


class Early(Model):
    """Speaks of a type that is made after it, in every way that there is."""

    known: ClassVar["Late | None"] = None
    listed: ClassVar["list[Late]"] = []
    quoted: "ClassVar[int]" = 3
    child: "Late | None" = None
    children: "list[Late]" = []
    checked: "int" = Field(default=1, ge=1, name="CHECKED")


class Late(Model):
    size: int = 2


class WidgetStatus(Status):
    nodes: list[str] = []


@custom_resource(group="example.com", version="v1")
class Widget(CustomResource[WidgetSpec, WidgetStatus]):
    """A widget."""


class GoStyle(Model, omit_empty=True):
    text: str = ""
    number: int = 0
    pointer: int | None = None
    flag: bool = False
    items: list[str] = []
    table: dict[str, str] = {}
    level: int = 3


def widget(**spec: Any) -> Widget:
    return Widget(metadata=ObjectMeta(name="w"), spec=WidgetSpec(required="x", **spec))


def test_positional_arguments_are_refused() -> None:
    with pytest.raises(TypeError):
        Part("a")  # type: ignore[call-arg]


def test_a_subclass_may_require_a_field_after_an_optional_one() -> None:
    class Sub(WidgetSpec):
        extra: int

    assert Sub(required="x", extra=1).extra == 1
    with pytest.raises(TypeError):
        Sub(required="x")  # type: ignore[call-arg]


def test_wire_names_are_exact() -> None:
    spec = to_dict(widget(pod_ips=["::1"], pod_cidr="c", from_="f"))["spec"]
    assert spec["podIPs"] == ["::1"]
    assert spec["podCIDR"] == "c"
    assert spec["from"] == "f"


def test_defaults_of_a_users_model_are_sent_and_none_is_not() -> None:
    spec = to_dict(widget())["spec"]
    assert spec["size"] == 1
    assert spec["parts"] == []
    assert "optional" not in spec


def test_built_in_types_follow_omitempty() -> None:
    assert to_dict(GoStyle()) == {"level": 3}
    assert to_dict(GoStyle(pointer=0, number=0)) == {"pointer": 0, "level": 3}
    assert to_dict(GoStyle(items=["a"], flag=True)) == {
        "items": ["a"],
        "flag": True,
        "level": 3,
    }


def test_defaults_are_each_objects_own() -> None:
    first, second = widget(), widget()
    first.spec.parts.append(Part(name="p"))
    first.status.nodes.append("n")
    first.metadata.labels["a"] = "b"
    assert second.spec.parts == []
    assert second.status.nodes == []
    assert second.metadata.labels == {}


def test_constraints_are_not_checked_on_reading() -> None:
    read = decode(Widget, b'{"metadata":{},"spec":{"required":"x","size":99}}')
    assert read.spec.size == 99


def test_unknown_fields_are_tolerated() -> None:
    data = b'{"metadata":{"new":1},"spec":{"required":"x","new":{}},"other":[]}'
    assert decode(Widget, data).spec.required == "x"


def test_an_object_without_status_or_kind_is_whole() -> None:
    read = decode(Widget, b'{"metadata":{"name":"w"},"spec":{"required":"x"}}')
    assert read.status == WidgetStatus()
    assert (read.api_version, read.kind) == ("example.com/v1", "Widget")


@pytest.mark.parametrize(
    "data",
    [
        b'{"metadata":{"labels":null,"name":"w"},"spec":{"required":"x"}}',
        b'{"metadata":{"name":"w"},"spec":{"required":"x","parts":null}}',
        b'{"metadata":{"name":"w"},"spec":{"required":"x","parts":[null]}}',
        b'{"metadata":{"name":"w"},"spec":{"required":"x","size":null},"status":null}',
    ],
)
def test_nulls_for_lists_and_maps_are_read_as_absent(data: bytes) -> None:
    assert decode(Widget, data) == widget()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            b'{"metadata":{"namespace":"d","name":"w"},"spec":{"required":1}}',
            "cannot read example.com/v1 Widget d/w: spec.required: expected `str`",
        ),
        (
            b'{"metadata":{"name":"w"},"spec":{"required":"x","parts":[{}]}}',
            "cannot read example.com/v1 Widget w: spec.parts[0]: object missing",
        ),
        (b'{"metadata":{"name":"w"}}', "Widget w: object missing required"),
        (
            b'{"metadata":{"creationTimestamp":"x"},"spec":{"required":"x"}}',
            "creationT",
        ),
        (b"[]", "Widget: expected `object`, got `array`"),
        (b"{", "cannot read example.com/v1 Widget: input data was truncated"),
        (b"\xff", "Widget"),
        (b"", "Widget"),
    ],
)
def test_what_does_not_fit_is_named(data: bytes, message: str) -> None:
    with pytest.raises(InvalidObjectError) as caught:
        decode(Widget, data)
    assert message in str(caught.value)


def test_dicts_are_read_and_repaired_like_bytes() -> None:
    wire = {"metadata": {"name": "w", "labels": None}, "spec": {"required": "x"}}
    assert from_dict(Widget, wire) == widget()
    with pytest.raises(InvalidObjectError, match=r"spec\.required"):
        from_dict(Widget, {"metadata": {}, "spec": {"required": []}})


def test_copies_lose_nothing() -> None:
    made = widget(parts=[Part(name="p")])
    made.set_condition("Ready", True, reason="Ok")
    assert copy.deepcopy(made) == made
    assert msgspec.structs.replace(made) == made
    assert pickle.loads(pickle.dumps(made)) == made
    assert decode(Widget, encode(made)) == made


@pytest.mark.parametrize(
    ("fields", "read"),
    [
        (b',"fieldsV1":{"f:spec":{"f:size":{}}}', {"f:spec": {"f:size": {}}}),
        (b',"fieldsV1":{}', {}),
        (b',"fieldsV1":null', None),
        (b"", None),
    ],
)
def test_managed_fields_are_read_when_they_are_looked_at(
    fields: bytes, read: object
) -> None:
    entry = b'{"manager":"m","time":"2024-01-01T10:00:00Z"%s}' % fields
    data = b'{"metadata":{"managedFields":[%s]},"spec":{"required":"x"}}' % entry
    made = decode(Widget, data)
    (found,) = made.metadata.managed_fields
    assert (found.manager, found.fields_v1) == ("m", read)
    wire = msgspec.json.decode(data)
    for again in (
        from_dict(Widget, wire),
        from_dict(Widget, to_dict(made)),
        decode(Widget, encode(made)),
        copy.deepcopy(made),
        pickle.loads(pickle.dumps(made)),
    ):
        assert again == made
        assert again.metadata.managed_fields[0].fields_v1 == read
    assert to_dict(made)["metadata"] == wire["metadata"]


def test_managed_fields_are_read_wherever_an_object_is() -> None:
    class Widgets(Model):
        items: list[Widget] = []

    entries: list[dict[str, Any]] = [{"fieldsV1": {"f:spec": {}}}]
    item = {"metadata": {"managedFields": entries}, "spec": {"required": "x"}}
    (found,) = from_dict(Widgets, {"items": [item]}).items
    assert found.metadata.managed_fields[0].fields_v1 == {"f:spec": {}}


def test_what_are_no_managed_fields_is_named() -> None:
    wrong: list[object] = [{}, "x", ["x"], [{"manager": 1}]]
    for entries in wrong:
        wire = {"metadata": {"managedFields": entries}, "spec": {"required": "x"}}
        with pytest.raises(InvalidObjectError, match=r"managedFields"):
            from_dict(Widget, wire)


class Amounts(Model):
    limits: dict[str, Quantity] = {}
    since: Time | None = None


def test_a_quantity_of_null_in_a_map_is_read_as_absent() -> None:
    read = decode(Amounts, b'{"limits":{"cpu":null,"memory":"1Gi"}}')
    assert read == Amounts(limits={"memory": Quantity("1Gi")})


@pytest.mark.parametrize("value", [True, [1], {"a": 1}, "x"])
def test_what_is_no_quantity_is_named(value: object) -> None:
    # One equals true: what is remembered of the first is nothing for the second.
    assert decode(Amounts, b'{"limits":{"cpu":1}}').limits == {"cpu": Quantity(1)}
    wire = {"limits": {"cpu": value}}
    with pytest.raises(InvalidObjectError, match=r"^cannot read Amounts: limits"):
        decode(Amounts, encode(wire))
    with pytest.raises(InvalidObjectError, match=r"^cannot read Amounts: limits"):
        from_dict(Amounts, wire)


def test_what_is_no_time_is_named() -> None:
    for value in (1, True, [1], {"a": 1}, "x", "2024-01-01T10:00:00"):
        with pytest.raises(InvalidObjectError, match=r"^cannot read Amounts: since: "):
            decode(Amounts, encode({"since": value}))


def test_times_have_the_digits_that_go_wants() -> None:
    class Times(Model):
        whole: Time
        micro: MicroTime
        amount: Quantity

    moment = datetime(2024, 1, 1, 10, 0, 0, 999, tzinfo=UTC)
    made = Times(
        whole=Time.of(moment),
        micro=MicroTime.of(moment.replace(microsecond=0)),
        amount=Quantity("0.5"),
    )
    wire = to_dict(made)
    assert wire == {
        "whole": "2024-01-01T10:00:00Z",
        "micro": "2024-01-01T10:00:00.000000Z",
        "amount": "500m",
    }
    assert from_dict(Times, wire) == made


def test_a_field_needs_an_annotation() -> None:
    with pytest.raises(TypeError, match="has no annotation"):

        class Wrong(Model):
            size = Field(default=1)


def test_msgspec_fields_are_refused() -> None:
    with pytest.raises(TypeError, match="use homeostat's Field"):

        class Wrong(Model):
            size: int = msgspec.field(default=1)


def test_int_or_string_reads_both_forms() -> None:
    class Ports(Model):
        port: IntOrString
        surge: IntOrString | None = None

    assert from_dict(Ports, {"port": 80}).port == 80
    assert from_dict(Ports, {"port": "http", "surge": "25%"}).surge == "25%"
    assert to_dict(Ports(port="http")) == {"port": "http"}


def test_a_value_outside_its_enum_is_named() -> None:
    class Painted(Model):
        color: Literal["red", "blue"] = "red"

    with pytest.raises(InvalidObjectError, match="Painted: color: invalid enum value"):
        decode(Painted, b'{"color":"green"}')


def test_a_deeply_nested_document_is_an_invalid_object() -> None:
    with pytest.raises(InvalidObjectError):
        decode(Widget, b'{"a":' * 100_000)


def test_an_object_without_a_kind_says_what_to_do() -> None:
    class Plain(CustomResource[WidgetSpec, WidgetStatus]):
        """Never decorated."""

    with pytest.raises(TypeError, match="decorate it with @custom_resource"):
        Plain(spec=WidgetSpec(required="x"))


def test_a_condition_of_another_tool_is_read() -> None:
    assert from_dict(Condition, {"type": "A", "status": "True"}).reason == ""


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (lambda: Field(default=0, ge=1), "default=0 breaks ge=1"),
        (lambda: Field(default=1, gt=1), "default=1 breaks gt=1"),
        (lambda: Field(default=11, le=10), "default=11 breaks le=10"),
        (lambda: Field(default=10, lt=10), "default=10 breaks lt=10"),
        (lambda: Field(default=0.5, ge=1), "default=0.5 breaks ge=1"),
        (lambda: Field(default=7, multiple_of=5), "default=7 breaks multiple_of=5"),
        (lambda: Field(default="", min_length=1), "default='' breaks min_length=1"),
        (lambda: Field(default="ab", max_length=1), "breaks max_length=1"),
        (lambda: Field(default=[], min_items=1), r"default=\[\] breaks min_items=1"),
        (lambda: Field(default=[1, 2], max_items=1), "breaks max_items=1"),
        (lambda: Field(default={}, min_properties=1), "breaks min_properties=1"),
        (lambda: Field(default="z", enum=["a"]), r"is not one of enum=\['a'\]"),
    ],
)
def test_default_that_breaks_its_own_constraints_is_refused_with_its_field(
    field: Callable[[], Any], message: str
) -> None:
    with pytest.raises(ValueError, match=rf"^Limited\.size: .*{message}"):

        class Limited(Model):
            size: Any = field()


class Color(Enum):
    RED = "red"


def test_default_at_its_limit_is_taken() -> None:
    class Edge(Model):
        low: int = Field(default=1, ge=1, le=1, multiple_of=1)
        above: float = Field(default=1.5, gt=1, lt=2, multiple_of=0.5)
        text: str = Field(default="a", min_length=1, max_length=1, pattern="b")
        items: list[int] = Field(default=[1], min_items=1, max_items=1)
        chosen: Color = Field(default=Color.RED, enum=[Color.RED])
        flag: bool = Field(default=False, ge=1)
        nothing: int | None = Field(default=None, ge=1)

    assert Edge().low == 1


def test_types_may_be_named_before_they_are_made() -> None:
    early = Early(child=Late(size=1), children=[Late()])
    wire = b'{"child":{"size":1},"children":[{"size":2}],"CHECKED":1}'
    assert msgspec.json.encode(early) == wire
    assert msgspec.json.decode(wire, type=Early) == early
    assert Early.__struct_fields__ == ("child", "children", "checked")


@pytest.mark.skipif(sys.version_info < (3, 14), reason="annotations are lazy from 3.14")
def test_types_may_be_named_without_quotes_where_python_can() -> None:
    module = ModuleType("lazy")
    sys.modules["lazy"] = module
    try:
        exec(LAZY, module.__dict__)
        early, late = module.Early, module.Late
        wire = b'{"child":{"size":1},"children":[{"size":2}],"CHECKED":1}'
        found = msgspec.json.decode(wire, type=early)
        assert found == early(child=late(size=1), children=[late()])
        assert early.known is None
        with pytest.raises(TypeError, match="has no annotation"):
            exec("class Bare(Model):\n    size = Field(default=1)", module.__dict__)
    finally:
        del sys.modules["lazy"]


LAZY = """
from typing import ClassVar
from homeostat.api import Field, Model

class Early(Model):
    known: ClassVar[Late | None] = None
    child: Late | None = None
    children: list[Late] = []
    checked: int = Field(default=1, ge=1, name="CHECKED")

class Late(Model):
    size: int = 2
"""
