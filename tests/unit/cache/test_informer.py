import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from homeostat._random import Random
from homeostat._tasks import Group
from homeostat.api import FieldSelector, Selector
from homeostat.cache import Delta, Index, Informer, InformerFactory
from homeostat.cache._selection import Selection
from homeostat.client import ALL, Client
from homeostat.controller import Context, controller
from homeostat.errors import ConfigError, InvalidObjectError
from homeostat.k8s import core_v1
from homeostat.manager import Manager
from homeostat.testing import LoopClock, run_virtual
from tests.unit.cache.scripted import Script, refusal
from tests.unit.cache.support import POD, bookmark, line, pod, record

STREAMED = b"\n".join(
    [
        line("ADDED", pod("a", 3, labels={"app": "x"}, spec={"nodeName": "n1"})),
        line("ADDED", pod("b", 4, namespace="other", spec={"nodeName": "n1"})),
        bookmark(5, end=True),
        b"",
    ]
)


def with_informer(
    script: Script,
    use: Callable[[Informer[Any]], Awaitable[None]],
    kind: Any = POD,
    **options: Any,
) -> None:
    """Run an informer on virtual time while ``use`` does."""

    async def main() -> None:
        informer: Informer[Any] = Informer(
            Client(script, random=Random(1)),
            kind,
            random=Random(1),
            clock=LoopClock(asyncio.get_running_loop()),
            **options,
        )
        async with Group() as group:
            task = group.start(informer.run(), name="informer")
            await use(informer)
            task.cancel()

    run_virtual(main())


def scripted(*parts: Any) -> Script:
    script = Script()
    script.watches = [[STREAMED, *parts, 1e9]]
    return script


def test_handler_that_is_there_first_gets_initial_deltas_then_changes() -> None:
    told: list[Delta] = []

    async def use(informer: Informer[Any]) -> None:
        registration = informer.add_handler(told.append)
        assert not registration.has_synced
        await registration.wait()
        assert informer.has_synced
        await asyncio.sleep(2)

    with_informer(scripted(1.0, line("DELETED", pod("a", 6)) + b"\n"), use)
    assert [(d.key.name, d.initial, d.reason) for d in told] == [
        ("a", True, "list"),
        ("b", True, "list"),
        ("a", False, "watch"),
    ]
    assert told[-1].new is None


def test_handler_that_raises_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    told: list[Delta] = []

    def bad(_delta: Delta) -> None:
        raise LookupError("mine")

    async def use(informer: Informer[Any]) -> None:
        informer.add_handler(bad)
        informer.add_handler(told.append)
        await informer.wait_synced()

    with_informer(scripted(), use)
    assert len(told) == 2
    assert "handler" in caplog.text
    assert "LookupError" in caplog.text


def test_late_handler_is_told_in_parts_and_of_each_object_once() -> None:
    many = b"".join(line("ADDED", pod(f"p{n}", n + 1)) + b"\n" for n in range(1000))
    script = Script()
    script.watches = [[many + bookmark(2000, end=True) + b"\n", 1e9]]
    told: list[Delta] = []

    async def use(informer: Informer[Any]) -> None:
        await informer.wait_synced()
        registration = informer.add_handler(told.append)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert 0 < len(told) < 1000
        store = informer.streams[0].store
        informer.deliver(store.event("MODIFIED", record("p999", 3000)))
        informer.deliver(store.event("DELETED", record("p998", 3001)))
        assert not registration.has_synced
        await registration.wait()

    with_informer(script, use)
    names = [delta.key.name for delta in told]
    assert len(names) == len(set(names)) == 999
    assert "p998" not in names
    assert all(delta.initial and delta.old is None for delta in told)
    [last] = [d.new for d in told if d.key.name == "p999"]
    assert last is not None
    assert last.version == 3000


def test_resync_starts_for_handlers_of_before_and_of_after_the_start() -> None:
    told: list[Delta] = []

    async def use(informer: Informer[Any]) -> None:
        await informer.wait_synced()
        registration = informer.add_handler(told.append, resync=10)
        await asyncio.sleep(100)
        count = len(told)
        informer.remove_handler(registration)
        await asyncio.sleep(100)
        assert len(told) == count

    with_informer(scripted(), use)
    rounds = sum(delta.reason == "resync" for delta in told) / 2
    assert 8 <= rounds <= 10


def test_resyncs_of_many_handlers_spread() -> None:
    times: dict[int, list[float]] = {n: [] for n in range(8)}

    async def use(informer: Informer[Any]) -> None:
        loop = asyncio.get_running_loop()
        await informer.wait_synced()
        begin = loop.time()
        for number, seen in times.items():

            def handler(delta: Delta, seen: list[float] = seen) -> None:
                if delta.reason == "resync" and delta.key.name == "a":
                    seen.append(loop.time() - begin)

            informer.add_handler(handler, resync=10, name=str(number))
        await asyncio.sleep(61)

    with_informer(scripted(), use)
    for seen in times.values():
        gaps = [b - a for a, b in zip([0.0, *seen], seen, strict=False)]
        assert len(gaps) >= 5
        assert all(10 <= gap <= 12 for gap in gaps)
        assert max(gaps) - min(gaps) > 0.1
    assert len({round(seen[0], 3) for seen in times.values()}) == len(times)


