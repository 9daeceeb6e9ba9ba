from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from homeostat.api import GroupVersionKind, Request
from homeostat.cache import Delta, Reader, Record
from homeostat.controller import Controller, Run, Watch
from homeostat.controller._predicate import DEFAULT_FOR_RECONCILED
from homeostat.controller._sources import LOW, MappedSource, ReconciledSource

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
