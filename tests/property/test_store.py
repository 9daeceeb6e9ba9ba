"""The store against a model of a server, in every order of arrival.

What the server does and what the store is told of it are separate steps, in any order.
"""

import logging
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from homeostat.cache import Delta, Indexer, Record, Store
from tests.property.model import (
    NAMESPACE,
    POD,
    Answer,
    Delete,
    LiveList,
    Load,
    Server,
    Thing,
    budget,
)

NAMES = ("a", "b")
LIFE = 15  # steps between two ends of everything
US = ("controller", "key")
SOME_NAME = st.sampled_from(["a", "a", "a", "b"])


class StoreAgainstServer(RuleBasedStateMachine):
    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        logging.disable(logging.ERROR)  # of each loss
        self.server = Server()
        for name in NAMES:
            if data.draw(st.booleans()):
                self.server.create(name, chosen=data.draw(st.booleans()))
        # The newest version of the server, by name, that reads have shown so far.
        self.since: dict[str, int] = {}
        self.dead: set[str] = set()
        self.left: set[str] = set()
        self.losses = self.age = 0
        self.start_process()
        self.list_begins(self.server.version, truth=True)
        self.events_arrive(9, batch=False)
        self.load_ends()

    def is_time(self) -> bool:
        """Whether it is time for a new state: now and then, while there is a stream."""
        return self.age % 3 == 0 or not self.watching

    def start_process(self) -> None:
        self.indexer = Indexer(POD)
        self.store = Store(self.indexer)
        self.told: dict[str, Record] = {}  # by the deltas alone
        self.position = 0
        self.watching = self.resumable = self.synced = False
        self.load: Load | None = None
        self.answers: list[Answer] = []
        self.unsettled: list[str] = []  # names of writes without an answer
        self.live: LiveList | None = None
        self.written: list[int] = []  # versions of what we wrote
        self.confirmed = 0  # by a live list
        self.deletes: list[Delete] = []
        self.doubtful: dict[str, int] = {}  # until the watermark is there

    # writes, of others and of ours

    @rule(name=SOME_NAME, chosen=st.booleans(), spec=st.integers(0, 3))
    def other_writes(self, name: str, chosen: bool, spec: int) -> None:
        self.write(name, chosen=chosen, spec=spec)

    @rule(
        name=SOME_NAME,
        chosen=st.booleans(),
        spec=st.integers(0, 3),
        answer=st.sampled_from(["now", "later", "later", "lost", "not sent"]),
    )
    def we_write(self, name: str, chosen: bool, spec: int, answer: str) -> None:
        """Create, update or change nothing, as it comes."""
        if answer == "not sent":
            self.unsettled.append(name)
            return
        thing = self.write(name, chosen=chosen, spec=spec)
        if answer == "lost":
            self.unsettled.append(name)
            return
        misjudged = not thing.chosen and spec == 1
        self.answers.append(Answer(thing.record(), misjudged=misjudged))
        if answer == "now":
            self.take_answer(len(self.answers) - 1)

    def write(self, name: str, *, chosen: bool, spec: int) -> Thing:
        if name in self.server.things:
            thing = self.server.update(name, chosen=chosen, spec=spec)
        else:
            thing = self.server.create(name, chosen=chosen, finalizer=spec == 1)
        if not thing.chosen:
            self.left.add(thing.uid)
        return thing

    @rule(name=SOME_NAME, finalizes=st.booleans())
    def other_deletes(self, name: str, finalizes: bool) -> None:
        thing = self.server.things.get(name)
        if thing is not None and thing.deleting and finalizes:
            self.server.commit(name, None)
        else:
            self.server.delete(name)

    @precondition(lambda self: self.answers)
    @rule(data=st.data())
    def answer_arrives(self, data: st.DataObject) -> None:
        self.take_answer(data.draw(st.integers(0, len(self.answers) - 1)))

    def take_answer(self, place: int) -> None:
        answer = self.answers.pop(place)
        record = answer.record
        matches = record.labels["chosen"] == "true" or answer.misjudged
        reason: Any = answer.reason
        owner = US if reason == "write" else None
        self.apply(
            self.store.write_ok(record, matches=matches, reason=reason, owner=owner)
        )
        assert record.version is not None
        if owner and matches:
            self.written.append(record.version)
        self.seen(record.name, record.version)
        if answer.misjudged:
            until = self.doubtful.get(record.name, 0)
            self.doubtful[record.name] = max(until, record.version)

    @precondition(lambda self: self.unsettled)
    @rule()
    def live_read_is_answered(self) -> None:
        """Only the server's part: when that arrives is another step."""
        name = self.unsettled.pop(0)
        thing = self.server.things.get(name)
        known = self.store.newest(NAMESPACE, name)
        if thing is not None:
            self.answers.append(Answer(thing.record(), "live"))
        elif known is not None:
            now = self.server.version
            self.deletes.append(Delete(name, known.uid, "absent", None, now, False))

    @precondition(lambda self: self.synced and self.live is None)
    @rule()
    def live_list_is_answered(self) -> None:
        now = self.server.version
        self.live = LiveList(now, [t.record() for t in self.server.snapshot(now)])

    @precondition(lambda self: self.live)
    @rule(pages=st.integers(0, 1))
    def live_list_arrives(self, pages: int) -> None:
        """Objects first, one by one, then the end that says what is gone."""
        assert self.live is not None
        live = self.live
        if pages and live.items:
            record = live.items.pop()
            live.named.add((NAMESPACE, record.name))
            self.apply(self.store.write_ok(record, reason="live"))
            assert record.version is not None
            self.seen(record.name, record.version)
            return
        while live.items:
            self.live_list_arrives(1)
        self.live = None
        # What neither side has may come by an older event, and go by the next.
        known = [n for n in NAMES if self.store.newest(NAMESPACE, n) is not None]
        self.apply(self.store.confirm(str(live.version), live.named))
        self.confirmed = max(self.confirmed, live.version)
        for name in known:
            self.seen(name, live.version)

    @rule(name=SOME_NAME, done=st.booleans())
    def we_send_a_delete(self, name: str, done: bool) -> None:
        known = self.store.newest(NAMESPACE, name)
        if known is None:
            return
        self.deletes.append(Delete(name, known.uid))
        self.apply(self.store.deleting(NAMESPACE, name, known.uid))
        # What is on its way out shows until the answer says that it is gone.
        assert known.deleting or self.indexer.get(NAMESPACE, name) is None
        if done:
            self.do_delete(self.deletes[-1])

    @precondition(lambda self: any(not d.outcome for d in self.deletes))
    @rule(lost=st.sampled_from(["", "", "done", "undone"]))
    def delete_is_done(self, lost: str) -> None:
        delete = next(d for d in self.deletes if not d.outcome)
        if lost != "undone":
            self.do_delete(delete)
        if lost:
            delete.outcome = "lost"

    def do_delete(self, delete: Delete) -> None:
        delete.outcome, delete.thing = self.server.delete(delete.name, delete.uid)
        delete.asked = self.server.version

    @precondition(lambda self: any(d.outcome == "lost" for d in self.deletes))
    @rule()
    def delete_is_looked_up(self) -> None:
        delete = next(d for d in self.deletes if d.outcome == "lost")
        delete.thing = self.server.things.get(delete.name)
        delete.asked = self.server.version
        there = delete.thing is not None and delete.thing.uid == delete.uid
        delete.outcome = "there" if there else "absent"

    @precondition(lambda self: any(d.outcome not in {"", "lost"} for d in self.deletes))
    @rule(data=st.data())
    def delete_is_answered(self, data: st.DataObject) -> None:
        known = [d for d in self.deletes if d.outcome not in {"", "lost"}]
        self.end_delete(data.draw(st.sampled_from(known)))

    def end_delete(self, delete: Delete) -> None:
        self.deletes.remove(delete)
        store, name, uid, thing = self.store, delete.name, delete.uid, delete.thing
        if delete.outcome == "marked":
            assert thing is not None
            matches = thing.chosen
            self.apply(store.delete_marked(thing.record(), matches=matches, owner=US))
            self.seen(name, thing.version)
            return
        if delete.outcome in {"done", "absent"}:
            owner = US if delete.outcome == "done" else None
            self.apply(store.delete_done(NAMESPACE, name, uid, owner=owner))
            self.dead.add(uid)
            if delete.outcome == "done" and uid not in self.left:
                self.seen(name, delete.asked)
        else:
            self.apply(store.delete_failed(uid))
        if thing is not None:  # a live read found it, or its successor
            self.answers.append(Answer(thing.record(), "live"))
            self.take_answer(len(self.answers) - 1)

    # what the stream says

    @precondition(lambda self: self.load.entries if self.load else self.waiting())
    @rule(count=st.integers(1, 3), batch=st.booleans())
    def events_arrive(self, count: int, batch: bool) -> None:
        if self.load is not None:
            events = self.load.entries[:count]
            self.load.entries = self.load.entries[count:]
        else:
            waiting = self.waiting()[:count]
            self.position = waiting[-1][0] if waiting else self.position
            events = [(event_type, record) for _, event_type, record in waiting]
        self.take_events(events, batch=batch)

    def waiting(self) -> list[tuple[int, str, Record]]:
        """Return what a stream that is open has yet to say."""
        log = self.server.log if self.watching else []
        return [event for event in log if event[0] > self.position]

    def take_events(self, events: Sequence[tuple[str, Record]], *, batch: bool) -> None:
        if batch:
            deltas, all_taken = self.store.events(events)
            assert all_taken
            self.apply(deltas)
            return
        for event_type, record in events:
            self.apply(self.store.event(event_type, record))

    @precondition(lambda self: self.watching)
    @rule(back=st.integers(1, 4), count=st.integers(1, 2), batch=st.booleans())
    def old_events_come_again(self, back: int, count: int, batch: bool) -> None:
        told = [e for e in self.server.log if e[0] <= self.position][-back:][:count]
        self.take_events([(kind, record) for _, kind, record in told], batch=batch)

    @precondition(lambda self: self.watching)
    @rule()
    def bookmark_arrives(self) -> None:
        waiting = self.waiting()
        self.position = waiting[0][0] - 1 if waiting else self.server.version
        self.apply(self.store.bookmark(str(self.position)))

    @precondition(lambda self: self.load and not self.load.entries)
    @rule()
    def load_ends(self) -> None:
        assert self.load is not None
        version, self.load = self.load.version, None
        deltas = self.store.finish(str(version))
        assert deltas is not None
        self.apply(deltas)
        self.position = version
        self.watching = self.resumable = self.synced = True

    @precondition(lambda self: self.load is not None)
    @rule()
    def line_breaks(self) -> None:
        """The watch goes on from where it was, if that is known."""
        self.load = None
        self.store.abandon()
        self.watching = self.resumable

    @precondition(lambda self: self.watching and self.is_time())
    @rule()
    def history_is_compacted(self) -> None:
        """What was not said will never be said: only a whole state helps."""
        self.watching = self.resumable = False

    # whole states

    @precondition(lambda self: self.synced and not self.load and self.is_time())
    @rule(data=st.data())
    def pages_come(self, data: st.DataObject) -> None:
        """Any version since the watermark is good, one from before it is refused."""
        now = self.server.version
        self.list_begins(data.draw(st.integers(max(1, now - 6), now)), truth=False)

    @precondition(lambda self: self.load is None and self.is_time())
    @rule()
    def true_pages_come(self) -> None:
        self.list_begins(self.server.version, truth=True)

    def list_begins(self, version: int, *, truth: bool) -> None:
        known = max(self.store.watermark, self.store._seen)
        before = self.shown()
        taken = self.store.begin(str(version), truth=truth)
        assert taken == (version >= known or truth)
        assert self.shown() == before
        if taken:
            entries = [("ADDED", t.record()) for t in self.server.snapshot(version)]
            self.load, self.watching = Load(entries, version), False

    @precondition(lambda self: self.load is None and self.is_time())
    @rule(data=st.data())
    def stream_begins_anew(self, data: st.DataObject) -> None:
        """A state in no order, then events, then the bookmark that ends it."""
        low = max(self.store.watermark, self.store._seen)
        if not self.synced:  # nothing older than what another process has seen
            low = self.server.version
        first = data.draw(st.integers(low, self.server.version))
        last = data.draw(st.integers(first, self.server.version))
        state = data.draw(st.permutations(self.server.snapshot(first)))
        later = [(t, r) for v, t, r in self.server.log if first < v <= last]
        assert self.store.begin()
        self.load = Load([*(("ADDED", t.record()) for t in state), *later], last)
        self.watching = False

    # ends

    @precondition(lambda self: self.age > LIFE)
    @rule()
    def process_restarts(self) -> None:
        self.age = 0
        self.start_process()
        self.list_begins(self.server.version, truth=True)

    @precondition(lambda self: self.age > LIFE and self.losses < 2)
    @rule(ahead=st.integers(0, 20), noticed=st.booleans(), data=st.data())
    def server_loses_its_data(
        self, ahead: int, noticed: bool, data: st.DataObject
    ) -> None:
        """Another history, told by its name, or by a list whose version went back."""
        noticed = noticed or self.store.watermark < 10
        self.age = 0
        self.losses += 1
        version = self.server.version + ahead if noticed else 2
        self.server = Server(version=version, history=f"later-{self.losses}")
        self.since, self.dead, self.left = {}, set(), set()
        self.watching = self.resumable = self.synced = False
        for name in NAMES:
            if data.draw(st.booleans()):
                self.server.create(name, chosen=data.draw(st.booleans()))
        if self.load is not None:
            self.load = None
            self.store.abandon()
        # Answers of a lost server are not believed but looked up.
        self.unsettled += [a.record.name for a in self.answers]
        self.answers, self.live = [], None
        self.written, self.confirmed = [], 0
        for delete in self.deletes:
            delete.outcome = "lost"
        if noticed:
            self.store.restart()
        else:
            self.list_begins(self.server.version, truth=True)

    @precondition(lambda self: self.age > LIFE)
    @rule()
    def everything_arrives(self) -> None:
        self.age = 0
        self.all_is_answered()
        self.stream_catches_up()
        assert self.shown() == {
            t.name: (t.uid, t.version)
            for t in self.server.snapshot(self.server.version)
        }
        store = self.store
        assert store.backlog == {"unacked": 0, "tombs": 0}
        assert not store._unconfirmed
        assert not store._unacked._order
        assert not store.listing
        assert not len(store.needs)
        assert not store.needs.awaits(US, strict=True)

    def all_is_answered(self) -> None:
        for delete in self.deletes:
            if not delete.outcome:
                self.do_delete(delete)
        while any(d.outcome == "lost" for d in self.deletes):
            self.delete_is_looked_up()
        while self.unsettled:
            self.live_read_is_answered()
        while self.deletes:
            self.end_delete(self.deletes[0])
        while self.answers:
            self.take_answer(0)
        if self.live is not None:
            self.live_list_arrives(0)

    def stream_catches_up(self) -> None:
        if self.load is None and not self.watching:
            self.list_begins(self.server.version, truth=True)
        while self.load is not None:
            self.events_arrive(3, batch=True)
            if not self.load.entries:
                self.load_ends()
        while self.waiting():
            self.events_arrive(3, batch=True)
        self.bookmark_arrives()

    # what must hold

    def apply(self, deltas: Sequence[Delta]) -> None:
        """Each delta starts where the one before ended."""
        for delta in deltas:
            name = delta.record.name
            assert delta.old is self.told.get(name)
            if delta.new is None:
                del self.told[name]
            else:
                self.told[name] = delta.new

    def seen(self, name: str, version: int) -> None:
        """Note what reads have to show from here on, or something newer."""
        self.since[name] = max(self.since.get(name, 0), version)

    def shown(self) -> dict[str, tuple[str, int | None]]:
        return {r.name: (r.uid, r.version) for r in self.indexer}

    @invariant()
    def handlers_know_what_readers_see(self) -> None:
        self.age += 1
        assert self.told == {record.name: record for record in self.indexer}

    @invariant()
    def time_never_goes_back(self) -> None:
        """Each read is a state of the server that is no older than those before it.

        Nor than what the server answered, to this process or to one before it.
        """
        if not self.synced:
            return
        shown = self.shown()
        for name in NAMES:
            self.seen(name, self.store.watermark)
            if name not in shown and self.store.newest(NAMESPACE, name) is not None:
                continue  # hidden: our own delete is under way
            if self.doubtful.get(name, 0) > self.store.watermark:
                continue  # the watch has not told yet that it does not select it
            if name in shown and shown[name][0] in self.dead & self.left:
                # It left the selector, came back and was deleted by us: the stream's
                # DELETED may have been the end of it, until the next event tells.
                continue
            since = self.since[name]
            self.since[name] = self.server.earliest(name, shown.get(name), since)

    @invariant()
    def what_we_delete_is_not_shown(self) -> None:
        under_way = {delete.uid for delete in self.deletes if delete.hidden}
        for record in self.indexer if self.synced else ():
            assert record.uid not in under_way - self.left or record.deleting

    @invariant()
    def we_are_owed_what_we_wrote(self) -> None:
        """Who asks to be caught up waits until the stream, or a list, said it all."""
        told = max(self.store.watermark, self.confirmed)
        if any(version > told for version in self.written):
            assert self.store.needs.awaits(US, strict=True)

    def teardown(self) -> None:
        try:
            if hasattr(self, "losses"):
                self.everything_arrives()
        finally:
            logging.disable(logging.NOTSET)


TestStoreAgainstServer = StoreAgainstServer.TestCase
TestStoreAgainstServer.settings = budget(800, 50)
