"""Logs that are followed, of a pod whose container prints when the test says so."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from homeostat._transport import HttpRequest
from homeostat.apiserver import ApiServer, Finished, LogLine
from homeostat.client import Client
from homeostat.k8s import core_v1
from homeostat.testing import run_virtual

STAMP = "2026-01-01T00:00:00Z"
POD: Any = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web"},
    "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "b"}]},
}


class Printing:
    """A container whose lines are what the test has it print."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(
        self, pod: dict[str, Any], container: str, *, previous: bool
    ) -> Sequence[LogLine] | None:
        del pod, container, previous
        return [LogLine(STAMP, line) for line in self.lines]

    def execute(
        self, pod: dict[str, Any], container: str, command: Sequence[str]
    ) -> Finished | None:
        raise AssertionError(f"nobody runs {command} in {container} of {pod}")


class World:
    """A server, and a pod on it that runs."""

    def __init__(self) -> None:
        self.process = Printing()
        self.server = ApiServer(processes=self.process)
        self.client = Client(self.server.transport())

    async def become(self, **state: Any) -> None:
        """Write the state of the container."""
        status: Any = {"name": "c", "image": "b", "imageID": "", "state": state}
        status |= {"ready": True, "restartCount": 0}
        patch = {"status": {"containerStatuses": [status]}}
        await self.client.patch(core_v1.Pod, "web", patch, subresource="status")

    async def follow(self, **query: str) -> AsyncGenerator[str]:
        """Iterate over what is sent, as it comes."""
        request = HttpRequest(
            method="GET",
            path="/api/v1/namespaces/default/pods/web/log",
            query=(("follow", "true"), *query.items()),
        )
        async with self.server.stream(request) as stream:
            async for chunk in stream.chunks():
                yield chunk.decode()


async def _running() -> World:
    world = World()
    await world.client.create(POD)
    await world.become(running={"startedAt": STAMP})
    return world


def test_lines_come_as_they_are_printed_until_the_container_ends() -> None:
    async def scenario() -> None:
        world = await _running()
        world.process.lines = ["one"]
        async with aclosing(world.follow()) as chunks:
            assert await anext(chunks) == "one\n"
            world.process.lines += ["two", "three"]
            assert await anext(chunks) == "two\nthree\n"
            world.process.lines += ["last"]
            await world.become(terminated={"exitCode": 0})
            assert [chunk async for chunk in chunks] == ["last\n"]

    run_virtual(scenario())


def test_a_limit_counts_over_all_that_is_followed_and_a_tail_at_its_start() -> None:
    async def scenario() -> None:
        world = await _running()
        world.process.lines = ["one", "two"]
        async with aclosing(world.follow(tailLines="1", limitBytes="8")) as chunks:
            assert await anext(chunks) == "two\n"
            world.process.lines += ["four", "five"]
            assert [chunk async for chunk in chunks] == ["four"]

    run_virtual(scenario())


def test_a_log_ends_with_its_pod_and_with_its_server() -> None:
    async def scenario() -> None:
        world = await _running()
        world.process.lines = ["one"]
        async with aclosing(world.follow()) as chunks:
            assert await anext(chunks) == "one\n"
            world.server.drop_watches(clean=True)
            assert [chunk async for chunk in chunks] == []
        async with aclosing(world.follow()) as chunks:
            assert await anext(chunks) == "one\n"
            await world.client.delete(core_v1.Pod, "web", grace_period_seconds=0)
            assert [chunk async for chunk in chunks] == []

    run_virtual(scenario())
