"""What a reflector knows between two inputs."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from homeostat.cache._effects import Effect

__all__ = ["SERVER_TIMEOUT", "Phase", "ReflectorState", "Step", "silence"]

SERVER_TIMEOUT: Final = 290  # seconds; below the 295 s after which proxies cut
# Bookmarks come every minute: two missed ones and something is wrong.
SILENCE_AFTER_BOOKMARKS: Final = 130.0
SILENCE: Final = SERVER_TIMEOUT + 5.0

Phase: TypeAlias = Literal["resolve", "initial", "list", "watch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectorState:
    """What a reflector knows between two inputs.

    Attributes:
        target: What is reflected, for messages.
        phase: What is under way, or what a wait delays.
        resource_version: Where a watch goes on; "" before the first state.
        history: Number of the history that it is of; None when nobody can tell.
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
    history: int | None = None
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


def silence(state: ReflectorState) -> float:
    """Return for how many seconds an open watch may say nothing."""
    return SILENCE_AFTER_BOOKMARKS if state.bookmarks else SILENCE
