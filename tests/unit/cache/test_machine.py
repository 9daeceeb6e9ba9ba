"""Every transition of the reflector's machine, one row each."""

from dataclasses import replace
from typing import Any

import pytest

from homeostat.cache import Bookmark, ParsedEvent
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
from homeostat.cache._machine import reflect
from homeostat.cache._state import ReflectorState, silence
from homeostat.errors import ApiError, TransportError, status_error
from tests.unit.cache.support import record, status

TARGET = "v1 pods in namespace default"


def error(code: int, reason: str, message: str = "", **more: Any) -> ApiError:
    return status_error(status(code, reason, message, **more))


EXPIRED = error(410, "Expired")
TOO_LARGE = error(
    504,
    "Timeout",
    "Too large resource version: 9, current: 5",
    details={"causes": [{"reason": "ResourceVersionTooLarge"}]},
)
OLD_TOO_LARGE = error(500, "InternalError", "Too large resource version: 9")
UNSUPPORTED = error(422, "Invalid", "sendInitialEvents: Forbidden")
FORBIDDEN = error(403, "Forbidden", "no right")
MISSING = error(404, "NotFound")
BUSY = error(429, "TooManyRequests", details={"retryAfterSeconds": 7})
INTERNAL = error(500, "InternalError")
CUT = TransportError("cut")

FRESH = ReflectorState(target=TARGET)
INITIAL = replace(FRESH, phase="initial")
RELIST = replace(INITIAL, resource_version="5")
LIST = replace(FRESH, phase="list")
SECOND_PAGE = replace(LIST, continue_="next")
WATCH = replace(
    FRESH, phase="watch", resource_version="5", progressed=True, opened_at=-60.0
)
KNOWN = replace(WATCH, history=1, doubt=None)
DOUBTED = replace(KNOWN, doubt=4.0)
OLD_SERVER = replace(INITIAL, streaming=False)

RECORD = record("web", 9)
ADDED = Changes((("ADDED", RECORD),))
DELETED = Changes((("DELETED", RECORD),))


def mark(version: str, *, end: bool = False) -> Line:
    return Line(ParsedEvent("BOOKMARK", Bookmark(version, end)))


def said(problem: ApiError) -> Line:
    return Line(ParsedEvent("ERROR", problem))


STREAM = Watch(resource_version="", initial=True)
STREAM_FROM_5 = Watch(resource_version="5", initial=True)
WATCH_FROM_5 = Watch(resource_version="5", initial=False)
FIRST_PAGE = ListPage(resource_version="", limit=500)
FIRST_PAGE_FROM_5 = ListPage(resource_version="5", limit=500)
WAIT = Wait(0.8)

