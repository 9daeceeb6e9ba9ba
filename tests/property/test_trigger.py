"""The triggering rule against a model that remembers every state at every start."""

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from homeostat.api import GroupVersionKind, NamespacedName
from homeostat.cache import Record
from homeostat.controller import generation_changed, labels_changed
from homeostat.controller._trigger import Trigger

GVK = GroupVersionKind("", "v1", "Thing")
NAMES = st.sampled_from(["one", "two"])
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
TestTriggering.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None
)
