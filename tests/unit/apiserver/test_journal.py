"""What a restart brings back."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from homeostat._transport import HttpRequest
from homeostat.apiserver import ApiServer
from homeostat.apiserver._store import Event
from homeostat.testing import VirtualTimeLoop

Open = Callable[[], ApiServer]
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
PODS = "/api/v1/namespaces/default/pods"
WIDGETS = "/apis/example.com/v1/namespaces/default/widgets"


@pytest.fixture
def reopen(tmp_path: Path) -> Iterator[Open]:
    """Open a server on one folder, each time after the last one was closed."""
    servers: list[ApiServer] = []

    def open_server() -> ApiServer:
        for server in servers:
            server.close()
        servers.append(ApiServer(data_dir=tmp_path / "data"))
        return servers[-1]

    yield open_server
    for server in servers:
        server.close()


def send(server: ApiServer, method: str, path: str, body: Any = None) -> Any:
    """Return the status and the decoded answer."""
    path, _, query = path.partition("?")
    pairs = [pair.split("=", 1) for pair in query.split("&") if pair]
    request = HttpRequest(
        method=method,
        path=path,
        query=tuple((key, text) for key, text in pairs),
        headers={"content-type": "application/json"},
        body=b"" if body is None else json.dumps(body).encode(),
    )
    answer = asyncio.run(server.handle(request))
    return answer.status, json.loads(answer.body)


def call(server: ApiServer, method: str, path: str, body: Any = None) -> Any:
    """Return the decoded answer, which is no refusal."""
    status, answer = send(server, method, path, body)
    assert status in (200, 201), answer
    return answer


def first_event(server: ApiServer, version: str) -> Any:
    """Return the first event of a watch that ends after 9 s, None without one."""
    query = (("watch", "1"), ("resourceVersion", version), ("timeoutSeconds", "9"))
    request = HttpRequest(method="GET", path=CONFIG_MAPS, query=query)

    async def watch() -> Any:
        async with server.stream(request) as stream:
            async for chunk in stream.chunks():
                return json.loads(chunk.splitlines()[0])
        return None

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(watch())


def config_map(name: str, **data: str) -> dict[str, Any]:
    labels = {"app": name}
    metadata = {"name": name, "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def definition(**version: Any) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "size": {"type": "integer"},
                    "color": {"type": "string"},
                },
            }
        },
    }
    names = {"plural": "widgets", "kind": "Widget"}
    fields = [{"jsonPath": ".spec.color"}]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "names": names,
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                    "selectableFields": fields,
                    **version,
                }
            ],
        },
    }


def widget(name: str, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name}
    group = "example.com/v1"
    return {"apiVersion": group, "kind": "Widget", "metadata": metadata, "spec": spec}


def pod(name: str) -> dict[str, Any]:
    spec = {"containers": [{"name": "c", "image": "busybox"}]}
    metadata = {"name": name}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def everything(server: ApiServer) -> dict[str, bytes]:
    return {
        f"{table.name} {key}": entry.data
        for table in server._cluster.store.tables.values()
        for key, entry in table.live.items()
    }


def names(answer: Any) -> list[str]:
    return [item["metadata"]["name"] for item in answer["items"]]


def test_a_restart_keeps_every_object_as_it_was(reopen: Open) -> None:
    server = reopen()
    call(server, "POST", CONFIG_MAPS, config_map("a", x="1"))
    call(server, "POST", CONFIG_MAPS, config_map("b", x="1"))
    call(server, "PUT", f"{CONFIG_MAPS}/a", config_map("a", x="2"))
    call(server, "POST", CONFIG_MAPS, config_map("gone"))
    call(server, "DELETE", f"{CONFIG_MAPS}/gone")
    before, revision = everything(server), server.revision
    again = reopen()
    assert everything(again) == before
    assert again.revision == revision  # the deletion's
    assert names(call(again, "GET", CONFIG_MAPS)) == ["a", "b"]
    found = call(again, "GET", f"{CONFIG_MAPS}?labelSelector=app=b")
    assert names(found) == ["b"]


def test_versions_go_on_after_a_restart(reopen: Open) -> None:
    last = call(reopen(), "POST", CONFIG_MAPS, config_map("a"))
    new = call(reopen(), "POST", CONFIG_MAPS, config_map("b"))
    versions = [int(each["metadata"]["resourceVersion"]) for each in (last, new)]
    assert versions[1] == versions[0] + 1


def test_the_past_of_an_earlier_process_is_expired(reopen: Open) -> None:
    server = reopen()
    for name in "abc":
        call(server, "POST", CONFIG_MAPS, config_map(name))
    page = call(server, "GET", f"{CONFIG_MAPS}?limit=1")
    call(server, "POST", CONFIG_MAPS, config_map("d"))
    old = page["metadata"]["resourceVersion"]
    again = reopen()
    token = page["metadata"]["continue"]
    exact = f"resourceVersion={old}&resourceVersionMatch=Exact"
    for query in (f"limit=1&continue={token}", exact):
        status, answer = send(again, "GET", f"{CONFIG_MAPS}?{query}")
        assert (status, answer["reason"]) == (410, "Expired"), query
    assert first_event(again, old)["object"]["code"] == 410
    # Whoever had seen everything goes on.
    assert first_event(again, str(again.revision)) is None


def test_definitions_are_served_again(reopen: Open) -> None:
    server = reopen()
    call(server, "POST", DEFINITIONS, definition())
    call(server, "POST", WIDGETS, widget("a", color="red"))
    call(server, "POST", WIDGETS, widget("b", color="blue"))
    before = everything(server)
    again = reopen()
    assert everything(again) == before
    assert names(call(again, "GET", f"{WIDGETS}?fieldSelector=spec.color=red")) == ["a"]
    new = call(again, "POST", WIDGETS, widget("c", size=1, color="red"))
    assert list(new["spec"]) == ["color", "size"]  # as maps are written
    crd = call(again, "GET", f"{DEFINITIONS}/widgets.example.com")
    conditions = {c["type"]: c["status"] for c in crd["status"]["conditions"]}
    assert conditions == {"NamesAccepted": "True", "Established": "True"}


def test_objects_of_an_older_definition_are_read_by_the_newer(reopen: Open) -> None:
    server = reopen()
    call(server, "POST", DEFINITIONS, definition())
    call(server, "POST", WIDGETS, widget("a", color="red", size=1))
    crd = call(server, "GET", f"{DEFINITIONS}/widgets.example.com")
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    del schema["properties"]["spec"]["properties"]["size"]
    call(server, "PUT", f"{DEFINITIONS}/widgets.example.com", crd)
    again = reopen()
    assert call(again, "GET", f"{WIDGETS}/a")["spec"] == {"color": "red"}


def test_a_definition_that_ends_goes_on_ending(reopen: Open) -> None:
    server = reopen()
    call(server, "POST", DEFINITIONS, definition())
    held = widget("held")
    held["metadata"]["finalizers"] = ["example.com/hold"]
    call(server, "POST", WIDGETS, held)
    call(server, "DELETE", f"{DEFINITIONS}/widgets.example.com")
    again = reopen()
    found = call(again, "GET", f"{WIDGETS}/held")
    assert found["metadata"]["deletionTimestamp"]
    del found["metadata"]["finalizers"]
    call(again, "PUT", f"{WIDGETS}/held", found)
    assert names(call(again, "GET", DEFINITIONS)) == []
    assert names(call(reopen(), "GET", DEFINITIONS)) == []


class Death:
    """Ends a request after so many of its commits, as the end of the process does."""

    def __init__(self, server: ApiServer, commits: int) -> None:
        self.commits = commits
        self._tables = list(server._cluster.store.tables.values())
        for table in self._tables:
            table.watchers.append(self)

    def push(self, event: Event) -> None:
        self.commits -= 1
        if self.commits == 0:
            raise RuntimeError(f"died at {event.revision}")

    def close(self) -> None:
        pass


REQUESTS = {
    "end a pod": ([(PODS, pod("a"))], ("DELETE", f"{PODS}/a", None)),
    "define": ([], ("POST", DEFINITIONS, definition())),
    "end a definition": (
        [(DEFINITIONS, definition()), (WIDGETS, widget("a")), (WIDGETS, widget("b"))],
        ("DELETE", f"{DEFINITIONS}/widgets.example.com", None),
    ),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_cut_in_two_is_finished_by_the_next_start(
    name: str, tmp_path: Path
) -> None:
    before, (method, path, body) = REQUESTS[name]
    empty = set(everything(ApiServer()))
    for commits in range(1, 9):
        folder = tmp_path / str(commits)
        server = ApiServer(data_dir=folder)
        for collection, value in before:
            call(server, "POST", collection, value)
        death = Death(server, commits)
        send(server, method, path, body)
        server.close()
        again = ApiServer(data_dir=folder)
        if name == "define":
            call(again, "POST", WIDGETS, widget("a"))
        else:
            assert set(everything(again)) == empty, commits
        again.close()
        if death.commits > 0:  # all of it was done
            break
    assert commits > 2


def test_what_every_cluster_has_is_made_once(reopen: Open) -> None:
    first = everything(reopen())
    assert {"namespaces. default", "services. default/kubernetes"} <= set(first)
    assert everything(reopen()) == first


def test_without_a_folder_nothing_is_kept() -> None:
    server = ApiServer()
    server.close()
    assert call(server, "POST", CONFIG_MAPS, config_map("a"))["metadata"]["uid"]


def test_a_closed_server_refuses_writes(reopen: Open) -> None:
    server = reopen()
    server.close()
    status, answer = send(server, "POST", CONFIG_MAPS, config_map("a"))
    assert status == 500
    assert answer["message"] == "nothing was changed: the journal is closed"
    assert names(call(server, "GET", CONFIG_MAPS)) == []