ROWS: list[tuple[str, ReflectorState, Input, list[Effect | type[Effect]]]] = [
    ("starts by resolving", FRESH, Start(), [Resolve()]),
    ("streams first, from no version", FRESH, Resolved(), [STREAM]),
    ("goes on after a wait", WATCH, Waited(), [WATCH_FROM_5]),
    ("kind is missing", FRESH, Failed(MISSING), [Abandon(), Degrade, WAIT]),
    ("server is away", FRESH, Failed(CUT), [Degrade, WAIT]),
    # The streaming list.
    ("stream opens", INITIAL, Opened(), [Heal(), Begin()]),
    ("initial state", INITIAL, ADDED, [Change(ADDED.events)]),
    ("initial bookmark on the way", INITIAL, mark("7"), []),
    ("initial state ends", INITIAL, mark("7", end=True), [Finish("7")]),
    ("old server", INITIAL, Failed(UNSUPPORTED), [Abandon(), FIRST_PAGE]),
    ("stream breaks the server", INITIAL, Failed(INTERNAL), [Abandon(), FIRST_PAGE]),
    (
        "old server on relist",
        RELIST,
        Failed(UNSUPPORTED),
        [Abandon(), FIRST_PAGE_FROM_5],
    ),
    ("relist expired", RELIST, Failed(EXPIRED), [Abandon(), STREAM]),
    ("relist from the future", RELIST, Failed(TOO_LARGE), [Abandon(), STREAM]),
    ("the same, old text", RELIST, Failed(OLD_TOO_LARGE), [Abandon(), STREAM]),
    ("expired without version", INITIAL, Failed(EXPIRED), [Abandon(), Degrade, WAIT]),
    ("may not watch", INITIAL, Failed(FORBIDDEN), [Abandon(), Degrade, WAIT]),
    ("busy", INITIAL, Failed(BUSY), [Abandon(), Degrade, Wait(7.0)]),
    ("refused connection", INITIAL, Failed(CUT), [Abandon(), Degrade, WAIT]),
    ("crd deleted", INITIAL, Failed(MISSING), [Abandon(), Degrade, WAIT]),
    ("initial state is cut", INITIAL, Closed(CUT), [Abandon(), WAIT]),
    ("initial state ends early", INITIAL, Closed(), [Abandon(), WAIT]),
    ("initial silence", INITIAL, Silent(), [Abandon(), FIRST_PAGE]),
    ("initial error event", INITIAL, said(INTERNAL), [Abandon(), FIRST_PAGE]),
    ("initial 410 event", RELIST, said(EXPIRED), [Abandon(), STREAM]),
    ("state from the past", RELIST, Refused(), [Abandon(), FIRST_PAGE]),
    # The list in pages.
    (
        "first page of several",
        LIST,
        Page("7", "next"),
        [
            Heal(),
            Begin("7", truth=True),
            Load(),
            ListPage(resource_version="", continue_="next", limit=500),
        ],
    ),
    (
        "last page",
        SECOND_PAGE,
        Page("7"),
        [Load(), Finish("7"), Watch(resource_version="7", initial=False)],
    ),
    (
        "only page, from a version",
        replace(LIST, list_version="5"),
        Page("7"),
        [
            Heal(),
            Begin("7"),
            Load(),
            Finish("7"),
            Watch(resource_version="7", initial=False),
        ],
    ),
    ("may not list", LIST, Failed(FORBIDDEN), [Degrade, WAIT]),
    ("list of a missing kind", LIST, Failed(MISSING), [Abandon(), Degrade, WAIT]),
    ("list fails", LIST, Failed(INTERNAL), [Degrade, WAIT]),
    (
        "page fails, and is asked for again",
        SECOND_PAGE,
        Waited(),
        [ListPage(resource_version="", continue_="next", limit=500)],
    ),
    (
        "pages expire, then all at once",
        replace(SECOND_PAGE, streaming=False),
        Failed(EXPIRED),
        [Abandon(), ListPage(resource_version="", limit=0)],
    ),
    (
        "list expired",
        replace(LIST, list_version="5", resource_version="5", streaming=False),
        Failed(EXPIRED),
        [Abandon(), FIRST_PAGE],
    ),
    ("list is refused by the store", LIST, Refused(), [Abandon(), FIRST_PAGE]),
    # The watch.
    ("watch opens", WATCH, Opened(), [Heal()]),
    ("event", WATCH, DELETED, [Change(DELETED.events)]),
    ("bookmark", WATCH, mark("8"), [Bookmarked("8")]),
    ("unknown event", WATCH, Line(ParsedEvent("NEWS", None)), []),
    ("bookmark from the past", WATCH, mark("3"), [FIRST_PAGE]),
    ("410 event", WATCH, said(EXPIRED), [STREAM_FROM_5]),
    ("410 as status", WATCH, Failed(EXPIRED), [STREAM_FROM_5]),
    (
        "410, old server",
        replace(WATCH, streaming=False),
        Failed(EXPIRED),
        [FIRST_PAGE_FROM_5],
    ),
    ("410 again at once", replace(WATCH, stalls=1), Failed(EXPIRED), [WAIT]),
    ("410 after the state", replace(WATCH, opened_at=0.0), said(EXPIRED), [WAIT]),
    ("watch from the future", WATCH, Failed(TOO_LARGE), [STREAM]),
    ("clean close", WATCH, Closed(), [WATCH_FROM_5]),
    (
        "clean close at once",
        replace(WATCH, progressed=False, opened_at=0.0),
        Closed(),
        [WAIT],
    ),
    ("cut in the middle of a line", WATCH, Closed(CUT), [WAIT]),
    ("error event", WATCH, said(INTERNAL), [Degrade, WAIT]),
    ("429 event", WATCH, said(BUSY), [Degrade, Wait(7.0)]),
    ("connection refused", WATCH, Failed(CUT), [Degrade, WAIT]),
    ("right taken away", WATCH, Failed(FORBIDDEN), [Degrade, WAIT]),
    ("crd taken away", WATCH, Failed(MISSING), [Abandon(), Degrade, WAIT]),
    ("silence", WATCH, Silent(), [STREAM_FROM_5]),
    # Which server it is.
    (
        "asks before anything else",
        replace(FRESH, history=0),
        Start(),
        [Identify(float("-inf"))],
    ),
    ("first server", replace(FRESH, history=0), Identified(0), [Resolve()]),
    ("nobody may tell", replace(INITIAL, history=0), Identified(0), [STREAM]),
    ("no doubt, no question", KNOWN, Waited(), [WATCH_FROM_5]),
    ("doubt", DOUBTED, Waited(), [Identify(4.0)]),
    ("doubt between pages", replace(DOUBTED, phase="list"), Waited(), [Identify(4.0)]),
    (
        "doubt about a missing kind",
        replace(DOUBTED, phase="resolve"),
        Waited(),
        [Identify(4.0)],
    ),
    ("the same server", DOUBTED, Identified(1), [WATCH_FROM_5]),
    ("another server", DOUBTED, Identified(2), [Restart(), FIRST_PAGE]),
    ("a new one", DOUBTED, Identified(2, unsaid=True), [Restart(), FIRST_PAGE]),
    (
        "another server, and a missing kind",
        replace(DOUBTED, phase="resolve"),
        Identified(2),
        [Restart(), Resolve()],
    ),
    ("no answer", DOUBTED, Identified(error=INTERNAL), [Degrade, WAIT]),
    ("told to wait", DOUBTED, Identified(error=BUSY), [Degrade, Wait(7.0)]),
    (
        "no answer before the first state",
        replace(INITIAL, history=0),
        Identified(error=INTERNAL),
        [Degrade, WAIT],
    ),
    ("right to ask is gone", DOUBTED, Identified(1, unsaid=True), [WATCH_FROM_5]),
    ("silence of a known server", KNOWN, Silent(), [Identify(0.0)]),
    ("another one saw it, in a watch", KNOWN, Replaced(2), [Restart(), FIRST_PAGE]),
    (
        "another one saw it, in the first state",
        replace(INITIAL, history=1, doubt=None),
        Replaced(2),
        [Restart(), FIRST_PAGE],
    ),
    (
        "another one saw it, between pages",
        replace(SECOND_PAGE, history=1, doubt=None),
        Replaced(2),
        [Restart(), FIRST_PAGE],
    ),
]


