"""The triggering rule: what has changed since a key's last reconcile started. Pure.

A change makes a key due when what its predicates look at differs from what the key's
last reconcile started from. The controller's own status write does not change that
part, so it does not trigger; another's change that comes back in the same response
does, because the comparison is with the start and not with the write.

What the last reconcile started from is not stored for every object: an object about
which nothing is known has not changed since, so the state before its first change is
the state at the start.
"""

from collections.abc import Hashable
from typing import Generic, TypeVar, final

from homeostat._guard import Failed, call
from homeostat.api import NamespacedName
from homeostat.cache import Record
from homeostat.controller._predicate import Predicate, Verdict

__all__ = ["Trigger"]

K = TypeVar("K", bound=Hashable)

_ABSENT = "absent"  # the projection of an object that is not there
_GONE: tuple[Hashable, ...] = (_ABSENT,)


@final
class Trigger(Generic[K]):
    """Judges the changes of the objects of one source.

    Invariant: ``_since[key][name]`` holds the projections of the object at the start
    of the key's last reconcile, for objects that differ from them now. Its size is
    bounded by the changes that are not reconciled yet.

    Args:
        predicate: What to look at.
        source: Names the source in the log.
    """

    __slots__ = ("_predicate", "_projection", "_since", "_source", "_tests")

    def __init__(self, predicate: Predicate, *, source: str) -> None:
        self._predicate = predicate
        self._tests = predicate.tests()
        # Most predicates are one projection: then a difference is all there is to see.
        self._projection = predicate.projection
        self._source = source
        self._since: dict[K, dict[NamespacedName, tuple[Hashable, ...]]] = {}

    def __len__(self) -> int:
        """Return how many keys have changes that no reconcile started from."""
        return len(self._since)

    def started(self, key: K) -> None:
        """Take note that a reconcile of ``key`` starts from the state of now."""
        self._since.pop(key, None)

    def due(
        self,
        key: K,
        name: NamespacedName,
        old: Record | None,
        new: Record | None,
    ) -> bool:
        """Return whether a change of one object makes ``key`` due.

        Args:
            key: What would be reconciled.
            name: Name of the object that changed.
            old: Its state before, None when it was not there.
            new: Its state now, None when it is gone.
        """
        changed = self._since.get(key)
        before = None if changed is None else changed.get(name)
        if before is None:
            before = self._project(old)
        now = self._project(new)
        if before == now:
            self._settle(key, name)
        elif changed is None:
            self._since[key] = {name: before}
        else:
            changed[name] = before
        if self._projection is not None:
            return before != now

        def judge(test: Predicate) -> Verdict:
            if test.test is not None:
                passed = call(f"predicate {test.name}", test.test, old, new)
                return True if isinstance(passed, Failed) else bool(passed)
            at = self._tests.index(test)
            if before[at] == _ABSENT or now[at] == _ABSENT:
                return None if before[at] != now[at] else False
            return before[at] != now[at]

        verdict = self._predicate.verdict(judge)
        return verdict is not False

    def _settle(self, key: K, name: NamespacedName) -> None:
        changed = self._since.get(key)
        if changed is not None:
            changed.pop(name, None)
            if not changed:
                del self._since[key]

    def _project(self, record: Record | None) -> tuple[Hashable, ...]:
        # Event tests have no projection: their place holds what never differs.
        if self._projection is not None:
            return _GONE if record is None else (self._projection(record),)
        if record is None:
            return tuple(_ABSENT if t.projection else "" for t in self._tests)
        return tuple(t.projection(record) if t.projection else "" for t in self._tests)
