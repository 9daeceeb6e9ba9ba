"""PATCH with application/strategic-merge-patch+json."""

from typing import Any

import pytest

from tests.harness.objects import config_map, deployment, rejection
from tests.harness.server import STRATEGIC, Answer, Server

Json = dict[str, Any]


async def patch(server: Server, path: str, body: object, **query: Any) -> Answer:
    """Send a strategic merge patch."""
    return await server.request("PATCH", path, body, media=STRATEGIC, **query)


def pods(**spec: Any) -> Json:
    """Return a patch of what a Deployment's pods are."""
    return {"spec": {"template": {"spec": spec}}}


def key_order(*names: str) -> list[Json]:
    """Return items that have nothing but a name."""
    return [{"name": name} for name in names]


@pytest.fixture
async def d(server: Server) -> str:
    """The path of a Deployment with lists of every kind."""
    body = deployment("d")
    body["spec"]["template"]["spec"] = {
        "containers": [
            {
                "name": "a",
                "image": "a:1",
                "args": ["x", "y"],
                "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
                "ports": [{"containerPort": 53, "protocol": "UDP"}],
            },
            {"name": "b", "image": "b:1"},
            {"name": "c", "image": "c:1"},
        ],
        "tolerations": [{"key": "k", "operator": "Exists"}],
        "imagePullSecrets": key_order("s", "t"),
        "volumes": [{"name": "v", "emptyDir": {}}],
    }
    (await server.post(server.apps("deployments"), body)).ok(201)
    return server.apps("deployments/d")


def brief(item: Json) -> Json:
    """Return what the patches of these tests change, without defaults."""
    spec = item["spec"]["template"]["spec"]
    found: Json = {
        "containers": " ".join(c["image"] for c in spec["containers"]),
        "secrets": " ".join(s["name"] for s in spec.get("imagePullSecrets", ())),
        "tolerations": " ".join(t["key"] for t in spec.get("tolerations", ())),
        "volumes": [sorted(volume) for volume in spec.get("volumes", ())],
        "strategy": sorted(item["spec"]["strategy"]),
        "labels": item["metadata"].get("labels", {}),
    }
    for container in spec["containers"]:
        if container["name"] == "a":
            ports = container.get("ports", ())
            found["args"] = " ".join(container.get("args", ()))
            found["env"] = " ".join(e["name"] for e in container.get("env", ()))
            found["ports"] = " ".join(
                f"{p['containerPort']}/{p['protocol']}" for p in ports
            )
    return found


CHANGES: list[tuple[Json, Json]] = [
    (pods(containers=[{"name": "b", "image": "b:2"}]), {"containers": "a:1 b:2 c:1"}),
    (
        # What kubectl edit sends.
        pods(
            **{"$setElementOrder/containers": key_order("c", "a", "b")},
            containers=[{"name": "b", "image": "b:2"}],
        ),
        {"containers": "c:1 a:1 b:2"},
    ),
    (
        pods(
            **{"$setElementOrder/containers": key_order("n", "b", "a")},
            containers=[
                {"name": "n", "image": "n:1"},
                {"name": "c", "$patch": "delete"},
            ],
        ),
        {"containers": "n:1 b:1 a:1"},
    ),
    (
        pods(containers=[{"name": "z", "image": "z:1"}, {"$patch": "replace"}]),
        {"containers": "z:1", "args": None, "env": None, "ports": None},
    ),
    (
        pods(containers=[{"name": "a", "env": [{"name": "C"}], "args": ["z"]}]),
        {"env": "C A B", "args": "z"},
    ),
    (
        # The merge key is the port, where apply has port and protocol.
        pods(
            containers=[
                {"name": "a", "ports": [{"containerPort": 53, "protocol": "TCP"}]}
            ]
        ),
        {"ports": "53/TCP"},
    ),
    (
        pods(tolerations=[{"key": "z", "operator": "Exists"}]),
        {"tolerations": "z"},
    ),
    (
        pods(imagePullSecrets=[{"name": "s", "$patch": "delete"}, {"name": "u"}]),
        {"secrets": "u t"},
    ),
    (
        pods(
            volumes=[
                {
                    "name": "v",
                    "$retainKeys": ["name", "hostPath"],
                    "hostPath": {"path": "/x"},
                }
            ]
        ),
        {"volumes": [["hostPath", "name"]]},
    ),
    (
        {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}},
        {"strategy": ["type"]},
    ),
    ({"metadata": {"labels": {"a": "b", "c": None}}}, {"labels": {"a": "b"}}),
    # Its own name and kind are no matter of the patch.
    ({"kind": "Secret", "apiVersion": "v1"}, {}),
]


@pytest.mark.parametrize(("change", "differs"), CHANGES)
async def test_lists_are_merged_by_their_keys(
    server: Server, d: str, change: Json, differs: Json
) -> None:
    before = brief((await server.get(d)).ok())
    expected = {**before, **differs}
    answer = (await patch(server, d, change)).ok()
    assert brief(answer) == {k: v for k, v in expected.items() if v is not None}


