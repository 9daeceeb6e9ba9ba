"""Tells the observers of a write what became of it, exactly once."""

from types import TracebackType
from typing import Self

from homeostat._scope import Write, WriteObserver, WriteScope
from homeostat.errors import FencedError, TransportError

__all__ = ["Report", "await_permit", "refuse_closed_epoch"]


def refuse_closed_epoch(scope: WriteScope, attempted: str) -> None:
    """Raise when the scope's term is over.

    Raises:
        FencedError: Nothing was sent, and nothing will be in this term.
    """
    if scope.epoch.closed:
        owner = scope.controller or "this writer"
        raise FencedError(
            f"{attempted}: not sent: term {scope.epoch.number} of {owner} is over, "
            f"{scope.epoch.why}"
        )


async def await_permit(scope: WriteScope, attempted: str) -> None:
    """Wait until the scope permits a write.

    Raises:
        FencedError: The scope's term is over, maybe since the wait began.
        TransportError: The scope does not permit it.
    """
    refuse_closed_epoch(scope, attempted)
    if scope.permit is not None:
        await scope.permit()
        refuse_closed_epoch(scope, attempted)


class Report:
    """One write's account to its observers.

    Each observer whose ``sending`` returned gets one of ``responded``, ``failed`` and
    ``unknown`` before the block is left, however it is left.

    Attributes:
        doubt: The server may have done the write although no answer says so.
    """

    __slots__ = ("_earlier", "_observers", "_settled", "_told", "_write", "doubt")

    def __init__(self, write: Write, observers: tuple[WriteObserver, ...]) -> None:
        self._write = write
        self._observers = observers
        self._told: list[WriteObserver] = []
        self._settled = False
        self._earlier = False
        self.doubt = False

    def sending(self) -> None:
        """Announce the write; whatever an observer raises refuses it."""
        for observer in self._observers:
            observer.sending(self._write)
            self._told.append(observer)

    def sent(self) -> None:
        """Note that a try is on its way."""
        self.doubt = not self._write.dry_run

    def not_sent(self) -> None:
        """Note that this try reached nobody."""
        self.doubt = self._earlier

    def answered(self, status: int) -> None:
        """Note an answer: a 5xx does not say whether the write was done."""
        self._earlier |= status >= 500 and not self._write.dry_run
        self.doubt = self._earlier

    def responded(self, body: bytes) -> None:
        """Settle: the server did it."""
        self._settled = True
        for observer in self._told:
            observer.responded(self._write, body)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._settled or exc is None:
            return
        if self.doubt:
            for observer in self._told:
                observer.unknown(self._write)
            return
        # Cancelled between tries: nothing is on its way, observers get an Exception.
        error = (
            exc
            if isinstance(exc, Exception)
            else TransportError(
                f"{self._write}: cancelled before it was sent", sent=False
            )
        )
        for observer in self._told:
            observer.failed(self._write, error)
