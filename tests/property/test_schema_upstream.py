"""Random sequences of writes, against the real kube-apiserver: who owns what after."""

import copy
import http.client
import itertools
import json
import random
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from homeostat.schema import (
    FieldConflictError,
    FieldSet,
    apply_defaults,
    apply_managed,
    causes,
    parse_schema,
    update_managed,
    validate,
)
from tests.harness.kube import ControlPlane

pytestmark = pytest.mark.kube

GOLDENS = Path(__file__).parents[1] / "unit/schema/goldens"
DOCUMENT = json.loads((GOLDENS / "ownership.json").read_text())["schema"]
SCHEMA = parse_schema(DOCUMENT)
GROUP = "ownership.example.com"
API_VERSION = f"{GROUP}/v1"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
STATUS = FieldSet([("f:status",)])
_names = itertools.count(1)


class Kube:
    """A connection that blocks; the tests here have no loop."""

    def __init__(self, plane: ControlPlane) -> None:
        parts = urlsplit(plane.url)
        self._token = plane.token()
        self._connection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port, context=plane.ssl_context()
        )

    def close(self) -> None:
        self._connection.close()

    def send(
        self, method: str, path: str, body: Any, media: str, **query: str
    ) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": media}
        target = f"{path}?{urlencode(query)}" if query else path
        self._connection.request(method, target, json.dumps(body), headers)
        response = self._connection.getresponse()
        body = response.read()
        answer: dict[str, Any] = json.loads(body) if body[:1] == b"{" else {}
        return response.status, answer


@pytest.fixture(scope="module")
def kube(control_plane: ControlPlane) -> Iterator[Kube]:
    with closing(Kube(control_plane)) as kube:
        serve_kind(kube)
        yield kube


def serve_kind(kube: Kube) -> None:
    names = {"plural": "riches", "singular": "rich", "kind": "Rich"}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": DOCUMENT},
    }
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"riches.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": names,
            "scope": "Namespaced",
            "versions": [version],
        },
    }
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    kube.send("POST", path, crd, "application/json")
    probe = {"apiVersion": API_VERSION, "kind": "Rich", "metadata": {"name": "probe"}}
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        code, _ = kube.send("POST", COLLECTION, probe, "application/json", dryRun="All")
        if code == 201:
            return
        time.sleep(0.05)
    pytest.fail("the custom resource is not served")


COLLECTION = f"/apis/{API_VERSION}/namespaces/default/riches"


def connection(chance: random.Random) -> dict[str, Any]:
    item: dict[str, Any] = {"port": chance.randint(1, 4)}
    if chance.random() < 0.4:
        item["protocol"] = chance.choice(["TCP", "UDP"])
    if chance.random() < 0.5:
        item["value"] = chance.choice("abc")
    if chance.random() < 0.3:
        item["tags"] = chance.sample("xyz", chance.randint(0, 3))
    if chance.random() < 0.3:
        item["more"] = chance.choice([{}, {"a": "1"}, {"b": "2"}])
    return item


def spec(chance: random.Random) -> dict[str, Any]:
    items = [connection(chance) for _ in range(chance.randint(0, 4))]
    unique = {(item["port"], item.get("protocol", "TCP")): item for item in items}
    every: dict[str, Any] = {
        "replicas": chance.randint(0, 3),
        "set": chance.sample("abcdef", chance.randint(0, 4)),
        "numset": chance.sample([1, 2, 10, 20], chance.randint(0, 3)),
        "atom": chance.sample("abc", chance.randint(0, 2)),
        "conns": list(unique.values()),
        "gran": {chance.choice("abc"): chance.choice("xy")},
        "atommap": chance.choice([{"a": "1"}, {"b": "2"}, {}]),
        "nest": {chance.choice("abc"): chance.choice([{}, {"a": "1"}, {"b": "2"}])},
        "free": chance.choice(
            [{}, {"x": 1}, {"x": {"y": "z"}}, {"l": [{"name": "q"}]}]
        ),
        "deep": chance.choice([{}, {"one": {}}, {"one": {"two": "2"}}]),
    }
    return {key: value for key, value in every.items() if chance.random() < 0.45}


def timeless(entries: list[dict[str, Any]]) -> str:
    lean = [{key: entry[key] for key in entry if key != "time"} for entry in entries]
    return json.dumps(lean, sort_keys=True)


def managed_of(value: dict[str, Any] | None) -> list[dict[str, Any]]:
    metadata: dict[str, Any] = (value or {}).get("metadata", {})
    entries: list[dict[str, Any]] = metadata.get("managedFields", [])
    return entries


def latest(value: dict[str, Any]) -> str:
    """Return the time of the newest entry: entries are ordered by it."""
    return max((entry.get("time", "") for entry in managed_of(value)), default="")


def write(
    kube: Kube, chance: random.Random, name: str, live: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Make one random write on both; return the object as the server has it after."""
    manager = chance.choice(["one", "two", "three"])
    config = {
        "apiVersion": API_VERSION,
        "kind": "Rich",
        "metadata": {"name": name},
        "spec": spec(chance),
    }
    facts: dict[str, Any] = {
        "schema": SCHEMA,
        "manager": manager,
        "api_version": API_VERSION,
        "reset": STATUS,
    }
    path = f"{COLLECTION}/{name}"
    if live is not None and chance.random() < 0.3:
        patch = {"spec": config["spec"]}
        _, after = kube.send("PATCH", path, patch, MERGE, fieldManager=manager)
        new = copy.deepcopy(after)
        del new["metadata"]["managedFields"]
        entries = update_managed(live, new, now=latest(after), **facts)
        assert timeless(entries) == timeless(managed_of(after))
        return after
    force = chance.random() < 0.6
    query = {"fieldManager": manager, "force": str(force).lower()}
    code, answer = kube.send("PATCH", path, config, APPLY, **query)
    if code == 409:
        with pytest.raises(FieldConflictError) as caught:
            apply_managed(live, config, force=force, now="", **facts)
        # The server names the owners in random order.
        found = sorted(map(str, caught.value.causes()))
        assert found == sorted(map(str, answer["details"]["causes"]))
        return live
    merged, entries = apply_managed(
        live, config, force=force, now=latest(answer), **facts
    )
    apply_defaults(merged, SCHEMA)
    if code == 422:
        found = sorted(map(str, causes(validate(merged, SCHEMA))))
        assert found == sorted(map(str, answer["details"]["causes"]))
        return live
    assert timeless(entries) == timeless(managed_of(answer))
    assert merged.get("spec") == answer.get("spec")
    return answer


@pytest.mark.parametrize("seed", range(30))
def test_random_writes_leave_the_same_owners(kube: Kube, seed: int) -> None:
    chance = random.Random(seed)
    name = f"o{next(_names)}"
    live: dict[str, Any] | None = None
    for _ in range(6):
        live = write(kube, chance, name, live)
