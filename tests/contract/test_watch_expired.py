"""Versions and tokens from before the history that a server keeps."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.harness.objects import config_map, names
from tests.harness.server import Server
from tests.harness.widgets import crd, establish

CONTINUE = (
    "The provided continue parameter is too old to display a consistent list result."
    " You can start a new list without the continue parameter, or use the continue"
    " token in this response to retrieve the remainder of the results. Continuing with"
    " the provided token results in an inconsistent list - objects that were created,"
    " modified, or deleted between the time the first chunk was returned and now may"
    " show up in the list."
)


@pytest.fixture
async def past(server: Server, forget: Callable[[], None]) -> Any:
    """The metadata of a first page from before all history was forgotten."""
    path = server.core("configmaps")
    for name in "bcd":
        (await server.post(path, config_map(name))).ok(201)
    page = (await server.get(path, limit=1)).ok()["metadata"]
    (await server.post(path, config_map("bb"))).ok(201)
    forget()
    return page


async def test_old_token_has_expired(server: Server, past: Any) -> None:
    path = server.core("configmaps")
    answer = await server.get(path, limit=1, continue_=past["continue"])
    answer.refused(410, "Expired", CONTINUE)
    token = answer.json["metadata"]["continue"]
    decoded = json.loads(base64.urlsafe_b64decode(token + "==="))
    assert (decoded["v"], decoded["rv"]) == ("meta.k8s.io/v1", -1)
    assert decoded["start"].removeprefix("/") == "b\0"
    # With the new token the list goes on, in the present.
    rest = (await server.get(path, continue_=token)).ok()
    assert names(rest) == ["bb", "c", "d"]


async def test_old_list_and_watch_have_expired(server: Server, past: Any) -> None:
    path = server.core("configmaps")
    version = past["resourceVersion"]
    answer = await server.get(
        path, resourceVersion=version, resourceVersionMatch="Exact"
    )
    answer.refused(
        410, "Expired", "The resourceVersion for the provided list is too old."
    )
    async with server.watch(path, resourceVersion=version) as watch:
        assert watch.status == 200
        events = await watch.rest()
    assert [kind for kind, _ in events] == ["ERROR"]
    assert (events[0][1]["code"], events[0][1]["reason"]) == (410, "Expired")


async def test_watch_from_before_the_history_has_expired(server: Server) -> None:
    # The real server keeps no history of a kind from before its definition.
    group = f"{server.namespace}.example.com"
    await establish(server, crd(group))
    path = server.path(f"{group}/v1", "things")
    async with server.watch(path, resourceVersion=1) as watch:
        assert watch.status == 200
        events = await watch.rest()
    assert len(events) == 1
    kind, status = events[0]
    assert kind == "ERROR"
    assert status.pop("message").startswith("too old resource version: 1 (")
    assert status == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "reason": "Expired",
        "code": 410,
    }
