"""/scale: autoscaling/v1 Scale of whatever has replicas."""

import json
from typing import Any

import pytest

from tests.harness.objects import deployment, managed, rejection
from tests.harness.server import Server


@pytest.fixture
async def d(server: Server) -> Any:
    """A Deployment of the name d with two replicas."""
    body = deployment("d", replicas=2)
    return (await server.post(server.apps("deployments"), body)).ok(201)


@pytest.fixture
def path(server: Server) -> str:
    """The path of its scale."""
    return server.apps("deployments/d/scale")


def _scale(replicas: int, **metadata: Any) -> Any:
    return {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": "d", **metadata},
        "spec": {"replicas": replicas},
    }


async def test_scale_is_read(server: Server, d: Any, path: str) -> None:
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    assert (await server.get(path)).ok() == {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: d["metadata"][name] for name in kept},
        "spec": {"replicas": 2},
        "status": {"replicas": 0, "selector": "app=web"},
    }


async def test_status_of_scale_follows(server: Server, d: Any, path: str) -> None:
    assert d
    patch = {"status": {"replicas": 5}}
    await server.merge(server.apps("deployments/d/status"), patch)
    assert (await server.get(path)).ok()["status"]["replicas"] == 5


async def test_update_scales(server: Server, d: Any, path: str) -> None:
    assert d
    assert (await server.put(path, _scale(4))).ok()["spec"] == {"replicas": 4}
    item = (await server.get(server.apps("deployments/d"))).ok()
    assert item["spec"]["replicas"] == 4


async def test_scale_that_is_written_has_the_new_version(
    server: Server, d: Any, path: str
) -> None:
    scaled = (await server.put(path, _scale(4))).ok()["metadata"]["resourceVersion"]
    item = (await server.get(server.apps("deployments/d"))).ok()["metadata"]
    assert int(d["metadata"]["resourceVersion"]) < int(scaled)
    # The status may have moved it on.
    assert int(scaled) <= int(item["resourceVersion"])


async def test_merge_patch_scales(server: Server, d: Any, path: str) -> None:
    assert d
    answer = await server.merge(path, {"spec": {"replicas": 3}})
    assert answer.ok()["spec"] == {"replicas": 3}


async def test_json_patch_scales(server: Server, d: Any, path: str) -> None:
    assert d
    operations = [{"op": "replace", "path": "/spec/replicas", "value": 3}]
    answer = await server.json_patch(path, operations)
    assert answer.ok()["spec"] == {"replicas": 3}


async def test_apply_scales(server: Server, d: Any, path: str) -> None:
    assert d
    answer = await server.apply(path, _scale(3), force=True)
    assert answer.ok()["spec"] == {"replicas": 3}


async def test_update_without_kind_scales(server: Server, d: Any, path: str) -> None:
    assert d
    body = {"metadata": {"name": "d"}, "spec": {"replicas": 3}}
    answer = await server.put(path, json.dumps(body), media=None)
    assert answer.ok()["spec"] == {"replicas": 3}


async def test_zero_replicas_are_left_out(server: Server, d: Any, path: str) -> None:
    assert d
    assert (await server.merge(path, {"spec": {"replicas": 0}})).ok()["spec"] == {}


async def test_no_replicas_are_zero(server: Server, d: Any, path: str) -> None:
    assert d
    (await server.put(path, {"metadata": {"name": "d"}})).ok()
    item = (await server.get(server.apps("deployments/d"))).ok()
    assert item["spec"]["replicas"] == 0


async def test_scale_is_owned_under_the_subresource(
    server: Server, d: Any, path: str
) -> None:
    assert d
    await server.merge(path, {"spec": {"replicas": 3}}, fieldManager="s")
    item = (await server.get(server.apps("deployments/d"))).ok()
    entry = next(e for e in item["metadata"]["managedFields"] if e["manager"] == "s")
    assert (entry["operation"], entry["subresource"]) == ("Update", "scale")
    assert entry["apiVersion"] == "apps/v1"
    assert entry["fieldsV1"] == {"f:spec": {"f:replicas": {}}}