@pytest.mark.parametrize(
    ("state", "happened", "expected"),
    [row[1:] for row in ROWS],
    ids=[row[0] for row in ROWS],
)
def test_transition(
    state: ReflectorState, happened: Input, expected: list[Effect | type[Effect]]
) -> None:
    _, effects = reflect(state, happened)
    assert len(effects) == len(expected), effects
    for effect, wanted in zip(effects, expected, strict=True):
        if isinstance(wanted, type):
            assert isinstance(effect, wanted)
        else:
            assert effect == wanted


def after(state: ReflectorState, *inputs: Input, **kwargs: float) -> ReflectorState:
    for happened in inputs:
        state, _ = reflect(state, happened, **kwargs)
    return state


def wait_of(state: ReflectorState, happened: Input, **kwargs: float) -> float:
    _, effects = reflect(state, happened, **kwargs)
    assert isinstance(effects[-1], Wait)
    return effects[-1].seconds


@pytest.mark.parametrize(
    "sign",
    [
        Closed(CUT),
        Closed(),
        Failed(CUT),
        Failed(INTERNAL),
        Failed(error(401, "Unauthorized")),
        Failed(EXPIRED),
        Failed(TOO_LARGE),
        Failed(OLD_TOO_LARGE),
        Failed(MISSING),
        Refused(),
        said(EXPIRED),
        mark("3"),
    ],
    ids=str,
)
def test_what_a_new_server_may_cause_raises_doubt(sign: Input) -> None:
    state = after(KNOWN, sign, now=7.0)
    assert reflect(state, Waited())[1] == (Identify(7.0),)


@pytest.mark.parametrize(
    "answer", [Failed(FORBIDDEN), Failed(BUSY), mark("8"), ADDED, Opened()], ids=str
)
def test_answer_of_a_server_that_works_raises_none(answer: Input) -> None:
    assert after(KNOWN, answer, now=7.0).doubt is None


def test_watch_that_ends_when_it_is_due_raises_none() -> None:
    state = after(KNOWN, Opened(), now=10.0)
    state, effects = reflect(state, Closed(), now=300.0)
    assert effects == (WATCH_FROM_5,)
    assert state.doubt is None


def test_kind_that_stays_missing_raises_doubt_once() -> None:
    state = after(KNOWN, Failed(MISSING), Waited(), Identified(1), Failed(MISSING))
    assert reflect(state, Waited())[1] == (Resolve(),)


def test_server_without_a_name_yet_is_asked_again_after_its_state() -> None:
    state = after(DOUBTED, Identified(2, unsaid=True), now=8.0)
    state, effects = reflect(state, Page("2"))
    assert effects[-1] == Identify(8.0)
    state, effects = reflect(state, Identified(2))
    assert effects == (Watch(resource_version="2", initial=False),)
    assert (state.history, state.doubt) == (2, None)


def test_right_to_ask_that_is_gone_leaves_the_doubt() -> None:
    state = after(DOUBTED, Identified(1, unsaid=True), now=8.0)
    assert (state.history, state.doubt) == (1, 8.0)


def test_loss_that_versions_tell_leaves_the_doubt() -> None:
    state = after(KNOWN, Replaced(2, unsaid=True), now=8.0)
    assert (state.history, state.doubt) == (2, 8.0)


