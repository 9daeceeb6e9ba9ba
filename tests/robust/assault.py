"""Sends malformed requests to a server in a process of its own, and watches it.

    python -m tests.robust.assault --count 100000 --seed 1

No request may hang or be answered by a failure of the server's own; after each hundred
a good one works; and once it is warm, the process does not grow.
"""

import argparse
import asyncio
import json
import logging
import re
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from homeostat._tasks import Group
from homeostat.apiserver import ApiServer, serve
from homeostat.localcluster import Pki
from tests.harness.objects import config_map
from tests.robust.malformed import Malformed, malformed
from tests.robust.spoiled import GOOD

__all__ = ["Report", "assault"]

logger = logging.getLogger(__name__)

_AT_ONCE: Final = 8
_ANSWER_SECONDS: Final = 30.0  # the huge ones take two seconds each, eight at once
_WATCH_SECONDS: Final = 0.05
_GOOD_EVERY: Final = 100
_TOLD_EVERY: Final = 5_000
_WARM: Final = 0.25  # of the requests, after which memory is measured
_STATUS: Final = re.compile(rb"HTTP/1\.1 (\d{3}) ")
# What the real server answers to the same requests with a code of its own failures.
_KNOWN: Final = re.compile(
    rb"failed to create typed patch object|failed to create manager for existing fields"
    rb"|resourceVersion should not be set on objects to be created"
    rb"|Too large resource version|unsupported protocol version"
    rb"|did not complete within requested timeout|does not implement the operation"
    rb"|target\.(name|kind): |Unsupported transfer encoding|in chunk length"
    rb"|for chunk length|chunk length too large|malformed (chunked|MIME)|chunked line"
)


@dataclass(kw_only=True)
class Report:
    """What came of it.

    Attributes:
        answers: How many answers had each status; 0: the connection was closed.
        failures: What must not be, each with the number of the request.
        slowest: Seconds of the slowest answer, its number and its sort.
        warm_kib: Memory of the server once it was warm.
        end_kib: Memory at the end.
        seconds: How long all of it took.
    """

    answers: dict[int, int] = field(default_factory=dict[int, int])
    failures: list[str] = field(default_factory=list[str])
    slowest: tuple[float, int, str] = (0.0, -1, "")
    warm_kib: int = 0
    end_kib: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        counts = ", ".join(f"{code}: {n}" for code, n in sorted(self.answers.items()))
        seconds, number, sort = self.slowest
        return "\n".join(
            [
                f"answers      {counts}",
                f"slowest      {seconds:.2f} s (number {number}, {sort})",
                f"memory       {self.warm_kib} KiB warm, {self.end_kib} KiB at the end",
                f"took         {self.seconds:.0f} s",
                f"failures     {len(self.failures)}",
                *self.failures[:20],
            ]
        )


async def assault(count: int, seed: int) -> Report:
    """Send so many malformed requests, the same ones for the same seed."""
    report = Report()
    started = time.monotonic()
    async with _process() as server:
        for good in (GOOD[0], GOOD[3], GOOD[14], GOOD[15]):
            await _ask(server.plain, _bytes(*good))
        numbers = iter(range(count))

        async def work() -> None:
            for number in numbers:
                if number in (int(count * _WARM), count - 1):
                    report.warm_kib, report.end_kib = report.end_kib, server.resident
                request = malformed(seed, number)
                port = server.secure if request.secure else server.plain
                await _send(request, port, report)
                if number % _GOOD_EVERY == _GOOD_EVERY - 1:
                    await _check_good(server.plain, report, number)
                if number % _TOLD_EVERY == _TOLD_EVERY - 1:
                    logger.info("%s: %s", number + 1, report)

        async with Group() as tasks:
            for n in range(_AT_ONCE):
                tasks.start(work(), name=f"assault/worker-{n}")
        await _check_good(server.plain, report, count)
    report.seconds = time.monotonic() - started
    return report


