"""The decisions of a reflector, without its I/O.

``reflect(state, input)`` gives the next state and what to do: changes for the store,
which are done at once, and at most one request or wait, which is always the last.

::

    resolve --> streaming list --(end of initial events)--> watch
                  |                                          ^  |
                  +--(not supported)--> list, page by page --+  |
                  ^                                             |
                  +-------(410, silence, twice an ERROR)--------+

Before a list or a watch that follows a failure it is found out whether the server is
still the one that it was. One that came back without its data has a history of its own,
whose versions may be below ours, where a watch would be silent, or past them, where it
would go on in the middle of a stranger's.

Source: client-go ``tools/cache/reflector.go``, kube-rs ``watcher.rs``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from homeostat.api import parse_resource_version
from homeostat.cache._effects import (
    Abandon,
    Begin,
    Bookmarked,
    Change,
    Degrade,
    Effect,
    Finish,
    Heal,
    Identify,
    ListPage,
    Load,
    Resolve,
    Restart,
    Wait,
    Watch,
)
from homeostat.cache._event import Bookmark, ParsedEvent
from homeostat.cache._failures import explain, failure_of, too_large
from homeostat.cache._inputs import (
    Changes,
    Closed,
    Failed,
    Identified,
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
from homeostat.cache._record import Record
from homeostat.errors import ApiError, HomeostatError, TransportError

__all__ = ["ReflectorState", "reflect", "silence"]

PAGE_SIZE: Final = 500  # objects; client-go's pager
BACKOFF_BASE: Final = 0.8  # seconds; client-go's and kube-rs'
BACKOFF_CAP: Final = 30.0
BACKOFF_RESET: Final = 120.0  # seconds without a failure
SERVER_TIMEOUT: Final = 290  # seconds; below the 295 s after which proxies cut
# Bookmarks come every minute: two missed ones and something is wrong.
SILENCE_AFTER_BOOKMARKS: Final = 130.0
SILENCE: Final = SERVER_TIMEOUT + 5.0
SHORT_WATCH: Final = (
    1.0  # seconds; a watch that ends sooner, without events, is a fault
)

Phase: TypeAlias = Literal["resolve", "initial", "list", "watch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectorState:
    """What a reflector knows between two inputs.

    Attributes:
        target: What is reflected, for messages.
        phase: What is under way, or what a wait delays.
        resource_version: Where a watch goes on; "" before the first state.
        identity: Which server that is of, "" before it is known; None when nobody can
            tell.
        doubt: Since when the server may be another one, None when it is that one.
        from_newest: That version is of no use: the next state is asked for without.
        streaming: Whether the server knows streaming lists, as far as was seen.
        plain: The next state is taken by a list all the same.
        paged: The next list comes in pages.
        list_version: What the list under way was asked for.
        continue_: Token of its next page, "" before the first one.
        bookmarks: Whether the server sends bookmarks.
        opened_at: When the stream was opened.
        progressed: Whether it brought anything.
        stalls: Streams in a row that failed without having brought anything.
        delay: The last back-off, in seconds.
        quiet_from: When it ended.
    """

    target: str = ""
    phase: Phase = "resolve"
    resource_version: str = ""
    identity: str | None = None
    doubt: float | None = float("-inf")
    from_newest: bool = False
    streaming: bool = True
    plain: bool = False
    paged: bool = True
    list_version: str = ""
    continue_: str = ""
    bookmarks: bool = False
    opened_at: float = 0.0
    progressed: bool = False
    stalls: int = 0
    delay: float = 0.0
    quiet_from: float = 0.0


Step: TypeAlias = tuple[ReflectorState, tuple[Effect, ...]]


def reflect(  # noqa: PLR0911  # one answer for each input
    state: ReflectorState, happened: Input, *, now: float = 0.0, chance: float = 0.0
) -> Step:
    """Decide what follows.

    Args:
        state: What was known.
        happened: What happened.
        now: Monotonic time, in seconds.
        chance: From [0, 1], for the spread of back-off.

    Returns:
        What is known now, and what to do, in order. At most the last effect is a
        request or a wait; without one the stream that is open goes on.
    """
    match happened:
        case Changes(events):
            return _changes(state, events)
        case Line(event):
            return _line(state, event, now, chance)
        case Start() | Waited():
            return _enter(state)
        case Identified():
            return _identified(state, happened, now, chance)
        case Resolved():
            return _enter(replace(state, phase="initial"))
        case Page():
            return _page(state, happened)
        case Opened():
            state = replace(state, opened_at=now, progressed=False)
            begin = (Begin(),) if state.phase == "initial" else ()
            return state, (Heal(), *begin)
        case Failed(error):
            return _failed(state, error, now, chance)
        case Closed(error):
            return _closed(state, error, now, chance)
        case Silent() | Refused():
            return _distrusted(state, happened, now)


def silence(state: ReflectorState) -> float:
    """Return for how many seconds an open watch may say nothing."""
    return SILENCE_AFTER_BOOKMARKS if state.bookmarks else SILENCE


def _enter(state: ReflectorState, *before: Effect) -> Step:
    """Begin, or go on with, what the phase says, at the server that is meant."""
    asks = state.identity is not None and state.phase != "resolve"
    if asks and state.doubt is not None:
        return state, (*before, Identify(state.doubt))
    return _proceed(state, *before)


def _identified(
    state: ReflectorState, found: Identified, now: float, chance: float
) -> Step:
    if found.error is not None:
        # Nothing is known, so nothing is tried; whoever was away is asked for all.
        phase = "initial" if state.phase == "watch" else state.phase
        degrade = Degrade(*explain("identify the server of", state.target, found.error))
        return _wait(
            replace(state, phase=phase),
            now,
            chance,
            degrade,
            at_least=_asked_wait(found.error),
        )
    if found.uid and state.identity in {"", found.uid}:
        return _proceed(replace(state, identity=found.uid, doubt=None))
    if not state.identity:
        return _proceed(replace(state, doubt=None))
    if not found.uid and not found.missing:
        # The right to ask is gone, with the old server perhaps: ask again next time.
        return _proceed(replace(state, doubt=now))
    state = replace(
        state,
        phase="initial",
        identity=found.uid,
        # A server that has only just begun cannot say who it is: ask once more.
        doubt=None if found.uid else now,
        resource_version="",
        from_newest=False,
        plain=True,
        paged=True,
        continue_="",
    )
    return _proceed(state, Restart())


def _proceed(state: ReflectorState, *before: Effect) -> Step:
    version = "" if state.from_newest else state.resource_version
    match state.phase:
        case "resolve":
            return state, (*before, Resolve())
        case "watch":
            watch = Watch(resource_version=state.resource_version, initial=False)
            return state, (*before, watch)
        case "initial" if state.streaming and not state.plain:
            watch = Watch(resource_version=version, initial=True)
            return state, (*before, watch)
        case "initial":
            state = replace(state, phase="list", list_version=version, continue_="")
            return _proceed(state, *before)
        case "list":
            limit = PAGE_SIZE if state.paged else 0
            page = ListPage(
                resource_version="" if state.continue_ else state.list_version,
                continue_=state.continue_,
                limit=limit,
            )
            return state, (*before, page)


def _relist(
    state: ReflectorState, *before: Effect, abandon: bool | None = None
) -> Step:
    """Take the whole state anew, at once."""
    if abandon is None:
        abandon = state.phase in {"initial", "list"}
    effects = (*before, Abandon()) if abandon else before
    return _enter(replace(state, phase="initial", continue_=""), *effects)


def _page(state: ReflectorState, page: Page) -> Step:
    effects: list[Effect] = []
    if not state.continue_:
        truth = not state.list_version
        effects += [Heal(), Begin(page.resource_version, truth=truth)]
    effects.append(Load())
    if page.continue_:
        return _enter(replace(state, continue_=page.continue_), *effects)
    effects.append(Finish(page.resource_version))
    return _enter(_complete(state, page.resource_version), *effects)


def _complete(state: ReflectorState, version: str) -> ReflectorState:
    return replace(
        state,
        phase="watch",
        resource_version=version,
        from_newest=False,
        plain=False,
        paged=True,
        continue_="",
    )


def _changes(state: ReflectorState, events: Sequence[tuple[str, Record]]) -> Step:
    if state.phase == "initial":
        # In no order of versions: nothing to go on from yet.
        if not state.progressed:
            state = replace(state, progressed=True, stalls=0)
    else:
        version = events[-1][1].resource_version
        state = replace(state, resource_version=version, progressed=True, stalls=0)
    return state, (Change(events),)


def _line(state: ReflectorState, event: ParsedEvent, now: float, chance: float) -> Step:
    if isinstance(event.value, Bookmark):
        return _bookmark(state, event.value)
    if isinstance(event.value, ApiError):
        return _failed(state, event.value, now, chance)
    return state, ()  # a type of event that this version does not know


def _bookmark(state: ReflectorState, bookmark: Bookmark) -> Step:
    state = replace(state, bookmarks=True, progressed=True, stalls=0)
    version = bookmark.resource_version
    if state.phase == "initial":
        if bookmark.initial_events_end:
            return _complete(state, version), (Finish(version),)
        return state, ()
    at, before = map(parse_resource_version, (version, state.resource_version))
    if at is not None and before is not None and at < before:
        # The server is behind where it was: it lost its data.
        return _relist(replace(state, from_newest=True, plain=True))
    return replace(state, resource_version=version), (Bookmarked(version),)


def _distrusted(state: ReflectorState, happened: Silent | Refused, now: float) -> Step:
    if isinstance(happened, Refused):
        return _relist(replace(state, from_newest=True, plain=True))
    # A stream that says nothing may follow a server that lost its data: the whole state
    # tells, where going on from the old version would not.
    was_initial = state.phase == "initial"
    state = replace(state, plain=state.plain or was_initial, doubt=now)
    return _relist(state, abandon=was_initial)


def _closed(
    state: ReflectorState, error: TransportError | None, now: float, chance: float
) -> Step:
    if error is not None:
        state = replace(state, doubt=now)
    if state.phase == "initial":
        # Twice cut before its end: a list, page by page, may get through.
        state = replace(state, stalls=state.stalls + 1, plain=state.stalls > 0)
        return _wait(state, now, chance, Abandon())
    lived = state.progressed or now - state.opened_at >= SHORT_WATCH
    if error is None and lived:
        return _enter(state)
    return _wait(state, now, chance)


def _failed(
    state: ReflectorState, error: HomeostatError, now: float, chance: float
) -> Step:
    """Decide on an error of a request, or one that a stream carried."""
    failure = failure_of(error)
    if not isinstance(error, ApiError) or error.code in {401, *range(500, 600)}:
        state = replace(state, doubt=now)
    if failure == "expired":
        return _expired(state, error, now, chance)
    verb = {"list": "list", "resolve": "discover"}.get(state.phase, "watch")
    degrade = Degrade(*explain(verb, state.target, error))
    if state.phase == "initial" and failure in {"unsupported", "broken"}:
        # As client-go: whatever is wrong with the streaming list, a list may work.
        state = replace(
            state, plain=True, streaming=state.streaming and failure == "broken"
        )
        return _relist(state)
    abandon = (Abandon(),) if state.phase == "initial" else ()
    if failure == "missing":
        state = replace(state, phase="resolve", continue_="")
        abandon = (Abandon(),)
    elif failure not in {"refused", "busy"} and state.phase == "watch":
        # A server that was away may have come back without its data, and a watch from
        # the old version would be silent, or of another history: ask for everything.
        state = replace(state, stalls=state.stalls + 1)
        if state.stalls > 1 or failure == "unreachable":
            state = replace(state, phase="initial")
    at_least = _asked_wait(error)
    return _wait(state, now, chance, *abandon, degrade, at_least=at_least)


def _asked_wait(error: HomeostatError) -> float | None:
    return error.retry_after if isinstance(error, ApiError) else None


def _expired(
    state: ReflectorState, error: HomeostatError, now: float, chance: float
) -> Step:
    if state.phase == "watch":
        again = state.stalls > 0 or now - state.opened_at < SHORT_WATCH
        state = replace(
            state,
            phase="initial",
            stalls=state.stalls + 1,
            from_newest=state.from_newest or too_large(error),
        )
        # Twice in a row without an event between, or at once after the whole state was
        # taken, which counts as progress: do not spin.
        return _wait(state, now, chance) if again else _enter(state)
    if state.phase == "list" and state.continue_:
        # The pages took longer than the server keeps them: all at once, then.
        return _relist(replace(state, paged=False))
    if state.from_newest or not state.resource_version:
        degrade = Degrade(*explain("list", state.target, error))
        return _wait(replace(state, phase="initial"), now, chance, Abandon(), degrade)
    return _relist(replace(state, from_newest=True))


def _wait(
    state: ReflectorState,
    now: float,
    chance: float,
    *before: Effect,
    at_least: float | None = None,
) -> Step:
    """Back off, then go on with the phase.

    Decorrelated: each delay is drawn between the base and three times the last one.
    """
    quiet = now - state.quiet_from > BACKOFF_RESET
    last = BACKOFF_BASE if quiet or not state.delay else state.delay
    delay = min(BACKOFF_CAP, BACKOFF_BASE + chance * (3 * last - BACKOFF_BASE))
    if at_least is not None:
        delay = max(delay, at_least * (1 + chance / 10))
    state = replace(state, delay=min(delay, BACKOFF_CAP), quiet_from=now + delay)
    return state, (*before, Wait(delay))
