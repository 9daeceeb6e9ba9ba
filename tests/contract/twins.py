"""Two servers in lockstep: the same steps, and where the outcomes differ.

What must differ is taken out first: ids, versions and times become what they stand for
(``version 3`` is the third that the server gave out), and the two namespaces bear one
name.
"""

import asyncio
import json
import os
import re
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import count, zip_longest
from typing import Any

from homeostat.apiserver import ApiServer
from tests.contract.bodies import KINDS
from tests.contract.steps import Step
from tests.harness.http import HttpTransport
from tests.harness.kube import ControlPlane
from tests.harness.objects import config_map, deployment
from tests.harness.server import STRATEGIC, Answer, Server, attempts
from tests.harness.widgets import install, widget

__all__ = ["compare"]

Json = dict[str, Any]

_GROUPS = {
    "deployments": "apps/v1",
    "statefulsets": "apps/v1",
    "widgets": "contract.example.com/v1",
}
# The last event of each watch.
_ENDS: Json = {
    "configmaps": config_map("end"),
    "deployments": deployment("end"),
    "secrets": {**config_map("end"), "kind": "Secret"},
    "services": {
        **config_map("end"),
        "kind": "Service",
        "spec": {"ports": [{"port": 80}]},
    },
    "statefulsets": {**deployment("end", serviceName="s"), "kind": "StatefulSet"},
    "widgets": widget("end", size=1),
}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_DOCUMENT = re.compile(r'(?<=^Invalid value: )"\{\\".*\}"(?=: )')
_NO_LABELS = "Invalid value: {}: `selector` does not match template `labels`"
_VERSION = re.compile(r"resourceVersion:\d+")  # in a patch, as Go shows it
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_numbers = count(1)
_ABSENT = "(absent)"


async def compare(plane: ControlPlane, sequence: Sequence[Step]) -> None:
    """Take the same steps on both servers.

    Raises:
        AssertionError: They differ in an answer, or in what watches told in the end.
    """
    async with _both(plane) as (ours, theirs):
        starts = [await world.versions() for world in (ours, theirs)]
        for step in sequence:
            found, expected = await ours.take(step), await theirs.take(step)
            _refuse(*_comparable(found, expected), f"the answer to {step}")
        told = await ours.events(starts[0])
        wanted = await theirs.events(starts[1])
        _refuse(told, wanted, "what watches tell of them")


def _refuse(ours: Any, theirs: Any, where: str) -> None:
    lines = list(_differences(ours, theirs, ""))
    if lines:
        raise AssertionError("\n".join([f"the servers differ in {where}:", *lines]))


