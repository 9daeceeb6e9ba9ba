import asyncio
import logging
from typing import Any

import pytest

from homeostat._random import Random
from homeostat._tasks import Group
from homeostat.cache import Delta, Indexer, Reflector, Store
from homeostat.cache._identity import ServerIdentity
from homeostat.client import Client
from homeostat.errors import TransportError
from homeostat.testing import run_virtual
from tests.unit.cache.scripted import Part, Script, cluster, page, refusal
from tests.unit.cache.support import POD, bookmark, line, pod, status


class Case:
    """A reflector on a script, and what it delivered."""

    def __init__(self, **options: Any) -> None:
        self.script = Script()
        self.indexer = Indexer(POD)
        self.store = Store(self.indexer)
        self.deltas: list[Delta] = []
        client = Client(self.script, random=Random(1))
        if options.pop("identified", False):
            options["identity"] = ServerIdentity(client)
        self.reflector = Reflector(
            client,
            POD,
            self.store,
            deliver=self.deltas.extend,
            random=Random(1),
            **options,
        )

    @property
    def shown(self) -> dict[str, str]:
        return {r.name: r.resource_version for r in self.indexer}

    def run(self, seconds: float) -> None:
        async def main() -> None:
            async with Group() as group:
                task = group.start(self.reflector.run(), name="reflector")
                await asyncio.sleep(seconds)
                task.cancel()

        run_virtual(main())


STREAMED = b"\n".join(
    [
        line("ADDED", pod("a", 3)),
        line("ADDED", pod("b", 2)),
        bookmark(5, end=True),
        b"",
    ]
)


def test_streaming_list_goes_on_as_the_watch() -> None:
    case = Case(labels="app=web", fields="metadata.name!=x", namespace="default")
    case.script.watches = [
        [STREAMED, line("MODIFIED", pod("a", 6)) + b"\n", 1.0, b"", 1e9]
    ]
    case.run(10)
    assert case.shown == {"a": "6", "b": "2"}
    assert case.reflector.synced
    assert case.store.watermark == 6
    [query] = case.script.queries
    assert query["sendInitialEvents"] == "true"
    assert query["resourceVersionMatch"] == "NotOlderThan"
    assert query["allowWatchBookmarks"] == "true"
    assert query["labelSelector"] == "app=web"
    assert query["timeoutSeconds"] == "290"
    assert "resourceVersion" not in query


def test_server_without_streaming_lists_is_listed_in_pages() -> None:
    case = Case()
    case.script.watches = [refusal(422, "Invalid", "sendInitialEvents: Forbidden")]
    case.script.lists = [
        page(7, pod("a", 3), continue_="more"),
        page(7, pod("b", 2)),
    ]
    case.run(1)
    assert case.shown == {"a": "3", "b": "2"}
    first, second, third, watch = case.script.queries
    assert first["sendInitialEvents"] == "true"
    assert second == {"limit": "500"}
    assert third == {"limit": "500", "continue": "more"}
    assert watch["resourceVersion"] == "7"
    assert "sendInitialEvents" not in watch


@pytest.mark.parametrize(
    "last",
    [
        line("ERROR", status(410, "Expired")) + b"\n",
        refusal(410, "Expired"),
    ],
    ids=["event", "status"],
)
def test_410_takes_the_state_anew_from_the_last_version(last: Any) -> None:
    case = Case()
    anew = b"\n".join([line("ADDED", pod("a", 9)), bookmark(9, end=True), b""])
    broken: list[Any] = (
        [[STREAMED, last]] if isinstance(last, bytes) else [[STREAMED], last]
    )
    case.script.watches = [*broken, [anew, 1e9]]
    case.run(3)  # with a back-off: the state had only just come
    assert case.shown == {"a": "9"}
    assert [d.key.name for d in case.deltas if d.new is None] == ["b"]
    assert case.script.queries[-1]["resourceVersion"] == "5"
    assert case.script.queries[-1]["sendInitialEvents"] == "true"