async def test_owners_finalizers_and_conditions_are_merged(server: Server) -> None:
    path = server.core("configmaps/a")
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "controller": True}
    owners = [{**owner, "name": "o", "uid": "1"}]
    body = config_map("a", finalizers=["x/a", "x/b"], ownerReferences=owners)
    (await server.post(server.core("configmaps"), body)).ok(201)
    change: Json = {
        "metadata": {
            "$setElementOrder/finalizers": ["x/c", "x/b"],
            "$deleteFromPrimitiveList/finalizers": ["x/a"],
            "finalizers": ["x/c"],
            "ownerReferences": [{"uid": "1", "controller": False}],
        }
    }
    metadata = (await patch(server, path, change)).ok()["metadata"]
    assert metadata["finalizers"] == ["x/c", "x/b"]
    assert metadata["ownerReferences"] == [{**owners[0], "controller": False}]


async def test_subresources_are_patched(server: Server, d: str) -> None:
    ready = {"type": "Available", "status": "True"}
    other = {"type": "Progressing", "status": "True"}
    for condition in (ready, other):
        status = {"status": {"conditions": [condition]}, "spec": {"replicas": 9}}
        item = (await patch(server, f"{d}/status", status)).ok()
    assert item["spec"]["replicas"] == 1
    found = [condition["type"] for condition in item["status"]["conditions"]]
    assert found == ["Progressing", "Available"]
    scale = (await patch(server, f"{d}/scale", {"spec": {"replicas": 4}})).ok()
    assert (scale["kind"], scale["spec"]) == ("Scale", {"replicas": 4})


NO_KEY = "map: map[image:i] does not contain declared merge key: name"


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ("[]", 400,
         "json: cannot unmarshal array into Go value of type map[string]interface {}"),
        ("{", 400, "unexpected end of JSON input"),
        (pods(**{"$setElementOrder": []}), 400,
         "invalid patch format of setElementOrder list"),
        (pods(volumes=[{"name": "v", "$retainKeys": [], "hostPath": {}}]), 400,
         "invalid patch format of retainKeys"),
        ({"metadata": {"name": "e"}}, 400,
         "the name of the object (e) does not match the name on the URL (d)"),
        (pods(containers=[[]]), 500, None),
        (pods(containers=[{"image": "i"}]), 500, NO_KEY),
        (pods(containers=[{"$patch": "merge"}]), 500,
         "merging lists cannot yet be specified in the patch"),
        (pods(**{"$patch": "x"}), 500,
         "unknown patch type: x in map: map[$patch:x]"),
        (pods(**{"$setElementOrder/x": []}), 500,
         'unable to find api field in struct PodSpec for the json field "x"'),
    ],
)  # fmt: skip
async def test_bad_patch_is_refused(
    server: Server, d: str, body: object, code: int, message: str | None
) -> None:
    answer = await patch(server, d, body)
    answer.refused(code, "BadRequest" if code == 400 else "", message)


@pytest.mark.parametrize(
    ("body", "query", "text"),
    [
        ({"spec": {"replicas": "x"}}, {}, "unrecognized type: int32"),
        ({"spec": {"replicas": 1.5}}, {}, "cannot convert float64 to int32"),
        ({"spec": {"template": 1}}, {}, "cannot restore struct from: int64"),
        ({"metadata": {"labels": []}}, {}, "cannot restore map from slice"),
        (pods(containers="x"), {}, "cannot restore slice from string"),
        ({"spec": {"no": 1}}, {"fieldValidation": "Strict"},
         'strict decoding error: unknown field "spec.no"'),
    ],
)  # fmt: skip
async def test_result_must_fit(
    server: Server, d: str, body: Json, query: Json, text: str
) -> None:
    answer = await patch(server, d, body, **query)
    assert rejection(answer.refused(422, "Invalid")) == [("FieldValueInvalid", "patch")]
    assert answer.json["message"].startswith(' "" is invalid: patch: Invalid value: ')
    assert answer.json["message"].endswith(f": {text}")


async def test_unknown_fields_are_warned_of(server: Server, d: str) -> None:
    body = pods(containers=[{"name": "b", "no": 1}], zap=1)
    answer = await patch(server, d, body)
    head = "spec.template.spec"
    expected = [f"{head}.containers[1].no", f"{head}.zap"]
    assert answer.warnings == [f'unknown field "{path}"' for path in expected]


async def test_nothing_changes_nothing(server: Server, d: str) -> None:
    before = (await server.get(d)).ok()
    for body in ("null", "{}", pods(containers=[{"name": "a"}, {"name": "b"}])):
        assert (await patch(server, d, body)).ok() == before


async def test_two_sources_of_a_volume_are_told(server: Server, d: str) -> None:
    mount = {"name": "a", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}
    volume = {"name": "v", "hostPath": {"path": "/x"}}
    answer = await patch(server, d, pods(containers=[mount], volumes=[volume]))
    template = "spec.template.spec"
    answer.refused(
        422,
        "Invalid",
        f'Deployment.apps "d" is invalid: [{template}.volumes[0].hostPath: Forbidden:'
        f" may not specify more than 1 volume type, {template}.containers[0]"
        '.volumeMounts[0].name: Not found: "v"]',
    )


async def test_owners_that_are_patched_in_twice_are_dropped(
    server: Server, d: str
) -> None:
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "1"}
    answer = await server.merge(d, {"metadata": {"ownerReferences": [owner, owner]}})
    assert answer.ok()["metadata"]["ownerReferences"] == [owner]
    [warning] = answer.warnings
    assert "duplicate entries after mutating admission happens; API" in warning
