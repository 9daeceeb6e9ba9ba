"""A server with a folder is killed under load, again and again.

What clients know when it dies is all that counts: each answered write is there
afterwards, no version is given twice, and no watch has shown what is not there.
"""

import asyncio
import json
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from homeostat._tasks import Group
from homeostat._transport import HttpRequest
from homeostat.apiserver import ApiServer
from homeostat.errors import TransportError
from tests.harness.http import HttpTransport

FOLDERS = 20 if os.environ.get("HOMEOSTAT_SLOW") == "full" else 1
KILLS = 5  # of the servers on one folder, one after the other
WRITERS = 8
NAMES = 6  # of each writer
MAPS = "/api/v1/namespaces/default/configmaps"

# Checkpoints come as often as kills, so that these meet them at every stage.
SERVER = """
import asyncio, sys
from pathlib import Path
from homeostat.apiserver import ApiServer, _journal, serve
_journal.CHECKPOINT_COMMITS, _journal.MOST_PAGES = 10, 100
async def main():
    server = ApiServer(data_dir=Path(sys.argv[1]))
    async with serve(server) as url:
        print(url, server.revision, flush=True)
        await asyncio.get_running_loop().create_future()
asyncio.run(main())
"""


@dataclass(frozen=True)
class State:
    uid: str
    version: int
    number: str

    @staticmethod
    def of(value: Any) -> "State":
        metadata = value["metadata"]
        version = int(metadata["resourceVersion"])
        return State(metadata["uid"], version, value["data"]["n"])


@dataclass
class Ledger:
    """What clients know.

    Attributes:
        known: The last state of each name that a client was told; None for a deletion.
        sent: The write of a name that has no answer; None for a deletion.
        given: Every version that an answer told.
        events: What the watches of one life of the server showed.
        answers: How many writes were answered.
        due: At how many the server dies.
        dies: Set when it does.
    """

    known: dict[str, State | None] = field(default_factory=dict[str, State | None])
    sent: dict[str, str | None] = field(default_factory=dict[str, str | None])
    given: set[int] = field(default_factory=set[int])
    events: list[Any] = field(default_factory=list[Any])
    answers: int = 0
    due: int = 0
    dies: asyncio.Event = field(default_factory=asyncio.Event)

    def expect(self, answers: int) -> None:
        self.due = self.answers + answers
        self.dies.clear()

    def told(self, name: str, state: State | None) -> None:
        if state is not None:
            assert state.version not in self.given, "a version was given twice"
            self.given.add(state.version)
        self.known[name] = state
        del self.sent[name]
        self.answers += 1
        if self.answers == self.due:
            self.dies.set()

    def compare(self, found: dict[str, State], revision: int) -> None:
        """Check what a restart has brought back, and take it over."""
        assert revision >= max(self.given)
        assert set(found) <= set(self.known) | set(self.sent)
        for name in set(self.known) | set(self.sent):
            now, last = found.get(name), self.known.get(name)
            if now != last:
                assert name in self.sent, f"{name}: {last} became {now}"
                self._explain(name, now, last)
            self.known[name] = now
        for event in self.events:
            self._believe(event, found, revision)
        self.given |= {state.version for state in found.values()}
        self.sent.clear()
        self.events.clear()

    def _explain(self, name: str, now: State | None, last: State | None) -> None:
        """Check that the write without an answer made the difference."""
        number = self.sent[name]
        if now is None:
            assert number is None
            return
        assert now.number == number
        assert now.version not in self.given
        assert last is None or now.uid == last.uid

    def _believe(self, event: Any, found: dict[str, State], revision: int) -> None:
        shown = State.of(event["object"])
        name = event["object"]["metadata"]["name"]
        now = found.get(name)
        assert shown.version <= revision
        if event["type"] == "DELETED":
            assert now is None or now.version > shown.version
        elif now is None:  # deleted since: then it was not the write without an answer
            assert shown.number != self.sent.get(name)
        else:
            assert now == shown or now.version > shown.version


@contextmanager
def serving(folder: Path) -> "Iterator[tuple[subprocess.Popen[str], str, int]]":
    argv = [sys.executable, "-c", SERVER, str(folder)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as popen:
        assert popen.stdout is not None
        try:
            url, revision = popen.stdout.readline().split()
            yield popen, url, int(revision)
        finally:
            popen.kill()


async def send(
    transport: HttpTransport, method: str, path: str, body: Any = None
) -> Any:
    kind = "merge-patch+json" if method == "PATCH" else "json"
    data = b"" if body is None else json.dumps(body).encode()
    headers = {"content-type": f"application/{kind}"}
    request = HttpRequest(method=method, path=path, headers=headers, body=data)
    answer = await transport.request(request)
    assert answer.status in (200, 201), answer.body
    return json.loads(answer.body)


async def write(transport: HttpTransport, ledger: Ledger, writer: int) -> None:
    """Write until the server is gone."""
    chance = random.Random(writer + 100 * ledger.answers)
    while True:
        name = f"w{writer}-{chance.randrange(NAMES)}"
        number = str(chance.randrange(10**9))
        exists = ledger.known.get(name) is not None
        delete = exists and chance.random() < 0.3
        ledger.sent[name] = None if delete else number
        data = {"data": {"n": number, "text": "x" * chance.randrange(3000)}}
        try:
            if delete:
                await send(transport, "DELETE", f"{MAPS}/{name}")
                ledger.told(name, None)
                continue
            if exists:
                value = await send(transport, "PATCH", f"{MAPS}/{name}", data)
            else:
                metadata = {"metadata": {"name": name}}
                value = await send(transport, "POST", MAPS, {**metadata, **data})
        except TransportError:
            return
        ledger.told(name, State.of(value))


async def events(transport: HttpTransport, version: int) -> AsyncIterator[Any]:
    """Watch until the server is gone."""
    query = (("watch", "1"), ("resourceVersion", str(version)))
    request = HttpRequest(method="GET", path=MAPS, query=query)
    rest = b""
    try:
        async with transport.stream(request) as stream:
            async for chunk in stream.chunks():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    yield json.loads(line)
    except TransportError:
        return


async def watch(transport: HttpTransport, ledger: Ledger, version: int) -> None:
    async for event in events(transport, version):
        ledger.events.append(event)


async def kill(popen: "subprocess.Popen[str]", ledger: Ledger) -> None:
    await ledger.dies.wait()
    popen.kill()


def restored(folder: Path) -> tuple[dict[str, State], int]:
    server = ApiServer(data_dir=folder)
    live = server._cluster.store.table("configmaps.").live
    found = {entry.name: State.of(entry.value) for entry in live.values()}
    server.close()
    return found, server.revision


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(FOLDERS))
async def test_what_was_answered_survives_every_kill(seed: int, tmp_path: Path) -> None:
    ledger, chance = Ledger(), random.Random(seed)
    last = 0
    for _ in range(KILLS):
        with serving(tmp_path) as (popen, url, revision):
            transport = HttpTransport(url)
            try:
                if last:  # what an earlier life has told is expired, not forgotten
                    event = await anext(events(transport, last))
                    assert event["object"]["code"] == 410
                ledger.expect(chance.randrange(20, 150))
                async with Group() as tasks:
                    for writer in range(WRITERS):
                        tasks.start(write(transport, ledger, writer), name="writer")
                    for _ in range(2):
                        tasks.start(watch(transport, ledger, revision), name="watcher")
                    tasks.start(kill(popen, ledger), name="killer")
            finally:
                await transport.close()
            last = revision
        ledger.compare(*await asyncio.to_thread(restored, tmp_path))
    assert ledger.answers > 20 * KILLS
