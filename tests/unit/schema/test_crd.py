"""A definition with everything in it; the real server established the golden file."""

from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest

from homeostat._yaml import dump_all, load_all
from homeostat.api import (
    CustomResource,
    Field,
    IntOrString,
    Model,
    Object,
    ObjectMeta,
    PrinterColumn,
    Quantity,
    Scale,
    Spec,
    Status,
    Time,
    ValidationRule,
    custom_resource,
)
from homeostat.schema import check_structural, crd_for

GOLDEN = Path(__file__).with_name("golden_crd.yaml")


class Color(str, Enum):  # noqa: UP042 - StrEnum must not be the only way
    RED = "Red"
    BLUE = "Blue"


class Port(Model):
    """A port."""

    name: str = Field(min_length=1, max_length=15, pattern="^[a-z]+$")
    number: int = Field(ge=1, le=65535)
    protocol: Literal["TCP", "UDP"] = "TCP"


class Tmpl(Model):
    replicas: int = 2
    labels: dict[str, str] = {}


class RichSpec(Spec):
    """What should be."""

    __rules__ = (
        ValidationRule("self.size <= 10 || self.color == 'Red'", message="too large"),
    )
    size: int = Field(default=1, ge=0, le=100, description="How many.")
    ratio: float | None = Field(default=None, gt=0, lt=1)
    step: int = Field(default=5, multiple_of=5)
    color: Color = Color.RED
    mode: Literal["a", "b"] | None = None
    ports: list[Port] = Field(
        default_factory=list, list_type="map", list_map_keys=["name"], max_items=10
    )
    tags: list[Annotated[str, Field(max_length=20)]] = Field(
        default_factory=list, list_type="set", max_items=9
    )
    args: list[str] = Field(default=["sleep", "3600"], list_type="atomic")
    surge: IntOrString = "25%"
    cpu: Quantity | None = None
    limits: dict[str, Quantity] = {}
    when: datetime | None = None
    at: Time | None = None
    free: dict[str, Any] = {}
    anything: Any = None
    blob: bytes | None = None
    template: Tmpl = Field(default_factory=Tmpl)
    obj: dict[str, Any] | None = Field(default=None, embedded=True)
    cm: Object | None = None
    nul: str | None = Field(default=None, nullable=True)
    conf: dict[str, str] = Field(
        default_factory=dict, map_type="atomic", max_properties=3
    )
    immut: str = Field(default="x", rules=[ValidationRule("self == oldSelf")])
    ids: set[int] = set()
    meta: ObjectMeta | None = None
    pod_ips: list[str] = Field(default_factory=list, name="podIPs")


class RichStatus(Status):
    replicas: int = 0
    selector: str = ""
    nodes: list[str] = []


@custom_resource(
    group="rich.k8s.io",
    version="v1",
    short_names=["ri"],
    categories=["all"],
    printer_columns=[
        PrinterColumn("Size", ".spec.size", "integer"),
        PrinterColumn(
            "Age", ".metadata.creationTimestamp", "date", priority=1, description="x"
        ),
    ],
    scale=Scale(
        spec_replicas_path=".spec.size", label_selector_path=".status.selector"
    ),
    annotations={"api-approved.kubernetes.io": "unapproved, experimental"},
    labels={"a": "b"},
    selectable_fields=[".spec.color"],
    deprecation_warning="old",
)
class Rich(CustomResource[RichSpec, RichStatus]):
    """A rich resource."""


def _spec(field: Any, **values: Any) -> Any:
    """Return the schema of a spec with one field ``x`` of a type."""
    namespace = {"__annotations__": {"x": field}, "__module__": __name__} | values
    make: Any = type(Spec)
    spec = make("S", (Spec,), namespace)

    @custom_resource(group="example.com", version="v1")
    class Made(CustomResource[spec, Status]):  # type: ignore[valid-type]  # made here
        pass

    (version,) = crd_for(Made)["spec"]["versions"]
    return version["schema"]["openAPIV3Schema"]["properties"]["spec"]


def test_the_rich_definition_is_the_golden_one() -> None:
    assert load_all(dump_all([crd_for(Rich)])) == load_all(GOLDEN.read_text())


def test_the_rich_schema_is_structural() -> None:
    (version,) = crd_for(Rich)["spec"]["versions"]
    assert check_structural(version["schema"]["openAPIV3Schema"], "") == []


