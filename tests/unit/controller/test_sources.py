import asyncio
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from homeostat._tasks import Group
from homeostat.api import GroupVersionKind, Request
from homeostat.cache import Delta, Reader, Record
from homeostat.controller import Controller, Run, Watch
from homeostat.controller._predicate import DEFAULT_FOR_RECONCILED
from homeostat.controller._sources import LOW, MappedSource, ReconciledSource
from homeostat.testing import run_virtual

GVK = GroupVersionKind("", "v1", "Thing")


def record(version: int = 1, *, generation: int = 1, **body: Any) -> Record:
    metadata: dict[str, Any] = {
        "name": "a",
        "namespace": "default",
        "uid": "u1",
        "resourceVersion": str(version),
        "generation": generation,
    }
    return Record.read(msgspec.json.encode({"metadata": metadata, **body}), gvk=GVK)


def engine() -> Controller[Request]:
    async def reconcile(_key: Request, _run: Run[Request]) -> None:
        pass

    return Controller("c", reconcile)


def reconciled(*, invalid: bool = False) -> tuple[Controller[Request], Any]:
    made = engine()
    source = ReconciledSource(
        made,
        kind="Thing",
        predicate=DEFAULT_FOR_RECONCILED,
        is_invalid=lambda _key: invalid,
    )
    return made, source


def mapped() -> tuple[Controller[Request], Any]:
    def to(record: Record, _reader: Reader) -> Iterable[Request]:
        return [Request(record.namespace, "owner")]

    made = engine()
    watch = Watch(GVK, to=to)
    return made, MappedSource(made, watch, reader=Reader([]), namespaced=lambda: True)


async def queued(made: Controller[Request]) -> tuple[int, tuple[str, ...]] | None:
    """Return priority and reasons of what is due, None for nothing."""
    if not len(made.queue):
        return None
    async with made.queue.lease() as item:
        return item.priority, item.reasons


APPEARS = Delta(None, record(), "watch")
CHANGES = Delta(record(), record(2, generation=2), "watch")
STATUS = Delta(record(), record(2, status={"x": 1}), "watch")


@pytest.mark.parametrize(
    ("delta", "expected"),
    [
        (APPEARS, (0, ("Thing added",))),
        (APPEARS._replace(initial=True), (LOW, ("Thing present",))),
        (CHANGES, (0, ("Thing changed",))),
        (Delta(record(), None, "watch"), (0, ("Thing deleted",))),
        (STATUS, None),
        # Nothing changed, and it is looked at all the same.
        (Delta(record(), record(), "resync"), (LOW, ("Thing resync",))),
        (Delta(record(), record(), "restart"), (0, ("Thing restart",))),
    ],
)
async def test_changes_of_the_reconciled_kind(
    delta: Delta, expected: tuple[int, tuple[str, ...]] | None
) -> None:
    made, source = reconciled()
    source.handle(delta)
    assert await queued(made) == expected


async def test_any_change_may_have_mended_what_could_not_be_read() -> None:
    made, source = reconciled(invalid=True)
    source.handle(STATUS)
    assert await queued(made) == (0, ("Thing changed",))


@pytest.mark.parametrize(
    ("delta", "expected"),
    [
        (APPEARS, (0, ("Thing a added",))),
        (APPEARS._replace(initial=True), (LOW, ("Thing a present",))),
        (STATUS, (0, ("Thing a changed",))),
        (Delta(record(), record(2), "watch"), None),
        (Delta(record(), record(), "resync"), None),
        (Delta(record(), record(), "restart"), (0, ("Thing a restart",))),
    ],
)
async def test_changes_of_another_kind(
    delta: Delta, expected: tuple[int, tuple[str, ...]] | None
) -> None:
    made, source = mapped()
    source.handle(delta)
    assert await queued(made) == expected


