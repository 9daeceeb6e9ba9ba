"""Pods get the priority of a class, and may not choose one themselves."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.harness.objects import pod
from tests.harness.server import Server, attempts

CLASSES = "/apis/scheduling.k8s.io/v1/priorityclasses"
PREEMPTS = "PreemptLowerPriority"


async def _make(server: Server, name: str, value: int, **more: Any) -> str:
    name = f"{server.namespace}-{name}"
    item = {"metadata": {"name": name}, "value": value, **more}
    (await server.post(CLASSES, item)).ok(201)
    return name


@pytest.fixture
async def high(server: Server) -> AsyncIterator[str]:
    """The name of a class."""
    name = await _make(server, "high", 7, preemptionPolicy="Never")
    yield name
    await server.delete(f"{CLASSES}/{name}")


def _pod(**spec: Any) -> Any:
    item = pod("a")
    item["spec"] |= spec
    return item


async def _created(server: Server, item: Any) -> tuple[Any, Any, Any]:
    """Return what a pod would get, when the server has heard of all classes."""
    answer = await server.post(server.core("pods"), item, dryRun="All")
    async for _ in attempts():
        if answer.status == 201:
            break
        answer = await server.post(server.core("pods"), item, dryRun="All")
    spec = answer.ok(201)["spec"]
    names = ("priorityClassName", "priority", "preemptionPolicy")
    return tuple(spec.get(name) for name in names)


async def _wait(server: Server, expected: tuple[str | None, int, str]) -> None:
    """Wait until this is what a pod gets that names no class."""
    async for _ in attempts():
        if await _created(server, _pod()) == expected:
            return


async def test_class_gives_the_priority(server: Server, high: str) -> None:
    found = await _created(server, _pod(priorityClassName=high))
    assert found == (high, 7, "Never")
    system = "system-node-critical"
    found = await _created(server, _pod(priorityClassName=system))
    assert found == (system, 2_000_001_000, PREEMPTS)
    assert await _created(server, _pod()) == (None, 0, PREEMPTS)


async def test_priority_is_computed_from_the_class_alone(
    server: Server, high: str
) -> None:
    await _created(server, _pod(priorityClassName=high, priority=7))
    told = "must not be provided in pod spec; priority admission controller computed"
    end = "from the given PriorityClass name"
    for spec, what in (
        ({"priority": 8}, f"the integer value of priority (8) {told} 0 {end}"),
        (
            {"priority": 8, "priorityClassName": high},
            f"the integer value of priority (8) {told} 7 {end}",
        ),
        (
            {"preemptionPolicy": "Never"},
            f"the string value of PreemptionPolicy (Never) {told} {PREEMPTS} {end}",
        ),
    ):
        answer = await server.post(server.core("pods"), _pod(**spec))
        answer.refused(403, "Forbidden", f'pods "a" is forbidden: {what}')


async def test_class_that_is_not_there(server: Server) -> None:
    answer = await server.post(server.core("pods"), _pod(priorityClassName="nothing"))
    text = "no PriorityClass with name nothing was found"
    answer.refused(403, "Forbidden", f'pods "a" is forbidden: {text}')


async def test_one_class_is_the_default(server: Server, high: str) -> None:
    usual = await _make(server, "usual", 3, globalDefault=True)
    try:
        await _wait(server, (usual, 3, PREEMPTS))
        text = (
            f"PriorityClass {usual} is already marked as default. Only one default "
            "can exist"
        )
        other = f"{server.namespace}-other"
        item = {"metadata": {"name": other}, "value": 1, "globalDefault": True}
        answer = await server.post(CLASSES, item)
        whom = f'priorityclasses.scheduling.k8s.io "{other}" is forbidden: '
        answer.refused(403, "Forbidden", whom + text)
        answer = await server.merge(f"{CLASSES}/{high}", {"globalDefault": True})
        whom = f'priorityclasses.scheduling.k8s.io "{high}" is forbidden: '
        answer.refused(403, "Forbidden", whom + text)
        patch = {"metadata": {"labels": {"a": "b"}}}
        (await server.merge(f"{CLASSES}/{usual}", patch)).ok()
    finally:
        await server.delete(f"{CLASSES}/{usual}")
        await _wait(server, (None, 0, PREEMPTS))
