"""Answers that are long: lists and watches, one object in memory at a time."""

import json
from collections.abc import Iterator
from typing import Any, Protocol

from benchmarks.replay._history import History
from benchmarks.replay._objects import API_VERSION, KIND

__all__ = ["IdleWatch", "ObjectList", "Source", "Watch", "line"]

_INITIAL_EVENTS_END = {"k8s.io/initial-events-end": "true"}


class Source(Protocol):
    """What an answer is made of.

    Attributes:
        seconds: How long it lasts at most, None for as long as it takes.
    """

    seconds: float | None

    def blocks(self) -> Iterator[bytes | None]:
        """Yield the answer's parts, None where there is nothing for a moment."""

    def tick(self) -> bytes:
        """Return what keeps an idle answer alive, b"" for nothing."""


def line(type_: str, obj: dict[str, Any]) -> bytes:
    """Return an event of a watch."""
    event = {"type": type_, "object": obj}
    return json.dumps(event, separators=(",", ":")).encode() + b"\n"


class ObjectList:
    """A list, or a page of one.

    Args:
        history: The objects.
        namespace: "" for all.
        start: Number of the first object.
        limit: Objects of the page, 0 for all.
        update: The state that is listed.
    """

    seconds: float | None = None

    def __init__(
        self, history: History, namespace: str, *, start: int, limit: int, update: int
    ) -> None:
        self._history = history
        self._update = update
        numbers = history.numbers(namespace, start)
        self._numbers = numbers if not limit else iter(_taken(numbers, limit))
        meta: dict[str, Any] = {}
        if limit and (rest := _rest(history, namespace, start, limit)):
            following, remaining = rest
            meta["continue"] = f"{following}.{update}"
            meta["remainingItemCount"] = remaining
        meta["resourceVersion"] = str(history.version_of(update))
        self._head = (
            f'{{"apiVersion":"{API_VERSION}","kind":"{KIND}List",'
            f'"metadata":{json.dumps(meta, separators=(",", ":"))},"items":['
        ).encode()

    def blocks(self) -> Iterator[bytes | None]:
        """Yield the list's head, each object, and its end."""
        separator = self._head
        for number in self._numbers:
            yield separator + self._history.object_at(number, self._update)
            separator = b","
        yield self._head + b"]}\n" if separator is self._head else b"]}\n"

    def tick(self) -> bytes:
        """A list is never idle."""
        return b""


class Watch:
    """A watch of the objects.

    Args:
        history: The objects.
        namespace: "" for all.
        update: The newest update that the client knows, or the state it begins with.
        state: The objects as they are at ``update`` come first, as ADDED.
        announced: A bookmark says when that state is complete.
        bookmarks: The client wants bookmarks.
        seconds: How long the watch lasts.
    """

    def __init__(  # a watch's options, all keyword-only
        self,
        history: History,
        namespace: str,
        *,
        update: int,
        state: bool,
        announced: bool,
        bookmarks: bool,
        seconds: float,
    ) -> None:
        self.seconds: float | None = seconds
        self._history = history
        self._namespace = namespace
        self._update = update
        self._state = state
        self._announced = announced
        self._bookmarks = bookmarks

    def blocks(self) -> Iterator[bytes | None]:
        """Yield one event after the other, without an end."""
        history, namespace = self._history, self._namespace
        if self._state:
            for obj in history.objects(namespace, self._update):
                yield b'{"type":"ADDED","object":%b}\n' % obj
        if self._announced:
            yield self._bookmark(annotations=_INITIAL_EVENTS_END)
        history.reached_live()
        of = history.template.namespace_of
        while True:
            while self._update < history.updates:
                self._update += 1
                number = history.changed_by(self._update)
                if not namespace or of(number) == namespace:
                    obj = history.object_at(number, self._update)
                    yield b'{"type":"MODIFIED","object":%b}\n' % obj
            yield None

    def tick(self) -> bytes:
        """Return a bookmark, for who asked for them."""
        return self._bookmark() if self._bookmarks else b""

    def _bookmark(self, **more: object) -> bytes:
        version = str(self._history.version_of(self._update))
        meta = {"resourceVersion": version, "creationTimestamp": None, **more}
        obj = {"apiVersion": API_VERSION, "kind": KIND, "metadata": meta}
        return line("BOOKMARK", obj)


class IdleWatch:
    """A watch of something that never changes.

    Args:
        lines: Events that it begins with.
        seconds: How long it lasts.
    """

    def __init__(self, lines: list[bytes], seconds: float) -> None:
        self.seconds: float | None = seconds
        self._lines = lines

    def blocks(self) -> Iterator[bytes | None]:
        """Yield what it begins with, then nothing."""
        yield from self._lines
        while True:
            yield None

    def tick(self) -> bytes:
        """Nothing changes and nobody needs to know."""
        return b""


def _taken(numbers: Iterator[int], limit: int) -> list[int]:
    return [number for number, _ in zip(numbers, range(limit), strict=False)]


def _rest(
    history: History, namespace: str, start: int, limit: int
) -> tuple[int, int] | None:
    """Return the number that follows a page and how many objects are left."""
    if not namespace:
        following = start + limit
        left = history.count - following
        return (following, left) if left > 0 else None
    left_over = list(history.numbers(namespace, start))[limit:]
    return (left_over[0], len(left_over)) if left_over else None
