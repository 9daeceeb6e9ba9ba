"""The store against a small model of a server, in every order of arrival."""

import json
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from homeostat.api import GroupVersionKind
from homeostat.cache import Indexer, Record, Store

POD = GroupVersionKind("", "v1", "Pod")
NAMES = st.sampled_from(["a", "a", "a", "b"])


@dataclass(frozen=True)
class Thing:
    """An object of the model; ``chosen`` is what the watch's selector asks for."""

    name: str
    uid: str
    version: int
    chosen: bool = True
    finalizer: bool = False
    deleting: bool = False

    def record(self, version: int | None = None) -> Record:
        metadata: dict[str, Any] = {
            "namespace": "default",
            "name": self.name,
            "uid": self.uid,
            "resourceVersion": str(version or self.version),
            "labels": {"chosen": str(self.chosen).lower()},
        }
        if self.deleting:
            metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        return Record.read(json.dumps({"metadata": metadata}).encode(), gvk=POD)


class Server:
    """One kind, one counter, every past state."""

    def __init__(self) -> None:
        self.version = 10
        self.things: dict[str, Thing] = {}
        self.log: list[tuple[int, str, Record]] = []
        self.past: dict[str, list[tuple[int, Thing | None]]] = {}
        self.uids = 0

    def commit(self, name: str, new: Thing | None) -> Thing | None:
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
            self.log.append(
                (self.version, "MODIFIED" if was else "ADDED", new.record())
            )
        elif was:
            assert old is not None
            self.log.append((self.version, "DELETED", old.record(self.version)))
        return new

    def at(self, name: str, version: int) -> Thing | None:
        state = None
        for when, thing in self.past.get(name, []):
            if when <= version:
                state = thing
        return state if state is not None and state.chosen else None

    def snapshot(self, version: int) -> list[Thing]:
        return [t for n in self.past if (t := self.at(n, version)) is not None]

    def write(self, name: str, *, chosen: bool, finalizer: bool) -> Thing:
        old = self.things.get(name)
        if old is None:
            self.uids += 1
            new = Thing(name, f"uid-{self.uids}", 0, chosen, finalizer)
        else:
            new = replace(old, chosen=chosen)
        made = self.commit(name, new)
        assert made is not None
        return made

    def delete(self, name: str, uid: str | None) -> tuple[str, Thing | None]:
        thing = self.things.get(name)
        if thing is None or (uid is not None and thing.uid != uid):
            return "refused", None
        if thing.finalizer:
            if thing.deleting:
                return "marked", thing
            return "marked", self.commit(name, replace(thing, deleting=True))
        self.commit(name, None)
        return "done", None

    def finalize(self, name: str) -> Thing:
        thing = self.things[name]
        self.commit(name, None)
        return thing


@dataclass
class Delete:
    """A delete of ours: sent, then done by the server, then answered."""

    name: str
    uid: str
    outcome: str = ""
    thing: Thing | None = None