def test_object_that_its_type_cannot_hold_is_named_by_the_health() -> None:
    bad = pod("bad", 6, spec={"containers": "none"})
    good = pod("bad", 7, spec={"containers": []})
    script = Script()
    script.watches = [
        [
            STREAMED + line("ADDED", bad) + b"\n",
            1.0,
            line("MODIFIED", good) + b"\n",
            1e9,
        ]
    ]

    async def use(informer: Informer[Any]) -> None:
        await asyncio.sleep(0.5)
        with pytest.raises(InvalidObjectError, match="default/bad"):
            informer.lister.get("bad", "default")
        pods = informer.lister.list(namespace="default")
        assert [p.metadata.name for p in pods[:1]] == ["a"]
        with pytest.raises(InvalidObjectError):
            list(pods)
        assert list(informer.health.invalid) == ["default/bad"]
        assert informer.health.ok
        await asyncio.sleep(2)
        assert not informer.health.invalid
        assert informer.lister.get("bad", "default").metadata.name == "bad"

    with_informer(script, use, kind=core_v1.Pod)


def test_health_says_since_when() -> None:
    script = Script()
    problem = refusal(403, "Forbidden", "no")
    script.watches = [problem, problem, problem, [STREAMED, 1e9]]

    async def use(informer: Informer[Any]) -> None:
        await asyncio.sleep(0.5)
        health = informer.health
        assert (health.ok, health.synced, health.reason) == (False, False, "Forbidden")
        assert "v1 pods in all namespaces" in health.message
        since = health.since
        await informer.wait_synced()
        assert informer.health.ok
        assert informer.health.since is not None
        assert since is not None
        assert informer.health.since > since

    with_informer(script, use)


def test_lister_selects_by_namespace_labels_and_index() -> None:
    by_node = Index(POD, path="spec.nodeName")

    async def use(informer: Informer[Any]) -> None:
        await informer.wait_synced()

        def names(**options: Any) -> list[str]:
            return [r.name for r in informer.lister.records(**options)]

        assert names() == ["a", "b"]
        assert names(namespace="other") == ["b"]
        assert names(namespace=ALL, labels={"app": "x"}) == ["a"]
        assert names(labels="app!=x") == ["b"]
        assert names(labels=Selector.parse("app")) == ["a"]
        assert names(index=by_node["n1"]) == ["a", "b"]
        assert names(index=by_node["n1"], namespace="other") == ["b"]
        assert names(index=by_node["n2"]) == []
        assert names(owner="nobody") == []
        with pytest.raises(ValueError, match=r"selector|parse"):
            names(labels="a in")

    with_informer(scripted(), use)


@pytest.mark.parametrize(
    ("namespaces", "advice"),
    [
        ([], "use ALL"),
        ([""], "use ALL"),
        (["a", ""], "use ALL"),
        ("", "use ALL"),
        ("prod", r"one name, not several: write namespaces=\['prod'\]"),
        (["a", "BAD NAME"], "can be called 'BAD NAME': write at most 63 of a-z"),
        (["-a"], "can be called '-a'"),
        (["a\n"], "can be called"),
        (["a" * 64], "can be called"),
    ],
)
def test_namespaces_that_would_stay_empty_are_refused(
    namespaces: list[str] | str, advice: str
) -> None:
    client = Client(Script())
    with pytest.raises(ValueError, match=advice):
        Informer(client, POD, namespaces=namespaces)
    with pytest.raises(ValueError, match=advice):
        InformerFactory(client, namespaces=namespaces)
    with pytest.raises(ValueError, match=advice):
        InformerFactory(client).informer(POD, namespaces=namespaces)


async def test_manager_refuses_namespaces_before_any_request() -> None:
    @controller(core_v1.Pod)
    async def pods(_pod: core_v1.Pod, _context: Context) -> None:
        raise AssertionError

    script = Script()
    manager = Manager(controllers=[pods], client=Client(script), namespaces="prod")
    with pytest.raises(ConfigError, match=r"write namespaces=\['prod'\]"):
        await manager.run()
    assert not script.asked


def test_namespaces_of_63_letters_and_of_one_digit_are_names() -> None:
    informer: Informer[Any] = Informer(
        Client(Script()), POD, namespaces=["a" * 63, "0", "a-b"]
    )
    assert [s.namespace for s in informer.streams] == ["0", "a-b", "a" * 63]


@pytest.mark.parametrize(
    ("fields", "decidable"),
    [
        ("", True),
        ("metadata.name=web", True),
        ("spec.nodeName=n1", True),
        ("spec.hostNetwork=true", False),
    ],
)
def test_selection_knows_what_it_can_decide(fields: str, *, decidable: bool) -> None:
    selection = Selection(gvk=POD, fields=FieldSelector.parse(fields))
    assert selection.decidable == decidable


