"""How a reflector goes on: at which server, with what, and after which wait. Pure.

Before a list or a watch that follows a sign of doubt it is found out whether the server
is still the one that it was. One that came back without its data has a history of its
own, whose versions may be below ours, where a watch would be silent, or past them,
where it would go on in the middle of a stranger's.

Source: client-go ``tools/cache/reflector.go``, kube-rs ``watcher.rs``.
"""

from dataclasses import replace
from typing import Final

from homeostat.cache._effects import (
    Degrade,
    Effect,
    Identify,
    ListPage,
    Resolve,
    Restart,
    Wait,
    Watch,
)
from homeostat.cache._failures import explain
from homeostat.cache._inputs import Identified, Replaced
from homeostat.cache._state import ReflectorState, Step
from homeostat.errors import ApiError, HomeostatError

__all__ = ["PAGE_SIZE", "asked_wait", "enter", "identified", "wait"]

PAGE_SIZE: Final = 500  # objects; client-go's pager
BACKOFF_BASE: Final = 0.8  # seconds; client-go's and kube-rs'
BACKOFF_CAP: Final = 30.0
BACKOFF_RESET: Final = 120.0  # seconds without a failure


def enter(state: ReflectorState, *before: Effect) -> Step:
    """Begin, or go on with, what the phase says, at the server that is meant."""
    if state.history is not None and state.doubt is not None:
        return state, (*before, Identify(state.doubt))
    return _proceed(state, *before)


def identified(
    state: ReflectorState, found: Identified | Replaced, now: float, chance: float
) -> Step:
    """Go on at the server that answers; anew when it is another one."""
    if isinstance(found, Identified) and found.error is not None:
        # Nothing is known, so nothing is tried; whoever was away is asked for all.
        phase = "initial" if state.phase == "watch" else state.phase
        degrade = Degrade(*explain("identify the server of", state.target, found.error))
        return wait(
            replace(state, phase=phase),
            now,
            chance,
            degrade,
            at_least=asked_wait(found.error),
        )
    # What was not said has to be asked for once more, before the next request.
    doubt = now if found.unsaid else None
    if found.history == state.history:
        return _proceed(replace(state, doubt=doubt))
    state = replace(
        state,
        phase="resolve" if state.phase == "resolve" else "initial",
        history=found.history,
        doubt=doubt,
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


def asked_wait(error: HomeostatError) -> float | None:
    """Return for how many seconds the server asks to wait."""
    return error.retry_after if isinstance(error, ApiError) else None


def wait(
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