async def _send(request: Malformed, port: int, report: Report) -> None:
    where = f"number {request.number} ({request.sort})"
    before = time.monotonic()
    try:
        answer = await _ask(port, *request.parts, wait=request.whole)
    except TimeoutError:
        report.failures.append(f"{where}: no answer in {_ANSWER_SECONDS:g} s")
        return
    except ConnectionError:
        answer = b""
    spent = time.monotonic() - before
    report.slowest = max(report.slowest, (spent, request.number, request.sort))
    for code in map(int, _STATUS.findall(answer) or [0]):
        report.answers[code] = report.answers.get(code, 0) + 1
        if code >= 500 and not _KNOWN.search(answer):
            report.failures.append(f"{where}: {answer[:400]!r}")


async def _check_good(port: int, report: Report, number: int) -> None:
    # In a namespace of their own: a malformed request may delete all that there is.
    path = "/api/v1/namespaces/kube-system/configmaps"
    made = await _ask(port, _bytes("POST", path, "", config_map(f"good-{number}")))
    read = await _ask(port, _bytes("GET", f"{path}/good-{number}", "", None))
    gone = await _ask(port, _bytes("DELETE", f"{path}/good-{number}", "", None))
    codes = [int(_STATUS.findall(answer)[0]) for answer in (made, read, gone)]
    if codes != [201, 200, 200]:
        report.failures.append(f"after {number} the good ones: {codes}")


def _bytes(method: str, path: str, media: str, document: Any) -> bytes:
    sent = b"" if document is None else json.dumps(document).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    head += f"Content-Type: {media}\r\n" if media else ""
    return f"{head}Content-Length: {len(sent)}\r\n\r\n".encode() + sent


async def _ask(port: int, *parts: bytes, wait: bool = True) -> bytes:
    """Send bytes, and return what comes back until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            for part in parts:
                writer.write(part)
                with suppress(ConnectionError):
                    await writer.drain()
                if len(parts) > 1:
                    await asyncio.sleep(0.005)
            return await _answer(reader) if wait else b""
    finally:
        writer.transport.abort()


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """Read until the end, or as long as something comes of a watch."""
    answer, watch = b"", False
    while True:
        try:
            async with asyncio.timeout(_WATCH_SECONDS if watch else _ANSWER_SECONDS):
                part = await reader.read(1 << 20)
        except TimeoutError:
            if watch:
                return answer
            raise
        if not part:
            return answer
        # A watch has no end; what is no watch has a length, and says so. Several
        # requests that came at once may be answered at once.
        watch = watch or b"ransfer-Encoding: chunked" in part
        answer = (answer + part)[:_KEPT]


_KEPT: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class _Server:
    """A server in a process of its own: its id, its plain port, that with TLS."""

    pid: int
    plain: int
    secure: int

    @property
    def resident(self) -> int:
        """Its memory in KiB; 0 where nobody tells it."""
        path = Path(f"/proc/{self.pid}/status")
        found = path.exists() and re.search(r"VmRSS:\s+(\d+)", path.read_text())
        return int(found[1]) if found else 0


@asynccontextmanager
async def _process() -> AsyncGenerator[_Server]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.robust.assault", "--serve"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        plain, secure = map(int, (await process.stdout.readline()).split())
        yield _Server(process.pid, plain, secure)
    finally:
        process.stdin.close()
        await process.wait()


async def _serve() -> None:
    server = ApiServer()
    async with serve(server) as plain, serve(server, tls=Pki().tls()) as secure:
        ports = [url.rpartition(":")[2] for url in (plain, secure)]
        sys.stdout.write(f"{ports[0]} {ports[1]}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)  # until the parent is gone


def main() -> int:
    """Run from the command line; returns 1 when something must not have been."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--serve", action="store_true")
    options = parser.parse_args()
    if options.serve:
        asyncio.run(_serve())
        return 0
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    report = asyncio.run(assault(options.count, options.seed))
    sys.stdout.write(f"{report}\n")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
