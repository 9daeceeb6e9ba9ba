from typing import Any

from homeostat.api import Schema
from homeostat.schema import apply_defaults

PORT = Schema(
    "object",
    properties={
        "protocol": Schema("string", default="TCP"),
        "name": Schema("string", nullable=True, default="n"),
    },
)
SCHEMA = Schema(
    "object",
    properties={
        "ports": Schema("array", items=PORT),
        "named": Schema("object", additional=PORT),
        "made": Schema("object", default={}, properties={"port": PORT}),
        "deep": Schema("object", default={"port": {}}, properties={"port": PORT}),
        "absent": Schema("object", properties={"port": PORT}),
        "nothing": Schema("string", default=None),
    },
)


def defaulted(value: dict[str, Any]) -> dict[str, Any]:
    apply_defaults(value, SCHEMA)
    return value


def test_defaults_reach_into_what_is_there_or_was_just_made() -> None:
    assert defaulted({"ports": [{}], "named": {"x": {"protocol": "UDP"}}}) == {
        "ports": [{"protocol": "TCP", "name": "n"}],
        "named": {"x": {"protocol": "UDP", "name": "n"}},
        "made": {},
        "deep": {"port": {"protocol": "TCP", "name": "n"}},
    }


def test_absent_parents_stay_absent() -> None:
    assert "absent" not in defaulted({})


def test_null_is_replaced_unless_it_is_allowed() -> None:
    value = defaulted({"ports": [{"protocol": None, "name": None}]})
    assert value["ports"] == [{"protocol": "TCP", "name": None}]


def test_two_objects_never_share_a_default() -> None:
    one, two = defaulted({}), defaulted({})
    one["deep"]["port"]["protocol"] = "UDP"
    assert two["deep"]["port"]["protocol"] == "TCP"
    assert SCHEMA.properties["deep"].default == {"port": {}}


def test_recursive_schema_ends_with_the_value() -> None:
    node = Schema("object")
    node.properties = {"child": node, "size": Schema("integer", default=1)}
    value: dict[str, Any] = {"child": {"child": {}}}
    apply_defaults(value, node)
    assert value == {"size": 1, "child": {"size": 1, "child": {"size": 1}}}
