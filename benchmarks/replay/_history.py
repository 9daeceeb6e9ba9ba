"""What happened to the objects: one line of updates, as long as one asks for."""

from collections.abc import Callable, Iterator
from math import gcd
from typing import Final

from benchmarks.replay._objects import Change, Template

__all__ = ["FIRST_VERSION", "History"]

FIRST_VERSION: Final = 1000


class History:
    """N objects, and updates that go round all of them in a scattered order.

    Update ``k`` has the resourceVersion ``FIRST_VERSION + N + k``; which object it
    changes is arithmetic, so the state after any update is known without keeping one.

    Args:
        count: N, at least 1.
        template: Renders them.

    Attributes:
        updates: How many there were.
        listeners: Called after more of them.
        on_live: Updates to start when a watch has seen the state it begins with.
    """

    def __init__(self, count: int, template: Template) -> None:
        self.count = count
        self.template = template
        self.updates = 0
        self.listeners: set[Callable[[], None]] = set()
        self.on_live = 0
        self._stride = next(
            n for n in range(7919, 7919 + count + 2) if gcd(n, count) == 1
        )
        self._inverse = pow(self._stride, -1, count) if count > 1 else 0

    @property
    def version(self) -> int:
        """The resourceVersion of the newest change."""
        return self.version_of(self.updates)

    def version_of(self, update: int) -> int:
        """Return the resourceVersion of an update."""
        return FIRST_VERSION + self.count + update

    def reached_live(self) -> None:
        """Take note that a watch has seen the state that it begins with."""
        if self.on_live:
            self.storm(self.on_live)

    def update_of(self, version: int) -> int | None:
        """Return which update a version names; None for one that is too old."""
        update = version - FIRST_VERSION - self.count
        return update if update >= 0 else None

    def storm(self, updates: int) -> None:
        """Let that many updates happen."""
        self.updates += updates
        for listener in tuple(self.listeners):
            listener()

    def changed_by(self, update: int) -> int:
        """Return which object an update changes; the first update is 1."""
        return (update - 1) * self._stride % self.count

    def object_at(self, number: int, update: int) -> bytes:
        """Return an object as it is after an update."""
        first = number * self._inverse % self.count + 1
        if update < first:
            return self.template.render(number, Change(FIRST_VERSION + number + 1))
        rounds = (update - first) // self.count
        version = FIRST_VERSION + self.count + first + rounds * self.count
        return self.template.render(number, Change(version, rounds + 1))

    def objects(self, namespace: str, update: int, start: int = 0) -> Iterator[bytes]:
        """Yield the objects of a namespace ("" for all), from a number on."""
        for number in self.numbers(namespace, start):
            yield self.object_at(number, update)

    def numbers(self, namespace: str, start: int = 0) -> Iterator[int]:
        """Yield the numbers of the objects of a namespace ("" for all)."""
        of = self.template.namespace_of
        return (
            number
            for number in range(start, self.count)
            if not namespace or of(number) == namespace
        )