@pytest.mark.parametrize(
    ("ending", "waits"),
    [
        ([], False),
        ([b'{"type":"ADDED","obj'], True),
        ([TransportError("reset")], True),
        ([b"garbage\n"], True),
    ],
    ids=["clean close", "cut mid-line", "reset", "garbage"],
)
def test_watch_goes_on_where_it_ended(ending: list[Any], *, waits: bool) -> None:
    case = Case()
    case.script.watches = [
        [STREAMED, *ending],
        [line("MODIFIED", pod("a", 8)) + b"\n", 1e9],
    ]
    case.run(5)
    assert case.shown == {"a": "8", "b": "2"}
    (_, _), (at, query) = case.script.asked
    assert query["resourceVersion"] == "5"
    assert "sendInitialEvents" not in query
    assert (at > 0) == waits


def test_silent_watch_is_given_up_after_two_missed_bookmarks() -> None:
    case = Case()
    case.script.watches = [[STREAMED, 1e9], [bookmark(5, end=True) + b"\n", 1e9]]
    case.run(140)
    assert len(case.script.asked) == 2
    assert 130 <= case.script.asked[1][0] <= 131


def test_lines_keep_a_watch_alive() -> None:
    case = Case()
    tick: list[Part] = [100.0, bookmark(6) + b"\n"]
    case.script.watches = [[STREAMED, *tick, *tick, *tick, 1e9]]
    case.run(420)
    assert len(case.script.asked) == 1


def test_429_waits_as_long_as_the_server_says() -> None:
    case = Case()
    case.script.watches = [
        refusal(429, "TooManyRequests", details={"retryAfterSeconds": 20}),
        [STREAMED, 1e9],
    ]
    case.run(60)
    assert case.reflector.synced
    assert case.script.asked[-1][0] >= 20


def test_missing_right_degrades_says_so_once_and_heals(
    caplog: pytest.LogCaptureFixture,
) -> None:
    case = Case(namespace="default")
    problem = refusal(403, "Forbidden", "pods is forbidden")
    case.script.watches = [problem, problem, problem, [STREAMED, 1e9]]
    seen: list[str] = []
    case.reflector.on_health = lambda: seen.append(
        case.reflector.degraded.reason if case.reflector.degraded else "ok"
    )
    with caplog.at_level(logging.INFO, "homeostat.cache"):
        case.run(120)
    assert case.reflector.degraded is None
    assert case.reflector.synced
    assert seen[0] == "Forbidden"
    assert seen[-1] == "ok"
    [warning] = [r for r in caplog.records if r.levelno == logging.WARNING]
    message = warning.getMessage()
    assert "watch v1 pods in namespace default" in message
    assert "pods is forbidden" in message


def test_store_that_refuses_an_old_state_gets_the_newest() -> None:
    case = Case()
    behind = b"\n".join([line("ADDED", pod("a", 1)), bookmark(2, end=True), b""])
    case.script.watches = [
        [STREAMED, line("ERROR", status(410, "Expired")) + b"\n"],
        [behind, 1e9],
    ]
    case.script.lists = [page(3, pod("a", 1))]
    case.run(3)
    assert case.shown == {"a": "1"}
    assert case.deltas[-1].reason == "restart"
    assert case.store.watermark == 3
    assert case.script.queries[2] == {"limit": "500"}


def test_bad_object_among_good_ones_is_left_out_and_counted() -> None:
    case = Case()
    bad = {"metadata": {"name": "bad", "labels": {"a": 1}}}
    case.script.watches = [[line("ADDED", bad) + b"\n" + STREAMED, 1e9]]
    case.run(1)
    assert case.shown == {"a": "3", "b": "2"}
    assert case.reflector.invalid == 1


def test_bulk_load_lets_others_have_their_turn() -> None:
    case = Case()
    many = [pod(f"p{n}", n + 1) for n in range(3000)]
    case.script.watches = [refusal(400, "BadRequest")]
    case.script.lists = [page(9000, *many)]

    async def main() -> int:
        turns = 0
        async with Group() as group:
            task = group.start(case.reflector.run(), name="reflector")
            while not case.reflector.synced:
                turns += 1
                await asyncio.sleep(0)
            task.cancel()
        return turns

    assert run_virtual(main()) > 10
    assert len(case.indexer) == 3000


def test_second_run_goes_on_without_telling_everything_again() -> None:
    case = Case()
    case.script.watches = [[STREAMED, 1e9]]
    case.run(1)
    told = len(case.deltas)
    case.script.watches = [[STREAMED, 1e9]]
    case.run(1)
    assert len(case.deltas) == told
    assert case.script.queries[-1]["resourceVersion"] == "5"