async def test_scale_takes_the_field_from_its_owner(server: Server) -> None:
    path = server.apps("deployments/d")
    (await server.apply(path, deployment("d", replicas=2), "m")).ok(201)
    await server.merge(f"{path}/scale", {"spec": {"replicas": 3}}, fieldManager="s")
    answer = await server.apply(path, deployment("d", replicas=4), "m")
    details = answer.refused(409, "Conflict")
    assert rejection(details) == [("FieldManagerConflict", ".spec.replicas")]


async def test_negative_scale_is_invalid(server: Server, d: Any, path: str) -> None:
    assert d
    details = (await server.merge(path, {"spec": {"replicas": -4}})).refused(
        422,
        "Invalid",
        'Scale.autoscaling "d" is invalid: spec.replicas: Invalid value: -4: must be'
        " greater than or equal to 0",
    )
    assert (details["group"], details["kind"]) == ("autoscaling", "Scale")


async def test_stale_scale_is_a_conflict(server: Server, d: Any, path: str) -> None:
    assert d
    details = (await server.put(path, _scale(3, resourceVersion="1"))).refused(
        409, "Conflict"
    )
    assert details == {"name": "d", "group": "apps", "kind": "deployments"}


async def test_scale_of_another_name_is_bad(server: Server, d: Any, path: str) -> None:
    assert d
    answer = await server.put(path, _scale(3, name="zz"))
    answer.refused(
        400,
        "BadRequest",
        "the name of the object (zz) does not match the name on the URL (d)",
    )


async def test_scale_of_another_kind_is_bad(server: Server, d: Any, path: str) -> None:
    assert d
    (await server.put(path, deployment("d"))).refused(400, "BadRequest")


async def test_replicas_must_be_a_number(server: Server, d: Any, path: str) -> None:
    assert d
    answer = await server.merge(path, {"spec": {"replicas": "4"}})
    assert rejection(answer.refused(422, "Invalid")) == [("FieldValueInvalid", "patch")]


async def test_scale_of_nothing_is_not_found(server: Server) -> None:
    answer = await server.put(server.apps("deployments/no/scale"), _scale(3, name="no"))
    answer.refused(404, "NotFound", 'deployments.apps "no" not found')


@pytest.mark.usefixtures("d")
async def test_nobody_owns_that_there_shall_be_none(server: Server, path: str) -> None:
    (await server.merge(path, {"spec": {"replicas": 0}}, fieldManager="scaler")).ok()
    item = (await server.get(server.apps("deployments/d"))).ok()
    assert item["spec"]["replicas"] == 0
    (owned,) = managed(item).values()
    assert "f:replicas" not in owned["f:spec"]


def _owners(item: Any) -> list[tuple[str, str, bool, list[str]]]:
    """Return who owns what of the spec: manager, subresource, with a time, fields."""
    return [
        (
            entry["manager"],
            entry.get("subresource", ""),
            "time" in entry,
            sorted(entry["fieldsV1"].get("f:spec", {})),
        )
        for entry in item["metadata"]["managedFields"]
    ]


async def test_replicas_part_from_what_else_their_owner_has(server: Server) -> None:
    path = server.apps("deployments")
    made = (await server.post(path, deployment("d", replicas=2))).ok(201)
    [(manager, _, _, fields)] = _owners(made)
    rest = [name for name in fields if name != "f:replicas"]
    # Nothing changes, but the record comes back from the scale without the time.
    (await server.merge(f"{path}/d/scale", {"spec": {"replicas": 2}})).ok()
    item = (await server.get(f"{path}/d")).ok()
    parted = [(manager, "", False, ["f:replicas"]), (manager, "", True, rest)]
    assert _owners(item) == parted
    # Of two that nothing else tells apart the server knows but the last, and so a write
    # of nothing is one.
    item = (await server.merge(f"{path}/d", {})).ok()
    assert _owners(item) == [(manager, "", True, rest)]


async def test_applied_replicas_stay_with_their_owner(server: Server) -> None:
    path = server.apps("deployments/d")
    made = (await server.apply(path, deployment("d", replicas=2), "m")).ok(201)
    (await server.merge(f"{path}/scale", {"spec": {"replicas": 2}})).ok()
    assert (await server.get(path)).ok() == made