def test_missing_kind_is_resolved_anew_and_then_listed_anew() -> None:
    state = after(WATCH, Failed(MISSING))
    state, effects = reflect(state, Waited())
    assert effects == (Resolve(),)
    _, effects = reflect(state, Resolved())
    assert effects == (STREAM_FROM_5,)


def test_server_without_streaming_is_not_asked_again() -> None:
    state = after(INITIAL, Failed(UNSUPPORTED), Page("7"))
    assert reflect(state, Failed(EXPIRED), now=60.0)[1] == (
        ListPage(resource_version="7", limit=500),
    )


def test_broken_streaming_list_is_tried_again_next_time() -> None:
    state = after(INITIAL, Failed(INTERNAL), Page("7"))
    assert reflect(state, Failed(EXPIRED), now=60.0)[1] == (
        Watch(resource_version="7", initial=True),
    )


def test_streaming_list_cut_twice_gives_way_to_a_list() -> None:
    state = after(INITIAL, Closed(CUT), Waited(), Closed(CUT))
    assert reflect(state, Waited())[1] == (FIRST_PAGE,)


def test_second_error_event_without_progress_relists() -> None:
    state = after(WATCH, said(INTERNAL), Waited(), Opened(), said(INTERNAL))
    assert reflect(state, Waited())[1] == (STREAM_FROM_5,)


def test_watch_that_is_cut_goes_on_where_it_was() -> None:
    assert reflect(after(WATCH, Closed(CUT)), Waited())[1] == (WATCH_FROM_5,)


def test_server_that_was_away_is_asked_for_everything() -> None:
    assert reflect(after(WATCH, Failed(CUT)), Waited())[1] == (STREAM_FROM_5,)


def test_event_moves_the_version_of_a_watch_but_not_of_an_initial_state() -> None:
    assert after(WATCH, ADDED).resource_version == "9"
    assert after(RELIST, ADDED).resource_version == "5"


def test_end_of_the_initial_state_goes_on_on_the_same_stream() -> None:
    state = after(INITIAL, mark("7", end=True))
    assert (state.phase, state.resource_version) == ("watch", "7")


def test_history_restart_lists_without_a_version_once() -> None:
    state = after(WATCH, mark("3"))
    state, effects = reflect(state, Page("4"))
    assert Begin("4", truth=True) in effects
    assert not state.from_newest
    assert not state.plain


def test_first_state_never_asks_for_version_0() -> None:
    for state in (FRESH, OLD_SERVER):
        _, effects = reflect(state, Resolved())
        effect = effects[-1]
        assert isinstance(effect, Watch | ListPage)
        assert effect.resource_version == ""


def test_backoff_is_decorrelated_capped_and_reset_by_quiet() -> None:
    state, now, waits = WATCH, 0.0, []
    for _ in range(8):
        state, effects = reflect(state, Failed(CUT), now=now, chance=1.0)
        wait = effects[-1]
        assert isinstance(wait, Wait)
        waits.append(wait.seconds)
        now += wait.seconds
    assert waits[:3] == pytest.approx([2.4, 7.2, 21.6])
    assert waits[3:] == [30.0] * 5
    assert wait_of(state, Failed(CUT), now=now + 119, chance=1.0) == 30.0
    assert wait_of(state, Failed(CUT), now=now + 121, chance=1.0) == pytest.approx(2.4)
    assert wait_of(state, Failed(CUT), now=now, chance=0.0) == pytest.approx(0.8)


def test_watch_that_lived_a_second_without_events_is_no_fault() -> None:
    state = after(WATCH, Opened(), now=10.0)
    assert reflect(state, Closed(), now=11.5)[1] == (WATCH_FROM_5,)
    assert wait_of(state, Closed(), now=10.5) > 0


def test_silence_is_shorter_once_bookmarks_were_seen() -> None:
    assert silence(WATCH) == 295.0
    assert silence(after(WATCH, mark("8"))) == 130.0


@pytest.mark.parametrize(
    ("state", "problem", "reason", "words"),
    [
        (WATCH, FORBIDDEN, "Forbidden", ["watch", TARGET, "role", "no right"]),
        (LIST, FORBIDDEN, "Forbidden", ["list", TARGET]),
        (WATCH, MISSING, "NotFound", [TARGET, "CustomResourceDefinition"]),
        (WATCH, CUT, "Unreachable", [TARGET, "no answer"]),
        (WATCH, error(401, "Unauthorized"), "Unauthorized", ["credentials"]),
    ],
)
def test_health_says_verb_resource_and_namespace(
    state: ReflectorState,
    problem: ApiError | TransportError,
    reason: str,
    words: list[str],
) -> None:
    _, effects = reflect(state, Failed(problem))
    degrade = next(effect for effect in effects if isinstance(effect, Degrade))
    assert degrade.reason == reason
    for word in words:
        assert word in degrade.message