def _differences(ours: Any, theirs: Any, path: str) -> Iterable[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted({*ours, *theirs}):
            pair = ours.get(key, _ABSENT), theirs.get(key, _ABSENT)
            yield from _differences(*pair, f"{path}.{key}")
    elif isinstance(ours, list | tuple) and isinstance(theirs, list | tuple):
        pairs = zip_longest(ours, theirs, fillvalue=_ABSENT)
        for index, (mine, other) in enumerate(pairs):
            yield from _differences(mine, other, f"{path}[{index}]")
    elif ours != theirs or type(ours) is not type(theirs):
        yield f"  {path}\n    embedded {ours!r}\n    real     {theirs!r}"


def _comparable(found: Any, expected: Any) -> tuple[Any, Any]:
    """Return two outcomes without what depends on the order in which Go walks maps."""
    for _, body, _ in (found, expected):
        if (body.get("details") or {}).get("causes"):
            body["message"] = ""
    ours, theirs = (each[1].get("message", "") for each in (found, expected))
    # A field that is not declared ends the walk of its map: what was not reached by
    # then is not told.
    if _MISFITS in theirs and set(_misfits(theirs)) <= set(_misfits(ours)):
        found[1]["message"] = expected[1]["message"] = ""
    return found, expected


_MISFITS = "failed to create typed patch object"


def _misfits(message: str) -> list[str]:
    head, _, rest = message.partition("): ")
    return [head, *(line.strip() for line in rest.removeprefix("errors:").split("\n"))]


class _World:
    """One of the two servers, with what it has given out so far."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._versions: dict[str, str] = {}
        self._uids: dict[str, str] = {}
        self._live: dict[str, list[str]] = {}

    def path(self, kind: str) -> str:
        """Return the collection of a kind."""
        if kind in _GROUPS:
            return self.server.path(_GROUPS[kind], kind)
        return self.server.core(kind)

    async def versions(self) -> Json:
        """Return the present version of each kind."""
        return {kind: await self._version(kind) for kind in KINDS}

    async def _version(self, kind: str) -> str:
        async for _ in attempts():
            answer = await self.server.get(self.path(kind))
            # The cache of a kind that was defined a moment ago is being filled.
            if answer.status != 429:
                break
        version: str = answer.ok()["metadata"]["resourceVersion"]
        return version

    async def take(self, step: Step) -> Any:
        """Send a request, and return what came of it in comparable form."""
        answer = await self._send(step)
        found = answer.json
        if step.verb in {"list", "delete-all"}:
            # Of the whole server, and others write to the real one.
            found["metadata"].pop("resourceVersion", None)
        elif answer.status < 300 and "resourceVersion" in found["metadata"]:
            version = found["metadata"]["resourceVersion"]
            self._live.setdefault(step.kind, []).append(version)
        return answer.status, self.plain(found), sorted(answer.warnings)

    async def _send(self, step: Step) -> Answer:
        server, query = self.server, dict(step.query)
        base = self.path(step.kind)
        path = f"{base}/a/status" if step.status else f"{base}/a"
        body = self._versioned(step)
        match step.verb:
            case "create":
                sending = server.post(base, body, **query)
            case "put":
                sending = server.put(path, body, **query)
            case "merge":
                sending = server.merge(path, body, **query)
            case "strategic":
                sending = server.request("PATCH", path, body, media=STRATEGIC, **query)
            case "scale":
                sending = server.merge(f"{base}/a/scale", body, **query)
            case "get":
                sending = server.get(path)
            case "list":
                sending = self._listed(base, **query)
            case "json":
                sending = server.json_patch(path, body, **query)
            case "apply":
                manager = query.pop("fieldManager")
                sending = server.apply(path, body, manager, **query)
            case _:
                path = path if step.verb == "delete" else base
                sending = server.delete(path, **query)
        return await sending

    async def _listed(self, path: str, **query: Any) -> Answer:
        """Read the last page of a list."""
        answer = await self.server.get(path, **query)
        while answer.status == 200 and (
            token := answer.json["metadata"].get("continue")
        ):
            answer = await self.server.get(path, **query, continue_=token)
        return answer

    def _versioned(self, step: Step) -> Any:
        known = self._live.get(step.kind, [])
        if step.version == "none" or not known or not isinstance(step.body, dict):
            return step.body
        version = known[-1] if step.version == "live" else known[0]
        metadata = {**step.body.get("metadata", {}), "resourceVersion": version}
        return {**step.body, "metadata": metadata}

    async def events(self, start: Json) -> Any:
        """Return what watches of all kinds tell since the versions in ``start``."""
        told = await asyncio.gather(*(self._told(kind, start[kind]) for kind in KINDS))
        return [(name, self.plain(item)) for each in told for name, item in each]

    async def _told(self, kind: str, start: str) -> list[tuple[str, Any]]:
        path = self.path(kind)
        (await self.server.post(path, _ENDS[kind])).ok(201)
        events: list[tuple[str, Any]] = []
        async with self.server.watch(path, resourceVersion=start) as watch:
            while True:
                name, item = await watch.next()
                if item["metadata"].get("name") == "end":
                    return events
                events.append((name, item))

    def plain(self, value: Any) -> Any:
        """Return a document without what differs from server to server."""
        if isinstance(value, dict):
            plain = {key: self._member(key, item) for key, item in value.items()}
            causes = plain.get("causes")
            if isinstance(causes, list):
                # Some registries run a check twice, and Go walks maps at random.
                unique = {json.dumps(cause): cause for cause in causes}
                plain["causes"] = [unique[key] for key in sorted(unique)]
            return plain
        if isinstance(value, list):
            return [self.plain(item) for item in value]
        return self._text(value) if isinstance(value, str) else value

    def _member(self, key: str, item: Any) -> Any:
        if key == "resourceVersion":
            return self._versions.setdefault(item, f"version {len(self._versions)}")
        if key == "clusterIP" and item not in {"None", ""}:
            return "IP"
        if key == "clusterIPs" and item != ["None"]:
            return ["IP"]
        if key == "managedFields":
            # They are sorted by time, and a second may end between two writes.
            return sorted(map(self.plain, item), key=_ordered)
        return self.plain(item)

    def _text(self, text: str) -> str:
        text = _TIME.sub("TIME", text.replace(self.server.namespace, "NS"))
        text = _VERSION.sub("resourceVersion:VERSION", text)
        # That there was an empty map of labels is not remembered: it is told as none.
        text = text.replace(_NO_LABELS.format("{}"), _NO_LABELS.format("null"))
        # Go writes the keys of a patched document in order where it was touched.
        text = _DOCUMENT.sub("DOCUMENT", text)
        return _UUID.sub(self._uid, text)

    def _uid(self, match: re.Match[str]) -> str:
        return self._uids.setdefault(match[0], f"uid {len(self._uids)}")


@asynccontextmanager
async def _both(plane: ControlPlane) -> AsyncGenerator[tuple[_World, _World]]:
    """Give both servers, each with a namespace of its own and the Widgets."""
    real = HttpTransport(plane.url, token=plane.token(), context=plane.ssl_context())
    embedded = ApiServer().transport()
    name = f"differential-{os.getpid()}-{next(_numbers)}"
    worlds: list[_World] = []
    try:
        for kind, transport in (("embedded", embedded), ("real", real)):
            server = Server(kind, transport, name)
            body = {"metadata": {"name": name}}
            (await server.post("/api/v1/namespaces", body)).ok(201)
            await install(server)
            worlds.append(_World(server))
        yield worlds[0], worlds[1]
    finally:
        await real.close()
        await embedded.close()


def _ordered(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
