"""What the PodSet operator asks for is what ``rules()`` says that it may."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

from examples.podset.podset import PodSet, PodSetSpec, podsets
from homeostat import Client, Manager
from homeostat._transport import HttpRequest, HttpResponse, HttpStream, Transport
from homeostat.api import ObjectMeta
from homeostat.controller import Rule
from homeostat.errors import TransportError
from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster import LocalCluster
from homeostat.manager import install_crds
from homeostat.testing import run_virtual

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class Access(NamedTuple):
    """What an authorizer is asked about a request."""

    verb: str
    group: str
    resource: str


def access_of(request: HttpRequest, *, watch: bool = False) -> Access | None:
    """Return what a request needs, None for discovery, which everybody may read.

    Source: apiserver ``requestinfo.go``.
    """
    root, *parts = request.path.strip("/").split("/")
    group = parts.pop(0) if root == "apis" and parts else ""
    if len(parts) < 2:
        return None
    del parts[0]  # the version
    if parts[0] == "namespaces" and len(parts) > 2:
        del parts[:2]
    plural, *named = parts
    resource = "/".join([plural, *named[1:]])
    if watch:
        return Access("watch", group, resource)
    if request.method != "GET":
        return Access(_VERBS[request.method], group, resource)
    return Access("get" if named else "list", group, resource)


class Recording:
    """A transport that keeps what was asked for, and may lose answers.

    Attributes:
        asked: Everything that was asked for.
        lost: How many of the next writes' answers get lost.
    """

    def __init__(self, target: Transport) -> None:
        self._target = target
        self.asked: set[Access] = set()
        self.lost = 0

    async def request(self, request: HttpRequest) -> HttpResponse:
        self._record(access_of(request))
        response = await self._target.request(request)
        if self.lost and request.method != "GET":
            self.lost -= 1
            raise TransportError("reset by peer", sent=True)
        return response

    def stream(self, request: HttpRequest) -> AbstractAsyncContextManager[HttpStream]:
        self._record(access_of(request, watch=True))
        return self._target.stream(request)

    async def close(self) -> None:
        await self._target.close()

    def _record(self, access: Access | None) -> None:
        if access is not None:
            self.asked.add(access)


def granted(rules: list[Rule]) -> set[Access]:
    return {
        Access(verb, rule.group, resource)
        for rule in rules
        for resource in rule.resources
        for verb in rule.verbs
    }


def asked_in(scenario: Callable[[Client, Recording], Awaitable[None]]) -> set[Access]:
    """Return what the operator asks for in a scenario, in virtual time."""

    async def main() -> set[Access]:
        cluster = LocalCluster()
        recording = Recording(cluster.server.transport())
        async with (
            cluster.client() as outsider,
            Client(recording) as client,
            asyncio.TaskGroup() as tasks,
        ):
            running = [tasks.create_task(cluster.run())]
            await install_crds(outsider, [PodSet])
            manager = Manager(controllers=[podsets], client=client, drain_timeout=0.0)
            running.append(tasks.create_task(manager.run()))
            async with asyncio.timeout(3600):
                await manager.wait_ready()
                await scenario(outsider, recording)
            for task in running:
                task.cancel()
        return recording.asked

    return run_virtual(main())


async def settle() -> None:
    """Let everything happen that is due; it takes no time of ours."""
    await asyncio.sleep(60)


async def everything(outsider: Client, recording: Recording) -> None:
    """Do to the operator what happens to it in a long life."""
    web = PodSet(metadata=ObjectMeta(name="web"), spec=PodSetSpec(size=2))
    await outsider.create(web)
    await settle()
    await outsider.set_scale(PodSet, "web", 3)
    await settle()
    await outsider.patch(apps_v1.Deployment, "web", {"spec": {"replicas": 1}})
    await settle()
    await outsider.delete(apps_v1.Deployment, "web")
    await settle()
    (pod, *_) = await outsider.list(core_v1.Pod)
    await outsider.delete(core_v1.Pod, pod.metadata.name)
    await settle()
    recording.lost = 3
    await outsider.patch(PodSet, "web", {"spec": {"size": 1}})
    await settle()
    assert recording.lost == 0
    await outsider.delete(PodSet, "web")
    await settle()


def test_nothing_is_asked_for_that_the_rules_do_not_grant() -> None:
    asked = asked_in(everything)
    assert asked - granted(podsets.rules()) == set()


def test_what_a_long_life_needs_is_this() -> None:
    group = "apps.jicki.cn"
    assert asked_in(everything) >= {
        Access("watch", group, "podsets"),
        Access("patch", group, "podsets/status"),
        Access("watch", "", "pods"),
        Access("watch", "apps", "deployments"),
        Access("patch", "apps", "deployments"),
        # After a lost answer the object is read, to learn what became of the write.
        Access("get", "apps", "deployments"),
    }