class StoreAgainstServer(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.server = Server()
        self.indexer = Indexer(POD)
        self.store = Store(self.indexer)
        self.position = 0
        self.loading: list[Thing] | None = None
        self.answers: list[Record] = []
        self.deletes: list[Delete] = []
        self.floors: dict[str, int] = {}
        self.dead: set[str] = set()
        self.left: set[str] = set()
        self.list_now()

    # writes, of others and of ours

    @rule(name=NAMES, chosen=st.booleans(), ours=st.booleans(), answered=st.booleans())
    def somebody_writes(
        self, name: str, chosen: bool, ours: bool, answered: bool
    ) -> None:
        finalizer = chosen and answered
        thing = self.server.write(name, chosen=chosen, finalizer=finalizer)
        if not chosen:
            self.left.add(thing.uid)
        if ours and answered:
            self.take_answer(thing.record())
        elif ours:
            self.answers.append(thing.record())

    @rule(name=NAMES, finalizes=st.booleans())
    def other_deletes(self, name: str, finalizes: bool) -> None:
        thing = self.server.things.get(name)
        if thing is not None and thing.deleting and finalizes:
            self.server.finalize(name)
        else:
            self.server.delete(name, None)

    @rule(name=NAMES)
    def we_change_nothing(self, name: str) -> None:
        thing = self.server.things.get(name)
        if thing is not None:
            self.take_answer(thing.record())

    @precondition(lambda self: self.answers)
    @rule(data=st.data())
    def answer_arrives(self, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(self.answers) - 1))
        self.take_answer(self.answers.pop(place))

    def take_answer(self, record: Record) -> None:
        matches = record.labels["chosen"] == "true"
        self.apply(self.store.write_ok(record, matches=matches))
        assert record.version is not None
        self.floor(record.name, record.version)

    @rule(name=NAMES, done=st.booleans())
    def we_send_a_delete(self, name: str, done: bool) -> None:
        known = self.store.newest("default", name)
        if known is not None:
            self.deletes.append(Delete(name, known.uid))
            self.apply(self.store.deleting("default", name, known.uid))
            # What is on its way out shows until the answer says that it is gone.
            hidden = self.indexer.get("default", name) is None
            assert hidden or known.deleting
            if done:
                self.delete_is_done(lost=False)

    @precondition(lambda self: any(not d.outcome for d in self.deletes))
    @rule(lost=st.booleans())
    def delete_is_done(self, lost: bool) -> None:
        delete = next(d for d in self.deletes if not d.outcome)
        delete.outcome, delete.thing = self.server.delete(delete.name, delete.uid)
        if lost:
            delete.outcome = "lost"

    @precondition(lambda self: any(d.outcome for d in self.deletes))
    @rule()
    def delete_is_answered(self) -> None:
        delete = next(d for d in self.deletes if d.outcome)
        self.deletes.remove(delete)
        if delete.outcome == "lost":
            self.settle(delete)
        elif delete.outcome == "done":
            self.apply(self.store.delete_done("default", delete.name, delete.uid))
            self.dead.add(delete.uid)
        elif delete.outcome == "refused":
            self.apply(self.store.delete_failed(delete.uid))
        elif delete.thing is not None:
            record = delete.thing.record()
            matches = delete.thing.chosen
            self.apply(self.store.delete_marked(record, matches=matches))
            self.floor(delete.name, delete.thing.version)

    def settle(self, delete: Delete) -> None:
        thing = self.server.things.get(delete.name)
        if thing is None or thing.uid != delete.uid:
            self.apply(self.store.delete_done("default", delete.name, delete.uid))
            self.dead.add(delete.uid)
        else:
            self.apply(self.store.delete_failed(delete.uid))
        if thing is not None:
            self.take_answer(thing.record())

    # what the stream says

    @rule(count=st.integers(1, 3))
    def events_arrive(self, count: int) -> None:
        if self.loading:
            for thing in self.loading[:count]:
                self.apply(self.store.event("ADDED", thing.record()))
            self.loading = self.loading[count:]
            return
        waiting = [e for e in self.server.log if e[0] > self.position]
        for version, event_type, record in waiting[:count]:
            self.apply(self.store.event(event_type, record))
            self.position = version

    @rule(back=st.integers(1, 4))
    def an_old_event_comes_again(self, back: int) -> None:
        told = [e for e in self.server.log if e[0] <= self.position]
        if self.loading is None and len(told) >= back:
            _, event_type, record = told[-back]
            self.apply(self.store.event(event_type, record))

    @rule()
    def bookmark_arrives(self) -> None:
        if self.loading is not None:
            if self.loading:
                return
            self.loading = None
            deltas = self.store.finish(str(self.caught_up()))
            assert deltas is not None
            self.apply(deltas)
            return
        self.position = self.caught_up()
        self.apply(self.store.bookmark(str(self.position)))

    def caught_up(self) -> int:
        """Up to where everything was delivered."""
        waiting = [v for v, _, _ in self.server.log if v > self.position]
        return min(waiting) - 1 if waiting else self.server.version

    @precondition(lambda self: self.loading is None)
    @rule(data=st.data())
    def relist_some_state(self, data: st.DataObject) -> None:
        low = max(self.store.watermark, 10)
        version = data.draw(st.integers(low, self.server.version))
        items = [thing.record() for thing in self.server.snapshot(version)]
        deltas = self.store.list_(str(version), items)
        assert deltas is not None
        self.apply(deltas)
        self.position = version

    def list_now(self) -> None:
        items = [t.record() for t in self.server.snapshot(self.server.version)]
        deltas = self.store.list_(str(self.server.version), items, truth=True)
        assert deltas is not None
        self.apply(deltas)
        self.position = self.server.version

    @precondition(lambda self: self.loading is None)
    @rule(data=st.data())
    def stream_begins_anew(self, data: st.DataObject) -> None:
        low = max(self.store.watermark, 10)
        version = data.draw(st.integers(low, self.server.version))
        assert self.store.begin()
        self.loading = data.draw(st.permutations(self.server.snapshot(version)))
        self.position = version

    @precondition(lambda self: self.loading is None and self.store.watermark > 11)
    @rule()
    def list_from_the_past_is_refused(self) -> None:
        before = self.shown()
        stale = self.store.watermark - 1
        assert self.store.list_(str(stale), []) is None
        assert self.shown() == before

    # what must hold

    def apply(self, deltas: list[Any]) -> None:
        """Each delta starts where the one before ended, and never goes back."""
        for delta in deltas:
            old, new = delta.old, delta.new
            if old is not None and new is not None:
                assert new.version > old.version

    def floor(self, name: str, version: int) -> None:
        self.floors[name] = max(self.floors.get(name, 0), version)

    def shown(self) -> dict[str, tuple[str, int | None]]:
        return {r.name: (r.uid, r.version) for r in self.indexer}

    @invariant()
    def reads_are_states_since_our_writes(self) -> None:
        shown = self.shown()
        for name in ("a", "b"):
            floor = max(self.floors.get(name, 0), self.store.watermark)
            states = [self.server.at(name, floor)]
            states += [
                self.server.at(name, when)
                for when, _ in self.server.past.get(name, [])
                if when > floor
            ]
            allowed = {None if s is None else (s.uid, s.version) for s in states}
            if name not in shown and self.store.newest("default", name) is not None:
                continue  # hidden: our own delete is under way
            assert shown.get(name) in allowed

    @invariant()
    def what_we_deleted_is_not_shown(self) -> None:
        # An object that leaves the selector and comes back shows for a moment: the
        # stream's DELETED may have been the end of it.
        ended = self.dead | {delete.uid for delete in self.deletes}
        for record in self.indexer:
            assert record.uid not in ended - self.left or record.deleting

    def teardown(self) -> None:
        if not hasattr(self, "server"):
            return
        while any(not d.outcome for d in self.deletes):
            self.delete_is_done(lost=False)
        while self.deletes:
            self.delete_is_answered()
        for record in self.answers:
            self.take_answer(record)
        while self.loading or any(v > self.position for v, _, _ in self.server.log):
            self.events_arrive(3)
        self.bookmark_arrives()
        self.bookmark_arrives()
        assert self.shown() == {
            t.name: (t.uid, t.version)
            for t in self.server.snapshot(self.server.version)
        }
        assert not any(self.store.backlog.values()), self.store.backlog


TestStoreAgainstServer = StoreAgainstServer.TestCase
TestStoreAgainstServer.settings = settings(
    max_examples=400,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
