"""From what a server sent to what a reflector and a store take, a batch at a time."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias, final

from homeostat.cache._event import ParsedEvent, read_event
from homeostat.cache._inputs import Changes, Line
from homeostat.cache._record import Record, make_record, read_head
from homeostat.cache._shelf import Shelf
from homeostat.errors import InvalidObjectError, TransportError

__all__ = ["Turns", "batches", "inputs_of", "records_of"]

Skip: TypeAlias = Callable[[InvalidObjectError], None]

# A batch is taken in one step, with all that its handlers make of it.
_BATCH: Final = 32
# Others get their turn after so long, and after so many objects: handlers may be slow,
# and clocks may stand still.
_SLICE: Final = 0.003  # seconds
_BULK: Final = 256


def batches(lines: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Cut lines, or objects, into what is taken in one step."""
    for start in range(0, len(lines), _BATCH):
        yield lines[start : start + _BATCH]


def inputs_of(
    lines: Sequence[bytes], shelf: Shelf, skip: Skip
) -> Iterator[Changes | Line]:
    """Read the lines of a watch, with as many changes in one input as come in a row.

    Args:
        lines: Events as JSON.
        shelf: Where their records stand.
        skip: Told of objects whose metadata cannot be read.

    Raises:
        TransportError: A line is no event; what came before it was given.
    """
    changes: list[tuple[str, Record]] = []
    for line in lines:
        try:
            event_type, value = read_event(line, shelf)
        except InvalidObjectError as error:
            skip(error)
            continue
        except TransportError:
            if changes:
                yield Changes(changes)
            raise
        if isinstance(value, Record):
            changes.append((event_type, value))
            continue
        if changes:
            yield Changes(changes)
            changes = []
        yield Line(ParsedEvent(event_type, value))
    if changes:
        yield Changes(changes)


def records_of(items: Sequence[bytes], shelf: Shelf, skip: Skip) -> Iterator[Record]:
    """Read the objects of a list.

    Args:
        items: Objects as JSON.
        shelf: Where their records stand.
        skip: Told of objects whose metadata cannot be read.
    """
    for data in items:
        try:
            yield make_record(read_head(data, shelf.gvk), data, shelf)
        except InvalidObjectError as error:
            skip(error)


@final
class Turns:
    """Lets others have the loop while much is taken in."""

    __slots__ = ("_since", "_taken")

    def __init__(self) -> None:
        self._since = 0.0
        self._taken = 0

    async def take(self, count: int) -> None:
        """Take note that so many were taken; wait for a turn when that is due.

        Cancellation: what was taken stays.
        """
        loop = asyncio.get_running_loop()
        self._taken += count
        if self._taken >= _BULK or loop.time() - self._since >= _SLICE:
            await asyncio.sleep(0)
            self._since = loop.time()
            self._taken = 0