@pytest.mark.parametrize(
    ("type_", "schema"),
    [
        (str, {"type": "string"}),
        (bool, {"type": "boolean"}),
        (int, {"type": "integer", "format": "int64"}),
        (float, {"type": "number", "format": "double"}),
        (int | float, {"type": "number", "format": "double"}),
        (bytes, {"type": "string", "format": "byte"}),
        (datetime, {"type": "string", "format": "date-time"}),
        (int | str, {"x-kubernetes-int-or-string": True}),
        (IntOrString, {"x-kubernetes-int-or-string": True}),
        (Any, {"x-kubernetes-preserve-unknown-fields": True}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Literal[1, 2], {"type": "integer", "enum": [1, 2]}),
        (list[str], {"type": "array", "items": {"type": "string"}}),
        (tuple[str, ...], {"type": "array", "items": {"type": "string"}}),
        (
            dict[str, bool],
            {"type": "object", "additionalProperties": {"type": "boolean"}},
        ),
    ],
)
def test_types_have_schemas(type_: Any, schema: Any) -> None:
    assert _spec(type_)["properties"]["x"] == schema
    assert _spec(type_ | None, x=None)["properties"]["x"] == schema


def test_what_has_no_default_is_required() -> None:
    assert _spec(int)["required"] == ["x"]
    assert "required" not in _spec(int, x=1)


def test_an_optional_without_default_is_required_and_nullable() -> None:
    spec = _spec(int | None)
    assert spec["required"] == ["x"]
    assert spec["properties"]["x"]["nullable"] is True


def test_a_spec_of_defaults_is_optional_and_filled_in() -> None:
    assert _spec(int, x=3)["default"] == {"x": 3}
    assert "default" not in _spec(int)


def test_conditions_are_a_list_map_by_type() -> None:
    (version,) = crd_for(Rich)["spec"]["versions"]
    status = version["schema"]["openAPIV3Schema"]["properties"]["status"]
    conditions = status["properties"]["conditions"]
    assert conditions["x-kubernetes-list-type"] == "map"
    assert conditions["x-kubernetes-list-map-keys"] == ["type"]
    assert "default" not in status["properties"]["replicas"]


class OptionalKey(Model):
    name: str | None = None


class Tree(Model):
    children: "list[Tree]" = []


@pytest.mark.parametrize(
    ("type_", "values", "message"),
    [
        (Tree, {}, "contains itself"),
        (Annotated[int, Field(default=1)], {}, "constraints alone"),
        (Annotated[int, msgspec.Meta(ge=1)], {}, "stored objects unreadable"),
        (complex, {}, r"S\.x: no structural schema"),
        (int | bool, {}, r"S\.x: a structural schema has no unions"),
        (dict[int, str], {}, r"S\.x: the keys of a map are texts"),
        (tuple[int, str], {}, "tuple"),
        (Literal["a", 1], {}, "of one type"),
        (list[str], {"x": Field(pattern="a")}, "pattern is for type string.*items"),
        (str, {"x": Field(ge=1)}, "minimum is for type integer, not string"),
        (
            Annotated[int, Field(le=10)],
            {"x": 11},
            r"S\.x: the default does not fit: Invalid value: 11: .* or equal to 10",
        ),
        (Literal["a"], {"x": "z"}, 'does not fit: Unsupported value: "z"'),
        (str, {"x": Field(default="Z", pattern="^[a-z]$")}, "should match"),
        (
            list[Annotated[str, Field(max_length=1)]],
            {"x": Field(default_factory=lambda: ["ab"])},
            "Too long",
        ),
        (
            list[Tmpl],
            {"x": Field(list_type="map", list_map_keys=["nope"])},
            "list_map_keys names 'nope'",
        ),
        (
            list[OptionalKey],
            {"x": Field(list_type="map", list_map_keys=["name"])},
            "must be required or have a default",
        ),
    ],
)
def test_what_the_server_would_refuse_is_refused_in_plain_words(
    type_: Any, values: Any, message: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        _spec(type_, **values)


def test_a_scale_path_must_lead_to_a_field() -> None:
    @custom_resource(group="example.com", version="v1", scale=Scale())
    class Wrong(CustomResource[RichSpec, RichStatus]):
        pass

    with pytest.raises(
        ValueError, match=r"scale path \.spec\.replicas leads to no field"
    ):
        crd_for(Wrong)


def test_an_undecorated_class_has_no_definition() -> None:
    class Plain(CustomResource[RichSpec, RichStatus]):
        pass

    with pytest.raises(TypeError, match="not decorated"):
        crd_for(Plain)


def test_cluster_scope_and_no_status() -> None:
    @custom_resource(group="example.com", version="v1", scope="Cluster", status=False)
    class Wide(CustomResource[RichSpec, RichStatus]):
        pass

    spec = crd_for(Wide)["spec"]
    assert spec["scope"] == "Cluster"
    assert "subresources" not in spec["versions"][0]
    assert spec["names"]["plural"] == "wides"