class Moody:
    """Maps a thing to its owner, when it is in the mood.

    Attributes:
        refusals: How many of the next calls raise.
        calls: The loop's time of every call.
    """

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.calls: list[float] = []

    def __call__(self, record: Record, _reader: Reader) -> Iterable[Request]:
        self.calls.append(asyncio.get_running_loop().time())
        if self.refusals:
            self.refusals -= 1
            raise ValueError("not now")
        return [Request(record.namespace, record.object["owner"], "far")]

    def source(
        self, made: Controller[Request], *, namespaced: bool = True, **options: Any
    ) -> MappedSource:
        watch = Watch(GVK, to=self, **options)
        return MappedSource(
            made, watch, reader=Reader([]), namespaced=lambda: namespaced
        )


async def names(made: Controller[Request]) -> list[str]:
    """Return the keys that are due, in the order in which they come."""
    found: list[str] = []
    while len(made.queue):
        async with made.queue.lease() as item:
            found.append(str(item.key))
    return sorted(found)


A, B, C = (record(n, owner=name) for n, name in enumerate("abc", 1))


async def test_dropped_reference_concerns_whom_it_named() -> None:
    made = engine()
    Moody(0).source(made).handle(Delta(A, B, "watch"))
    assert await names(made) == ["far/default/a", "far/default/b"]


async def test_change_that_was_not_mapped_is_kept_from_its_oldest_state() -> None:
    made, moody = engine(), Moody(1)
    source = moody.source(made)
    source.handle(Delta(A, B, "watch"))
    assert await names(made) == []
    source.handle(Delta(B, C, "watch"))
    assert await names(made) == ["far/default/a", "far/default/c"]


async def test_change_is_mapped_as_a_whole_or_not() -> None:
    made = engine()
    Moody(1).source(made).handle(Delta(A, B, "watch"))
    assert await names(made) == []


async def test_cluster_scoped_keys_have_no_namespace() -> None:
    made = engine()
    Moody(0).source(made, namespaced=False).handle(Delta(None, A, "watch"))
    assert await names(made) == ["far/a"]


async def test_predicate_of_a_watch_replaces_the_default() -> None:
    made = engine()
    source = Moody(0).source(made, predicate=DEFAULT_FOR_RECONCILED)
    source.handle(Delta(A, record(2, owner="a", status={}), "watch"))
    assert await names(made) == []


def test_map_function_that_raises_is_called_again_until_it_answers() -> None:
    async def main() -> None:
        made, moody = engine(), Moody(12)
        source = moody.source(made)
        async with Group() as tasks:
            running = tasks.start(source.run(), name="retries")
            source.handle(Delta(None, A, "watch"))
            await asyncio.sleep(60)
            assert len(moody.calls) == 13
            assert moody.calls[-1] - moody.calls[-2] > 1
            assert await names(made) == ["far/default/a"]
            # It answered: what fails next is tried again at once.
            moody.refusals = 1
            source.handle(Delta(A, B, "watch"))
            await asyncio.sleep(60)
            assert moody.calls[-2] - moody.calls[-3] < 0.1
            assert await names(made) == ["far/default/a", "far/default/b"]
            running.cancel()

    run_virtual(main())


def test_change_that_was_mapped_with_a_later_one_is_not_mapped_again() -> None:
    async def main() -> None:
        made, moody = engine(), Moody(1)
        source = moody.source(made)
        async with Group() as tasks:
            running = tasks.start(source.run(), name="retries")
            source.handle(Delta(None, A, "watch"))
            source.handle(Delta(A, B, "watch"))
            await asyncio.sleep(60)
            assert len(moody.calls) == 2
            running.cancel()

    run_virtual(main())


@pytest.mark.parametrize("wrong", ["default/a", None, ("default", "a")])
async def test_map_function_returns_requests_and_nothing_else(
    wrong: object, caplog: pytest.LogCaptureFixture
) -> None:
    made = engine()
    watch = Watch(GVK, to=lambda _record, _reader: [wrong])  # type: ignore[list-item]
    source = MappedSource(made, watch, reader=Reader([]), namespaced=lambda: True)
    source.handle(Delta(None, A, "watch"))
    assert await names(made) == []
    assert "map function of Thing raised" in caplog.text
    assert "not a Request" in caplog.text
