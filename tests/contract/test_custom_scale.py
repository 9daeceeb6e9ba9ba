"""The scale of custom resources: where their replicas are, and what must fit."""

from typing import Any

import pytest

from tests.harness.server import Server
from tests.harness.widgets import GROUP, widget


async def test_scale_without_replicas_is_an_error(
    server: Server, widgets: str, w: Any
) -> None:
    assert w
    (await server.get(f"{widgets}/w/scale")).refused(
        500,
        "InternalError",
        'Internal error occurred: the spec replicas field ".spec.replicas" does not'
        " exist",
    )


async def test_scale_without_replicas_is_not_patched_to_nothing(
    server: Server, widgets: str, w: Any
) -> None:
    assert w
    text = 'the spec replicas field ".spec.replicas" cannot be empty'
    answer = await server.merge(f"{widgets}/w/scale", {"spec": {}})
    answer.refused(400, "BadRequest", text)
    (await server.merge(f"{widgets}/w/scale", {"spec": {"replicas": None}})).ok()


async def test_scale_of_what_has_no_fields(server: Server, widgets: str) -> None:
    answer = await server.post(widgets, {**widget("a"), "spec": [None]})
    causes = answer.refused(422, "Invalid")["causes"]
    found = {each["field"]: each["message"] for each in causes}
    wrong = "[<nil>] is of the type []interface {}, expected map[string]interface{}"
    text = f"Invalid value: 0: .spec.replicas accessor error: {wrong}"
    assert (set(found), found[".spec.replicas"]) == ({"spec", ".spec.replicas"}, text)


async def test_scale_follows_the_paths(server: Server, widgets: str, w: Any) -> None:
    assert w
    status = {"replicas": 3, "selector": "x=y"}
    await server.merge(f"{widgets}/w/status", {"status": status})
    item = (await server.merge(f"{widgets}/w/scale", {"spec": {"replicas": 5}})).ok()
    assert (item["kind"], item["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert (item["spec"], item["status"]) == ({"replicas": 5}, status)
    assert (await server.get(f"{widgets}/w")).ok()["spec"]["replicas"] == 5


async def test_scale_counts_in_the_generation(
    server: Server, widgets: str, w: Any
) -> None:
    assert w
    await server.merge(f"{widgets}/w/scale", {"spec": {"replicas": 5}})
    assert (await server.get(f"{widgets}/w")).ok()["metadata"]["generation"] == 2


async def test_negative_scale_is_invalid(server: Server, widgets: str, w: Any) -> None:
    assert w
    answer = await server.merge(f"{widgets}/w/scale", {"spec": {"replicas": -5}})
    answer.refused(
        422,
        "Invalid",
        f'Widget.{GROUP} "w" is invalid: .spec.replicas: Invalid value: -5: should be'
        " a non-negative integer",
    )


@pytest.mark.parametrize(
    ("where", "value", "text"),
    [
        ("spec", -1, "-1: should be a non-negative integer"),
        ("status", -1, "-1: should be a non-negative integer"),
        ("status", 1 << 31, "2147483648: should be less than or equal to 2147483647"),
    ],
)
async def test_replicas_must_fit_a_scale(
    server: Server, widgets: str, w: Any, where: str, value: int, text: str
) -> None:
    assert w
    item = f"{widgets}/w/status" if where == "status" else f"{widgets}/w"
    answer = await server.merge(item, {where: {"replicas": value}})
    details = answer.refused(422, "Invalid")
    assert [(c["field"], c["message"]) for c in details["causes"]] == [
        (f".{where}.replicas", f"Invalid value: {text}")
    ]


async def test_scale_needs_numbers_and_texts(
    server: Server, widgets: str, w: Any
) -> None:
    assert w
    patch = {"status": {"replicas": "x", "selector": 1}}
    details = (await server.merge(f"{widgets}/w/status", patch)).refused(422, "Invalid")
    causes = [
        (c["field"], c["message"])
        for c in details["causes"]
        if c["field"].startswith(".")
    ]
    assert causes == [
        (
            ".status.replicas",
            (
                "Invalid value: 0: .status.replicas accessor error: x is of the type "
                "string, expected int64"
            ),
        ),
        (
            ".status.selector",
            (
                'Invalid value: "": .status.selector accessor error: 1 is of the type '
                "int64, expected string"
            ),
        ),
    ]
