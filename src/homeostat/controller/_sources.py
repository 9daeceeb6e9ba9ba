"""From changes in the caches to keys in the queue."""

import logging
from collections.abc import Callable
from typing import final

from homeostat._guard import Failed, call
from homeostat.api import NamespacedName, Request, kind_of
from homeostat.cache import Delta, Reader, Record
from homeostat.controller._controller import Controller
from homeostat.controller._predicate import DEFAULT_FOR_OTHERS, Predicate
from homeostat.controller._trigger import Trigger
from homeostat.controller._watch import MapFunction, Watch
from homeostat.workqueue import QueueClosedError, WorkQueue

__all__ = ["LOW", "MappedSource", "ReconciledSource"]

logger = logging.getLogger(__name__)

# What was there at the start gives way to what changes now.
# Source: controller-runtime ``handler.LowPriority``.
LOW = -100


def _what(delta: Delta) -> str:
    if delta.reason in {"resync", "restart"}:
        return delta.reason
    if delta.initial:
        return "present"
    if delta.old is None:
        return "added"
    return "deleted" if delta.new is None else "changed"


@final
class ReconciledSource:
    """Changes of the reconciled kind itself.

    Args:
        engine: Whose queue gets the keys.
        kind: Name of the kind, for reasons.
        predicate: Which changes matter.
        is_invalid: Whether an object was not reconciled because it did not decode:
            then any change may have mended it.
    """

    def __init__(
        self,
        engine: Controller[Request],
        *,
        kind: str,
        predicate: Predicate,
        is_invalid: Callable[[Request], bool],
    ) -> None:
        self._engine = engine
        self._kind = kind
        self._is_invalid = is_invalid
        self.trigger: Trigger[Request] = Trigger(predicate, source=kind)

    def handle(self, delta: Delta) -> None:
        """Take one change; called on the loop, never waits."""
        name = delta.key
        key = Request(name.namespace, name.name)
        due = self.trigger.due(key, name, delta.old, delta.new)
        if due or delta.reason in {"resync", "restart"} or self._is_invalid(key):
            self._engine.queue.add(
                key,
                priority=LOW if delta.initial or delta.reason == "resync" else 0,
                reason=f"{self._kind} {_what(delta)}",
            )


@final
class MappedSource:
    """Changes of another kind, mapped to the objects to reconcile.

    A map function that raises is called again with backoff: its change is kept, from
    the oldest state that was not mapped to the newest.

    Args:
        engine: Whose queue gets the keys.
        watch: What is watched, and how it is mapped.
        reader: The caches, for the map function.
        namespaced: Says whether the reconciled kind lives in namespaces.
    """

    def __init__(
        self,
        engine: Controller[Request],
        watch: Watch,
        *,
        reader: Reader,
        namespaced: Callable[[], bool],
    ) -> None:
        self._engine = engine
        self._kind = kind_of(watch.kind).kind
        self._to: MapFunction = watch.to
        self._reader = reader
        self._namespaced = namespaced
        predicate = watch.predicate or DEFAULT_FOR_OTHERS
        self.trigger: Trigger[Request] = Trigger(predicate, source=self._kind)
        self._kept: dict[NamespacedName, Delta] = {}
        self._retries: WorkQueue[NamespacedName] = WorkQueue()

    def handle(self, delta: Delta) -> None:
        """Take one change; called on the loop, never waits."""
        kept = self._kept.pop(delta.key, None)
        if kept is not None:
            delta = delta._replace(old=kept.old)
        if not self._map(delta):
            self._kept[delta.key] = delta
            self._retries.retry(delta.key)

    async def run(self) -> None:
        """Map again what could not be mapped, until cancelled."""
        while True:
            try:
                async with self._retries.lease() as item:
                    delta = self._kept.pop(item.key, None)
                    if delta is not None and not self._map(delta):
                        self._kept[item.key] = delta
                        self._retries.retry(item.key)
                        continue
                    self._retries.forget(item.key)
            except QueueClosedError:
                return

    def _map(self, delta: Delta) -> bool:
        """Queue what a change maps to; False when the map function raised."""
        # Both states: a reference that was dropped concerns the one it named.
        states = {id(r): r for r in (delta.old, delta.new) if r is not None}
        keys: dict[Request, None] = {}
        for record in states.values():
            mapped = call(f"map function of {self._kind}", self._mapped, record)
            if isinstance(mapped, Failed):
                return False
            keys.update(dict.fromkeys(mapped))
        for key in keys:
            self._queue(key, delta)
        return True

    def _mapped(self, record: Record) -> list[Request]:
        found = list(self._to(record, self._reader))
        for key in found:
            if not isinstance(key, Request):
                raise TypeError(f"a map function returned {key!r}, not a Request")
        if self._namespaced():
            return found
        return [Request("", key.name, key.cluster) for key in found]

    def _queue(self, key: Request, delta: Delta) -> None:
        due = self.trigger.due(key, delta.key, delta.old, delta.new)
        if due or delta.reason == "restart":
            self._engine.queue.add(
                key,
                priority=LOW if delta.initial else 0,
                reason=f"{self._kind} {delta.key.name} {_what(delta)}",
            )
