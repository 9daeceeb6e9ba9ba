"""The machine and the store together, under every sequence of faults."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.api import GroupVersionKind
from homeostat.cache import Bookmark, Indexer, ParsedEvent, Record, Store
from homeostat.cache._course import BACKOFF_BASE, BACKOFF_CAP
from homeostat.cache._effects import (
    Abandon,
    Begin,
    Bookmarked,
    Change,
    Effect,
    Finish,
    ListPage,
    Load,
    Resolve,
    Wait,
    Watch,
)
from homeostat.cache._inputs import (
    Changes,
    Closed,
    Failed,
    Input,
    Line,
    Opened,
    Page,
    Refused,
    Resolved,
    Silent,
    Start,
    Waited,
)
from homeostat.cache._machine import reflect
from homeostat.cache._state import ReflectorState
from homeostat.errors import ApiError, TransportError, status_error

POD = GroupVersionKind("", "v1", "Pod")
CUT = TransportError("cut")
NAMES = st.sampled_from(["a", "b", "c"])


def refusal(code: int, reason: str) -> ApiError:
    return status_error({"code": code, "reason": reason, "message": reason})


REFUSALS = [
    refusal(410, "Expired"),
    refusal(422, "Invalid"),
    refusal(403, "Forbidden"),
    refusal(404, "NotFound"),
    refusal(429, "TooManyRequests"),
    refusal(500, "InternalError"),
]
FAULTS: list[Input | str] = [
    *(Failed(error) for error in REFUSALS),
    Failed(CUT),
    Closed(),
    Closed(CUT),
    Silent(),
    *(Line(ParsedEvent("ERROR", error)) for error in REFUSALS),
    "stale",
    "restart",
]


def record(name: str, version: int) -> Record:
    metadata = {"name": name, "uid": f"uid-{name}", "resourceVersion": str(version)}
    return Record.read(json.dumps({"metadata": metadata}).encode(), gvk=POD)


class Server:
    """Objects, a log of events, and pages of at most two objects."""

    def __init__(self) -> None:
        self.version = self.base = 1500
        self.objects: dict[str, Record] = {}
        self.log: list[tuple[int, str, Record]] = []
        self.pages: list[Record] = []
        self.listed = 0

    def change(self, name: str) -> None:
        self.version += 1
        new = record(name, self.version)
        if name in self.objects and self.version % 3 == 0:
            del self.objects[name]
            self.log.append((self.version, "DELETED", new))
        else:
            kind = "MODIFIED" if name in self.objects else "ADDED"
            self.objects[name] = new
            self.log.append((self.version, kind, new))

    def restart(self) -> None:
        """Come back without data, and with another object.

        So far back that no script reaches a version that was seen before: a history
        that has overtaken the lost one cannot be told from it.
        """
        self.base -= 50
        self.version = self.base
        self.log = []
        self.objects = {"z": record("z", self.base - 1)}

    def page(self, effect: ListPage) -> tuple[Page, list[Record]]:
        if not effect.continue_:
            self.pages = list(self.objects.values())
            self.listed = self.version
        size = 2 if effect.limit else len(self.pages)
        items, self.pages = self.pages[:size], self.pages[size:]
        return Page(str(self.listed), "more" if self.pages else ""), items

    def lines(self, watch: Watch, *, stale: bool) -> Iterator[Changes | Line]:
        """Yield what a watch says, up to now; behind by one state when stale."""
        version = int(watch.resource_version or 0)
        if watch.initial:
            for item in list(self.objects.values()):
                yield Changes((("ADDED", item),))
            version = self.version
            at = max(1, version - 40) if stale else version
            yield Line(
                ParsedEvent("BOOKMARK", Bookmark(str(at), initial_events_end=True))
            )
        for at, kind, item in list(self.log):
            if at > version:
                yield Changes(((kind, item),))
        yield Line(ParsedEvent("BOOKMARK", Bookmark(str(self.version))))


class Shell:
    """Does what effects say, as the reflector does, without a loop."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.indexer = Indexer(POD)
        self.store = Store(self.indexer)
        self.state = ReflectorState()
        self.items: list[Record] = []
        self.now = 0.0

    def step(self, happened: Input) -> Effect | None:
        self.state, effects = reflect(self.state, happened, now=self.now, chance=0.5)
        for place, effect in enumerate(effects):
            if isinstance(effect, Resolve | Watch | ListPage | Wait):
                assert place == len(effects) - 1, "a request is the last effect"
                return effect
            if not self.perform(effect):
                return self.step(Refused())
        return None

    def perform(self, effect: Effect) -> bool:
        match effect:
            case Begin(version, truth):
                assert not self.store.listing
                return self.store.begin(version, truth=truth)
            case Load():
                assert self.store.listing
                for item in self.items:
                    self.store.event("ADDED", item)
            case Finish(version):
                assert self.store.listing
                return self.store.finish(version) is not None
            case Abandon():
                self.store.abandon()
            case Change(events):
                self.store.events(events)
            case Bookmarked(version):
                self.store.bookmark(version)
            case _:
                pass
        return True

    def answer(self, effect: Effect, *, stale: bool = False) -> Effect | None:
        """Answer a request without a fault; a stream is followed up to now."""
        match effect:
            case Resolve():
                return self.step(Resolved())
            case Wait(seconds):
                assert BACKOFF_BASE <= seconds <= BACKOFF_CAP
                self.now += seconds
                return self.step(Waited())
            case ListPage():
                assert effect.resource_version != "0"
                page, self.items = self.server.page(effect)
                return self.step(page)
            case Watch():
                assert effect.resource_version != "0"
                after = self.step(Opened())
                for line in self.server.lines(effect, stale=stale):
                    after = self.step(line)
                    if after is not None:
                        return after
                return after
            case _:
                raise AssertionError(effect)


def fault(shell: Shell, action: Effect, kind: Input | str) -> Effect | None:
    """Let a fault befall a request, where it can."""
    if isinstance(action, Wait):
        return shell.answer(action)
    if kind == "restart":
        shell.server.restart()
        return action
    if isinstance(kind, Failed):
        return shell.step(kind)
    if isinstance(kind, str) or not isinstance(action, Watch):
        return shell.answer(action, stale=kind == "stale")
    # Faults of a stream come after some of what it says.
    after = shell.step(Opened())
    for line, _ in zip(shell.server.lines(action, stale=False), range(2), strict=False):
        after = shell.step(line)
        if after is not None:
            return after
    return shell.step(kind)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(NAMES, st.sampled_from(FAULTS)),
        max_size=25,
    )
)
def test_reflector_converges_once_faults_cease(script: list[Any]) -> None:
    server = Server()
    server.change("a")
    shell = Shell(server)
    action = shell.step(Start())
    for what in script:
        if what in {"a", "b", "c"} if isinstance(what, str) else False:
            server.change(what)
            continue
        if action is None:
            # A stream that is open ends here, or is at rest.
            action = shell.step(what if isinstance(what, Closed | Silent) else Closed())
        if action is not None:
            action = fault(shell, action, what)
    steps = 0
    while not caught_up(shell, action):
        action = shell.answer(action) if action is not None else shell.step(Silent())
        steps += 1
        assert steps < 30, "does not converge"
    shown = {r.name: r.version for r in shell.indexer}
    assert shown == {r.name: r.version for r in server.objects.values()}
    assert shell.store.watermark == server.version
    assert not any(shell.store.backlog.values())


def caught_up(shell: Shell, action: Effect | None) -> bool:
    """Whether a stream is open that says up to where the server is."""
    return (
        action is None
        and shell.state.phase == "watch"
        and shell.state.resource_version == str(shell.server.version)
    )
