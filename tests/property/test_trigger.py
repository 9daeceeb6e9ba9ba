"""The triggering rule against a model that remembers every state at every start.

Alone, and with a store between it and a server, where others and we write, and where
events and answers arrive in any order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from homeostat.api import GroupVersionKind, NamespacedName
from homeostat.cache import Delta, Indexer, Record, Store
from homeostat.controller import generation_changed, labels_changed
from homeostat.controller._predicate import DEFAULT_FOR_OTHERS, Predicate
from homeostat.controller._trigger import Trigger
from tests.property.model import POD, Server, Thing, budget

GVK = GroupVersionKind("", "v1", "Thing")
NAMES = st.sampled_from(["one", "two"])
NAMES_OF_PODS = st.sampled_from(["a", "a", "b"])
KEYS = ("k1", "k2")


class Triggering(RuleBasedStateMachine):
    """Two objects, both mapped to two keys; a key is due when any object differs."""

    def __init__(self) -> None:
        super().__init__()
        self.trigger: Trigger[str] = Trigger(
            generation_changed | labels_changed, source="Thing"
        )
        self.objects: dict[str, Record] = {}
        self.at_start: dict[str, dict[str, Record]] = {key: {} for key in KEYS}
        self.version = 0

    def _write(self, name: str, **fields: object) -> None:
        self.version += 1
        metadata = {
            "name": name,
            "uid": "u",
            "resourceVersion": str(self.version),
            **fields,
        }
        new = Record.read(msgspec.json.encode({"metadata": metadata}), gvk=GVK)
        self._deliver(name, new)

    def _deliver(self, name: str, new: Record | None) -> None:
        old = self.objects.get(name)
        if old is None and new is None:
            return
        for key in KEYS:
            due = self.trigger.due(key, NamespacedName("", name), old, new)
            before = self.at_start[key].get(name)
            if _looks(before) != _looks(new):
                assert due, (key, name)
            else:
                assert not due, (key, name)
        if new is None:
            del self.objects[name]
        else:
            self.objects[name] = new

    @rule(name=NAMES, generation=st.integers(1, 2), label=st.sampled_from("xy"))
    def change(self, name: str, generation: int, label: str) -> None:
        self._write(name, generation=generation, labels={"l": label})

    @rule(name=NAMES)
    def change_what_does_not_count(self, name: str) -> None:
        old = self.objects.get(name)
        if old is not None:
            labels = dict(old.labels)
            self._write(name, generation=old.generation, labels=labels)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        self._deliver(name, None)

    @rule(key=st.sampled_from(KEYS))
    def start(self, key: str) -> None:
        self.trigger.started(key)
        self.at_start[key] = dict(self.objects)

    @invariant()
    def only_what_differs_is_remembered(self) -> None:
        for key in KEYS:
            remembered = set(self.trigger._since.get(key, {}))
            names = self.at_start[key].keys() | self.objects.keys()
            differing = {
                NamespacedName("", name)
                for name in names
                if _looks(self.at_start[key].get(name))
                != _looks(self.objects.get(name))
            }
            assert remembered == differing


def _looks(record: Record | None) -> object:
    return record and (record.generation, tuple(record.labels.items()))


TestTriggering = Triggering.TestCase
TestTriggering.settings = budget(60, 25)


@dataclass
class Key:
    """One key of the queue, and what its last reconcile started from."""

    dirty: bool = False
    running: bool = False
    start: Record | None = None
    told: Record | None = None


@dataclass
class Watcher:
    """A controller that looks at one projection: what it is told, when it runs."""

    predicate: Predicate
    keys: dict[str, Key] = field(default_factory=lambda: {"a": Key(), "b": Key()})

    def __post_init__(self) -> None:
        self.trigger: Trigger[str] = Trigger(self.predicate, source="Pod")

    def looks(self, state: Record | None) -> object:
        """Return all that the predicate sees of a state."""
        tests = self.predicate.tests()
        return state and [t.projection(state) for t in tests if t.projection]


class TriggeringByWrites(RuleBasedStateMachine):
    """Others and we write spec and status; a reconcile starts whenever its key is due.

    ``spec`` looks at generations, as for the reconciled kind, and ``whole`` at all, as
    for owned kinds.
    """

    @initialize()
    def begin(self) -> None:
        self.server = Server()
        self.server.create("a")
        self.store = Store(Indexer(POD))
        self.spec = Watcher(generation_changed)
        self.whole = Watcher(DEFAULT_FOR_OTHERS)
        self.answers: list[Thing] = []
        # The versions that changed more than a status.
        self.of_specs: dict[str, list[int]] = {"a": [], "b": []}
        self.position = 0
        self.list_comes()

    # writes

    @rule(
        name=NAMES_OF_PODS,
        what=st.sampled_from(["spec", "status"]),
        value=st.integers(0, 2),
        ours=st.booleans(),
        answer=st.sampled_from(["now", "later", "later", "lost"]),
    )
    def somebody_writes(
        self, name: str, what: str, value: int, ours: bool, answer: str
    ) -> None:
        """Answers of ours carry what others wrote before, as a patch's answer does."""
        before = self.server.version
        made = name not in self.server.things
        if made:
            thing = self.server.create(name)
        else:
            thing = self.server.update(name, **{what: value})
        if made or (what == "spec" and thing.version > before):
            self.note(name)
        if ours and answer != "lost":
            self.answers.append(thing)
            if answer == "now":
                self.answer_arrives(last=True)

    @rule(name=NAMES_OF_PODS)
    def other_deletes(self, name: str) -> None:
        if self.server.delete(name)[0] == "done":
            self.note(name)

    def note(self, name: str) -> None:
        self.of_specs[name].append(self.server.version)

    # what the store is told

    @rule(count=st.integers(1, 3))
    def events_arrive(self, count: int) -> None:
        waiting = [e for e in self.server.log if e[0] > self.position]
        for version, event_type, record in waiting[:count]:
            self.deliver(self.store.event(event_type, record))
            self.position = version

    @precondition(lambda self: self.answers)
    @rule(last=st.booleans())
    def answer_arrives(self, last: bool) -> None:
        thing = self.answers.pop(-1 if last else 0)
        self.deliver(self.store.write_ok(thing.record()))

    @rule()
    def list_comes(self) -> None:
        """What happened since the last event is told as one change."""
        self.position = self.server.version
        items = [thing.record() for thing in self.server.snapshot(self.position)]
        self.deliver(self.store.list_(str(self.position), items) or [])

    def deliver(self, deltas: Sequence[Delta]) -> None:
        for delta in deltas:
            for watcher in (self.spec, self.whole):
                key = watcher.keys[delta.key.name]
                name = delta.key.name
                if watcher.trigger.due(name, delta.key, delta.old, delta.new):
                    assert watcher.looks(delta.new) != watcher.looks(key.start)
                    if watcher is self.spec:
                        self.check_cause(name, key.start, delta.new)
                    key.dirty = True
                key.told = delta.new

    def check_cause(self, name: str, start: Record | None, new: Record | None) -> None:
        """No status alone makes a key due that looks at the spec: ours least of all."""
        since = (start and start.version) or 0
        until = (new and new.version) or self.server.version
        assert any(since < version <= until for version in self.of_specs[name]) or (
            start is None or new is None
        )

    # reconciles

    @rule(name=NAMES_OF_PODS)
    def reconcile_starts(self, name: str) -> None:
        for watcher in (self.spec, self.whole):
            key = watcher.keys[name]
            if key.dirty and not key.running:
                watcher.trigger.started(name)
                key.dirty, key.running, key.start = False, True, key.told

    @rule(name=NAMES_OF_PODS)
    def reconcile_ends(self, name: str) -> None:
        for watcher in (self.spec, self.whole):
            watcher.keys[name].running = False

    # what must hold

    @invariant()
    def what_differs_is_due(self) -> None:
        """Also while nothing is at rest: a change that was told is never forgotten."""
        for watcher in (self.spec, self.whole):
            for key in watcher.keys.values():
                differs = watcher.looks(key.told) != watcher.looks(key.start)
                assert key.dirty or not differs

    def teardown(self) -> None:
        if not hasattr(self, "position"):
            return
        while self.answers:
            self.answer_arrives(last=False)
        self.events_arrive(len(self.server.log) + 1)
        for name in ("a", "b"):
            self.reconcile_ends(name)
            self.reconcile_starts(name)
            thing = self.server.things.get(name)
            record = thing.record() if thing else None
            for watcher in (self.spec, self.whole):
                start = watcher.keys[name].start
                assert watcher.looks(start) == watcher.looks(record)
                assert (start and start.uid) == (record and record.uid)
            start = self.spec.keys[name].start
            if start is not None and start.version is not None:
                # The last change of the spec was there when a reconcile started.
                assert max(self.of_specs[name], default=0) <= start.version
        assert len(self.spec.trigger) == len(self.whole.trigger) == 0


TestTriggeringByWrites = TriggeringByWrites.TestCase
TestTriggeringByWrites.settings = budget(200, 40)