@pytest.mark.parametrize("version", ["4", "500"], ids=["below", "past"])
def test_another_server_after_a_cut_is_taken_anew_at_once(
    version: str, caplog: pytest.LogCaptureFixture
) -> None:
    case = Case(identified=True)
    case.script.identities = [cluster("one"), cluster("two")]
    case.script.watches = [[STREAMED, TransportError("reset")]]
    case.script.lists = [page(version, pod("a", 2, uid="other"))]
    case.run(5)
    assert case.shown == {"a": "2"}
    assert case.store.watermark == int(version)
    assert {d.reason for d in case.deltas[2:]} == {"restart"}
    assert case.script.queries[1] == {"limit": "500"}
    assert case.script.queries[2]["resourceVersion"] == version
    [error] = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert "lost its data" in error.getMessage()


def test_same_server_after_a_cut_goes_on_where_it_was() -> None:
    case = Case(identified=True)
    case.script.identities = [cluster("one"), cluster("one")]
    case.script.watches = [[STREAMED, TransportError("reset")]]
    case.run(5)
    assert len(case.script.identified) == 2
    assert case.script.queries[1]["resourceVersion"] == "5"


def test_due_ends_of_watches_ask_nothing() -> None:
    case = Case(identified=True)
    case.script.identities = [cluster("one")]
    mark: Part = bookmark(6) + b"\n"
    quiet: list[Part] = [mark, 100.0, mark, 100.0, mark, 90.0]
    case.script.watches = [[STREAMED, *quiet], *(quiet for _ in range(6))]
    case.run(1900)
    assert len(case.script.asked) >= 6
    assert len(case.script.identified) == 1


def test_server_that_cannot_be_asked_is_waited_for() -> None:
    case = Case(identified=True)
    case.script.identities = [refusal(401, "Unauthorized"), cluster("one")]
    case.script.watches = [[STREAMED, 1e9]]
    case.run(10)
    assert case.reflector.synced
    assert case.reflector.degraded is None


def test_second_run_asks_again_which_server_it_is() -> None:
    case = Case(identified=True)
    case.script.identities = [cluster("one"), cluster("two")]
    case.script.watches = [[STREAMED, 1e9]]
    case.script.lists = [page(9, pod("c", 1))]

    async def main() -> None:
        for _ in range(2):
            async with Group() as group:
                task = group.start(case.reflector.run(), name="reflector")
                await asyncio.sleep(1)
                task.cancel()

    run_virtual(main())
    assert case.shown == {"c": "1"}


def test_watch_that_ends_early_asks_which_server_it_is() -> None:
    case = Case(identified=True)
    case.script.identities = [cluster("one"), cluster("one")]
    case.script.watches = [[STREAMED, 100.0]]
    case.run(110)
    assert case.script.identified == [0.0, 100.0]


def test_change_of_a_stranger_is_refused_and_asked_about() -> None:
    """A stream that goes on in the middle of another server's history."""
    case = Case(identified=True)
    case.script.identities = [cluster("one"), cluster("two")]
    stranger = line("MODIFIED", pod("a", 9, uid="other")) + b"\n"
    case.script.watches = [[STREAMED, 1.0, stranger, 1e9]]
    case.script.lists = [page(9, pod("a", 9, uid="other"))]
    case.run(5)
    assert case.script.identified == [0.0, 1.0]
    assert case.shown == {"a": "9"}
    assert case.deltas[-1].reason == "restart"


def test_versions_that_go_back_cost_everybody_the_state() -> None:
    """Without the right to ask, the first list that is behind tells all of them."""
    case = Case(identified=True)
    case.script.watches = [[STREAMED, 1.0, bookmark(2) + b"\n", 1e9]]
    case.script.lists = [page(2, pod("a", 2)), page(2, pod("a", 2))]
    heard: list[int | None] = []

    async def main() -> None:
        identity = case.reflector.following._identity
        assert identity is not None
        identity.listeners.append(lambda: heard.append(case.reflector.following.taken))
        async with Group() as group:
            task = group.start(case.reflector.run(), name="reflector")
            await asyncio.sleep(60)
            task.cancel()

    run_virtual(main())
    assert case.shown == {"a": "2"}
    assert heard == [0, 1]  # known to be lost, then taken anew
    assert not case.reflector.following.stale
