"""A small model of an API server: one kind, one counter, every past state.

And what is on its way between the server and a store.
"""

import json
import os
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import HealthCheck, settings

from homeostat.api import GroupVersionKind
from homeostat.cache import Record

__all__ = [
    "NAMESPACE",
    "POD",
    "Answer",
    "Delete",
    "LiveList",
    "Load",
    "Server",
    "Thing",
    "budget",
]

POD = GroupVersionKind("", "v1", "Pod")
NAMESPACE = "default"
_FULL = os.environ.get("HOMEOSTAT_SLOW") == "full"


def budget(examples: int, steps: int) -> settings:
    """Return settings: the same runs each time; many new with HOMEOSTAT_SLOW=full."""
    return settings(
        max_examples=25 * examples if _FULL else examples,
        stateful_step_count=steps,
        derandomize=not _FULL,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )


@dataclass(frozen=True)
class Thing:
    """An object; ``chosen`` is what the watch's selector asks for."""

    name: str
    uid: str
    version: int = 0
    chosen: bool = True
    finalizer: bool = False
    deleting: bool = False
    generation: int = 1
    spec: int = 0
    status: int = 0

    def record(self, version: int | None = None) -> Record:
        metadata: dict[str, Any] = {
            "namespace": NAMESPACE,
            "name": self.name,
            "uid": self.uid,
            "resourceVersion": str(version or self.version),
            "generation": self.generation,
            "labels": {"chosen": str(self.chosen).lower()},
        }
        if self.deleting:
            metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        document = {
            "metadata": metadata,
            "spec": {"n": self.spec},
            "status": {"n": self.status},
        }
        return Record.read(json.dumps(document).encode(), gvk=POD)


@dataclass
class Server:
    """Objects, what a watch says of them, and what they were at each version."""

    version: int = 10
    history: str = "first"
    things: dict[str, Thing] = field(default_factory=dict[str, Thing])
    log: list[tuple[int, str, Record]] = field(
        default_factory=list[tuple[int, str, Record]]
    )
    past: dict[str, list[tuple[int, Thing | None]]] = field(
        default_factory=dict[str, list[tuple[int, Thing | None]]]
    )
    uids: int = 0

    def commit(self, name: str, new: Thing | None) -> Thing | None:
        """Store a state of a name under the next version."""
        old = self.things.get(name)
        self.version += 1
        if new is None:
            del self.things[name]
        else:
            new = replace(new, version=self.version)
            self.things[name] = new
        self.past.setdefault(name, []).append((self.version, new))
        was, is_ = old is not None and old.chosen, new is not None and new.chosen
        if is_:
            assert new is not None
            kind = "MODIFIED" if was else "ADDED"
            self.log.append((self.version, kind, new.record()))
        elif was:
            assert old is not None
            self.log.append((self.version, "DELETED", old.record(self.version)))
        return new

    def create(
        self, name: str, *, chosen: bool = True, finalizer: bool = False
    ) -> Thing:
        """Create what is not there."""
        self.uids += 1
        made = Thing(name, f"{self.history}-{self.uids}", 0, chosen, finalizer)
        stored = self.commit(name, made)
        assert stored is not None
        return stored

    def update(self, name: str, **changes: Any) -> Thing:
        """Change what is there; a write that changes nothing makes no version."""
        old = self.things[name]
        new = replace(old, **changes)
        if new == old:
            return old
        if new.spec != old.spec:
            new = replace(new, generation=old.generation + 1)
        stored = self.commit(name, new)
        assert stored is not None
        return stored

    def delete(self, name: str, uid: str = "") -> tuple[str, Thing | None]:
        """Delete; returns ``absent``, ``conflict``, ``marked`` or ``done``."""
        thing = self.things.get(name)
        if thing is None:
            return "absent", None
        if uid and thing.uid != uid:
            return "conflict", None
        if not thing.finalizer:
            self.commit(name, None)
            return "done", None
        return "marked", self.update(name, deleting=True)

    def at(self, name: str, version: int) -> Thing | None:
        """Return what the watch's selector showed of a name at a version."""
        state = None
        for when, thing in self.past.get(name, []):
            if when <= version:
                state = thing
        return state if state is not None and state.chosen else None

    def snapshot(self, version: int) -> list[Thing]:
        """Return what the watch's selector showed at a version."""
        return [t for n in self.past if (t := self.at(n, version)) is not None]

    def earliest(
        self, name: str, state: tuple[str, int | None] | None, since: int
    ) -> int:
        """Return the earliest version since then that had a state: uid and version."""
        changes = (when for when, _ in self.past.get(name, []) if when > since)
        for when in (since, *changes):
            thing = self.at(name, when)
            if (thing and (thing.uid, thing.version)) == state:
                return when
        raise AssertionError(f"{name}: {state} is from before {since}")


@dataclass
class Load:
    """A whole state on its way: a paged list, or what a stream begins with."""

    entries: list[tuple[str, Record]]
    version: int


@dataclass(frozen=True)
class Answer:
    """What the server said to a write or a live read, not arrived yet.

    ``misjudged``: we take it for an object that the watch selects, and it is none.
    """

    record: Record
    reason: str = "write"
    misjudged: bool = False


@dataclass(eq=False)
class Delete:
    """A delete of ours: sent, then done by the server, then answered.

    ``outcome`` is "" before the server saw it, and ``lost`` when only a live read will
    tell. ``asked`` is the version of the server when it spoke last. ``hidden`` is off
    for what a live read finds gone without a delete of ours.
    """

    name: str
    uid: str
    outcome: str = ""
    thing: Thing | None = None
    asked: int = 0
    hidden: bool = True


@dataclass
class LiveList:
    """A list that was asked for because of a write of unknown name and outcome."""

    version: int
    items: list[Record]
    named: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
