"""What one reconcile wrote: told by the scope's observer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, final

import msgspec

from homeostat._scope import Write
from homeostat.api import NamespacedName
from homeostat.controller._conflicts import Lost, LostWriteError
from homeostat.errors import ConflictError

__all__ = ["Attempt", "WriteLog"]


@final
@dataclass(slots=True)
class Attempt:
    """A write and what became of it.

    Attributes:
        write: What was sent.
        outcome: ``sending`` until the answer is there.
        error: Why it failed.
    """

    write: Write
    outcome: Literal["sending", "responded", "failed", "unknown"] = "sending"
    error: Exception | None = None


# A struct, as each reconcile makes one.
@final
class WriteLog(msgspec.Struct, eq=False):
    """Observes the writes of one reconcile, in the order in which they were sent."""

    attempts: list[Attempt] = []

    @property
    def writes(self) -> tuple[Write, ...]:
        """The writes that may have changed something: not refused, not a dry run."""
        return tuple(
            a.write
            for a in self.attempts
            if a.outcome != "failed" and not a.write.dry_run
        )

    def sending(self, write: Write) -> None:
        """Take note of a write that is about to be sent."""
        self.attempts.append(Attempt(write))

    def responded(self, write: Write, body: bytes) -> None:
        """Take note that the server did it."""
        self._find(write).outcome = "responded"

    def failed(self, write: Write, error: Exception) -> None:
        """Take note that the server refused it."""
        attempt = self._find(write)
        attempt.outcome = "failed"
        attempt.error = error

    def unknown(self, write: Write) -> None:
        """Take note that its fate is unknown."""
        self._find(write).outcome = "unknown"

    def lost_to(self, error: BaseException) -> Lost | None:
        """Return which object's newer version a conflict of this reconcile is about."""
        if isinstance(error, LostWriteError):
            return error.lost
        for attempt in reversed(self.attempts):
            if attempt.error is error and isinstance(error, ConflictError):
                return _lost(attempt.write)
        return None

    def _find(self, write: Write) -> Attempt:
        for attempt in reversed(self.attempts):
            if attempt.write is write:
                return attempt
        self.attempts.append(Attempt(write))
        return self.attempts[-1]


def _lost(write: Write) -> Lost:
    known: Mapping[str, Any] = {}
    document: Any = write.body
    if isinstance(document, dict):
        body = cast("dict[str, Any]", document)
        part = "preconditions" if write.verb == "delete" else "metadata"
        known = body.get(part) or {}
    return Lost(
        target=(
            write.group,
            write.resource,
            NamespacedName(write.namespace, write.name),
        ),
        uid=write.uid or str(known.get("uid") or ""),
        resource_version=str(known.get("resourceVersion") or ""),
    )
