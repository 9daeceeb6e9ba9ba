"""The decisions of a reflector, without its I/O.

``reflect(state, input)`` gives the next state and what to do: changes for the store,
which are done at once, and at most one request or wait, which is always the last.

::

    resolve --> streaming list --(end of initial events)--> watch
                  |                                          ^  |
                  +--(not supported)--> list, page by page --+  |
                  ^                                             |
                  +-------(410, silence, twice an ERROR)--------+

What is a sign that the server may be another one raises doubt; ``_course.py`` asks.

Source: client-go ``tools/cache/reflector.go``, kube-rs ``watcher.rs``.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from homeostat.api import parse_resource_version
from homeostat.cache._course import asked_wait, enter, identified, wait
from homeostat.cache._effects import (
    Abandon,
    Begin,
    Bookmarked,
    Change,
    Degrade,
    Effect,
    Finish,
    Heal,
    Load,
)
from homeostat.cache._event import Bookmark
from homeostat.cache._failures import Failure, explain, failure_of, too_large
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
    Replaced,
    Resolved,
    Silent,
    Start,
    Waited,
)
from homeostat.cache._record import Record
from homeostat.cache._state import SERVER_TIMEOUT, Phase, ReflectorState, Step
from homeostat.errors import ApiError, HomeostatError, TransportError

__all__ = ["reflect"]

# Seconds; a watch that ends sooner, without events, is a fault.
SHORT_WATCH: Final = 1.0
# A server ends watches when they are as old as was asked for; sooner, it goes away.
FULL_WATCH: Final = SERVER_TIMEOUT - 1.0


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
        case Changes() | Line():
            return _heard(state, happened, now, chance)
        case Start() | Waited():
            return enter(state)
        case Identified() | Replaced():
            return identified(state, happened, now, chance)
        case Resolved():
            return enter(replace(state, phase="initial"))
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


def _relist(
    state: ReflectorState, *before: Effect, abandon: bool | None = None
) -> Step:
    """Take the whole state anew, at once."""
    if abandon is None:
        abandon = state.phase in {"initial", "list"}
    effects = (*before, Abandon()) if abandon else before
    return enter(replace(state, phase="initial", continue_=""), *effects)


def _page(state: ReflectorState, page: Page) -> Step:
    effects: list[Effect] = []
    if not state.continue_:
        truth = not state.list_version
        effects += [Heal(), Begin(page.resource_version, truth=truth)]
    effects.append(Load())
    if page.continue_:
        return enter(replace(state, continue_=page.continue_), *effects)
    effects.append(Finish(page.resource_version))
    return enter(_complete(state, page.resource_version), *effects)


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


def _heard(
    state: ReflectorState, said: Changes | Line, now: float, chance: float
) -> Step:
    if isinstance(said, Changes):
        return _changed(state, said.events)
    value = said.event.value
    if isinstance(value, Bookmark):
        return _bookmark(state, value, now)
    if isinstance(value, ApiError):
        return _failed(state, value, now, chance)
    return state, ()  # a type of event that this version does not know


def _changed(state: ReflectorState, events: Sequence[tuple[str, Record]]) -> Step:
    if state.phase == "initial":
        # In no order of versions: nothing to go on from yet.
        if not state.progressed:
            state = replace(state, progressed=True, stalls=0)
    else:
        version = events[-1][1].resource_version
        state = replace(state, resource_version=version, progressed=True, stalls=0)
    return state, (Change(events),)


def _bookmark(state: ReflectorState, bookmark: Bookmark, now: float) -> Step:
    state = replace(state, bookmarks=True, progressed=True, stalls=0)
    version = bookmark.resource_version
    if state.phase == "initial":
        if bookmark.initial_events_end:
            return _complete(state, version), (Finish(version),)
        return state, ()
    at, before = map(parse_resource_version, (version, state.resource_version))
    if at is not None and before is not None and at < before:
        # The server is behind where it was: it lost its data.
        return _relist(replace(state, from_newest=True, plain=True, doubt=now))
    return replace(state, resource_version=version), (Bookmarked(version),)


def _distrusted(state: ReflectorState, happened: Silent | Refused, now: float) -> Step:
    if not isinstance(happened, Silent):
        return _relist(replace(state, from_newest=True, plain=True, doubt=now))
    # A stream that says nothing may follow a server that lost its data: the whole state
    # tells, where going on from the old version would not.
    was_initial = state.phase == "initial"
    state = replace(state, plain=state.plain or was_initial, doubt=now)
    return _relist(state, abandon=was_initial)


def _closed(
    state: ReflectorState, error: TransportError | None, now: float, chance: float
) -> Step:
    age = now - state.opened_at
    if error is not None or age < FULL_WATCH:
        state = replace(state, doubt=now)
    if state.phase == "initial":
        # Twice cut before its end: a list, page by page, may get through.
        state = replace(state, stalls=state.stalls + 1, plain=state.stalls > 0)
        return wait(state, now, chance, Abandon())
    lived = state.progressed or age >= SHORT_WATCH
    if error is None and lived:
        return enter(state)
    return wait(state, now, chance)


def _failed(
    state: ReflectorState, error: HomeostatError, now: float, chance: float
) -> Step:
    """Decide on an error of a request, or one that a stream carried."""
    failure = failure_of(error)
    if _is_sign(error, failure, state.phase):
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
    at_least = asked_wait(error)
    return wait(state, now, chance, *abandon, degrade, at_least=at_least)


def _is_sign(error: HomeostatError, failure: Failure, phase: Phase) -> bool:
    """Whether a server that lost its data may be why."""
    if not isinstance(error, ApiError) or error.code in {401, *range(500, 600)}:
        return True
    # A kind that is looked for says nothing; one that was served is gone.
    return failure == "expired" or (failure == "missing" and phase != "resolve")


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
        return wait(state, now, chance) if again else enter(state)
    if state.phase == "list" and state.continue_:
        # The pages took longer than the server keeps them: all at once, then.
        return _relist(replace(state, paged=False))
    if state.from_newest or not state.resource_version:
        degrade = Degrade(*explain("list", state.target, error))
        return wait(replace(state, phase="initial"), now, chance, Abandon(), degrade)
    return _relist(replace(state, from_newest=True))