def test_selection_matches_as_the_server_does() -> None:
    selection = Selection(
        gvk=POD,
        labels=Selector.parse("app=x"),
        fields=FieldSelector.parse("spec.nodeName="),
    )
    assert selection.matches(record(labels={"app": "x"}))
    assert not selection.matches(record())
    assert not selection.matches(record(labels={"app": "x"}, spec={"nodeName": "n"}))


def test_factory_shares_by_what_is_selected_however_it_is_said() -> None:
    factory = InformerFactory(Client(Script()), namespaces=["b", "a", "b"])
    one: object = factory.informer(POD, labels="b=2,a=1")
    assert factory.informer(core_v1.Pod, labels={"a": "1", "b": "2"}) is one
    assert factory.informer(POD, labels="b=2,a=1", namespaces=["a", "b"]) is one
    assert factory.informer(POD, labels="b=2,a=1", namespaces=ALL) is not one
    informer = factory.informers[0]
    assert informer is one
    assert informer.name == "v1 Pod in a,b labels a=1,b=2"
    assert [stream.namespace for stream in informer.streams] == ["a", "b"]
    nodes = factory.informer(core_v1.Node)
    assert [stream.namespace for stream in nodes.streams] == [""]


def test_one_informer_that_fails_is_started_again_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    script = Script()
    script.watches = [RuntimeError("a fault of ours"), [STREAMED, 1e9]]

    async def main() -> None:
        factory = InformerFactory(Client(script, random=Random(1)), random=Random(1))
        informer = factory.informer(POD)
        async with Group() as group:
            task = group.start(factory.run(), name="factory")
            await informer.wait_synced()
            task.cancel()

    run_virtual(main())
    assert "starts again" in caplog.text


def bulk(count: int) -> Script:
    """A server with objects that pack well, and a change of one of them."""
    many = [
        line("ADDED", pod(f"p{n}", n + 1, spec={"words": list("compressible")}))
        for n in range(count)
    ]
    script = Script()
    change = line("MODIFIED", pod("p0", 9001, spec={"words": list("compressed")}))
    initial = b"\n".join([*many, bookmark(9000, end=True), b""])
    script.watches = [[initial, 1.0, change + b"\n", 1e9]]
    return script


def kept(informer: Informer[Any]) -> int:
    return sum(len(each._packed) for each in informer.indexer)


def test_many_objects_are_packed_those_from_before_the_dictionary_too() -> None:
    async def use(informer: Informer[Any]) -> None:
        await informer.wait_synced()
        await asyncio.sleep(2)
        records = list(informer.indexer)
        assert kept(informer) * 3 < sum(len(each.data) for each in records)
        assert all(each._packed[0] != ord("{") for each in records)
        assert informer.lister.get("p7", "default")["spec"]["words"][0] == "c"
        assert informer.lister.get("p0", "default")["spec"]["words"][-1] == "d"

    with_informer(bulk(600), use)


@pytest.mark.parametrize(("count", "packed"), [(600, False), (200, True)])
def test_objects_stay_plain_when_asked_for_and_when_they_are_few(
    count: int, packed: bool
) -> None:
    async def use(informer: Informer[Any]) -> None:
        await informer.wait_synced()
        await asyncio.sleep(2)
        assert all(each._packed[0] == ord("{") for each in informer.indexer)

    with_informer(bulk(count), use, packed=packed)


def test_informer_that_was_stopped_while_a_dictionary_was_due_packs_later() -> None:
    async def main() -> None:
        script = bulk(600)
        script.watches *= 2
        informer: Informer[Any] = Informer(Client(script, random=Random(1)), POD)
        packer = informer.shelf.packer
        async with Group() as group:
            task = group.start(informer.run(), name="informer")

            def stop(_delta: Delta) -> None:
                # At once, for the thread may be quicker than whoever waits.
                if packer.due:
                    task.cancel()

            stopping = informer.add_handler(stop)
        assert informer.shelf.packer.due
        informer.remove_handler(stopping)
        async with Group() as group:
            task = group.start(informer.run(), name="informer")
            await informer.wait_synced()
            await asyncio.sleep(2)
            task.cancel()
        assert not packer.due
        assert kept(informer) < 600 * 150

    run_virtual(main())


def test_factory_and_who_asks_first_say_what_is_packed() -> None:
    factory = InformerFactory(Client(Script()), unpacked=[core_v1.Pod])
    assert not factory.informer(POD).shelf.packed
    assert factory.informer(core_v1.Node).shelf.packed
    assert factory.informer(POD, labels="a=1", packed=True).shelf.packed
    assert not factory.informer(core_v1.Secret, packed=False).shelf.packed


def test_own_writes_are_packed_as_the_rest_is() -> None:
    async def use(informer: Informer[Any]) -> None:
        await informer.wait_synced()
        await asyncio.sleep(0.5)
        written = record("p1", 9100, spec={"words": list("compressible")})
        assert len(informer.hold(written)._packed) * 2 < len(written.data)

    with_informer(bulk(600), use)
