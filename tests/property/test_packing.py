"""What a stream says, however it is written, packed or not, comes back as it was."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.api import GroupVersionKind
from homeostat.cache import Indexer, ParsedEvent, Record, Store, parse_event
from homeostat.cache._event import read_event
from homeostat.cache._packing import TRAIN_AT, train
from homeostat.cache._shelf import Shelf

POD = GroupVersionKind("", "v1", "Pod")

values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
objects = st.fixed_dictionaries(
    {
        "metadata": st.fixed_dictionaries(
            {"name": st.text(min_size=1, max_size=8)},
            optional={
                "namespace": st.sampled_from(["default", "prod"]),
                "uid": st.uuids().map(str),
                "resourceVersion": st.integers(1, 1 << 70).map(str) | st.just("x"),
                "generation": st.integers(0, 9),
                "labels": st.dictionaries(st.text(max_size=4), st.text(max_size=4)),
                "ownerReferences": st.lists(
                    st.fixed_dictionaries(
                        {"uid": st.text(max_size=4)},
                        optional={"controller": st.booleans()},
                    )
                ),
                "deletionTimestamp": st.just("2026-01-01T00:00:00Z"),
            },
        )
    },
    optional={"spec": values, "status": values, "kind": st.just("Pod")},
)
spacing = st.sampled_from([(",", ":"), (", ", ": ")])


def shelf_with_dictionary() -> Shelf:
    shelf = Shelf(POD)
    for number in range(TRAIN_AT):
        data = json.dumps({"metadata": {"name": f"web-{number}"}, "spec": {"a": [1]}})
        shelf.packer.pack(data.encode())
    shelf.packer.adopt(train(shelf.packer.samples))
    return shelf


PACKED = shelf_with_dictionary()


@given(
    value=objects,
    separators=spacing,
    turned=st.booleans(),
    extra=st.booleans(),
    event_type=st.sampled_from(["ADDED", "MODIFIED", "DELETED"]),
)
def test_an_event_reads_the_same_in_one_pass_and_in_two(
    value: Any, separators: tuple[str, str], turned: bool, extra: bool, event_type: str
) -> None:
    event = {"type": event_type, "object": value}
    if turned:
        event = dict(reversed(event.items()))
    if extra:
        event["more"] = {"a": {}}
    line = json.dumps(event, separators=separators).encode()
    simple = parse_event(line, gvk=POD)
    quick = ParsedEvent(*read_event(line, PACKED))
    assert simple.type == quick.type
    assert isinstance(simple.value, Record)
    assert isinstance(quick.value, Record)
    assert simple.value.data == quick.value.data
    for name in (
        "namespace",
        "name",
        "uid",
        "version",
        "resource_version",
        "generation",
        "labels",
        "owner_uids",
        "controller_uid",
        "deleting",
        "object",
    ):
        assert getattr(simple.value, name) == getattr(quick.value, name)


names = st.sampled_from("abcd")
changes = st.tuples(
    st.sampled_from(["ADDED", "MODIFIED", "DELETED"]), names, st.integers(1, 30)
)
steps = st.lists(
    st.one_of(
        st.lists(changes, min_size=1, max_size=6),
        st.tuples(st.just("begin"), st.integers(1, 30)),
        st.tuples(st.just("finish"), st.integers(1, 30)),
        st.tuples(st.just("abandon"), st.just(0)),
        st.tuples(st.just("bookmark"), st.integers(1, 30)),
        st.tuples(st.just("write"), st.tuples(names, st.integers(1, 30))),
        st.tuples(st.just("deleting"), names),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=25,
)


def pod(name: str, version: int) -> Record:
    metadata = {"name": name, "uid": name, "resourceVersion": str(version)}
    return Record.read(json.dumps({"metadata": metadata}).encode(), gvk=POD)


def take(store: Store, step: Any, *, batch: bool) -> list[Any]:
    if isinstance(step, list):
        events = [(kind, pod(name, version)) for kind, name, version in step]
        if batch:
            return store.events(events)[0]
        return [delta for event in events for delta in store.event(*event)]
    what, value = step
    told: list[Any] | None = []
    match what:
        case "begin":
            store.begin(str(value), truth=value % 3 == 0)
        case "finish" if store.listing:
            told = store.finish(str(value))
        case "abandon":
            store.abandon()
        case "bookmark":
            told = store.bookmark(str(value))
        case "write":
            told = store.write_ok(pod(*value))
        case "deleting":
            told = store.deleting("", value, value)
        case "restart":
            store.restart()
        case _:
            pass
    return told or []


@settings(max_examples=300)
@given(steps)
def test_a_batch_does_what_its_events_do(history: list[Any]) -> None:
    one, all_at_once = Store(Indexer(POD)), Store(Indexer(POD))
    for step in history:
        told = take(one, step, batch=False)
        assert [shape(d) for d in told] == [
            shape(d) for d in take(all_at_once, step, batch=True)
        ]
        assert state(one) == state(all_at_once)


def shape(delta: Any) -> Any:
    return [(r and (r.name, r.version)) for r in (delta.old, delta.new)], delta.reason


def state(store: Store) -> Any:
    shown = sorted((r.name, r.version) for r in store._indexer.records())
    return shown, store.watermark, store._seen, store.backlog, store._unconfirmed
