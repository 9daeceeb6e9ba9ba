"""The two timestamps of the API: whole seconds, and microseconds."""

from datetime import UTC, datetime
from typing import Self

__all__ = ["MicroTime", "Time"]


class _WireTime(datetime):
    """A datetime that knows its form on the wire."""

    @classmethod
    def of(cls, moment: datetime) -> Self:
        """Return ``moment`` in UTC, at the precision that the wire keeps.

        Raises:
            ValueError: The datetime is naive: nobody can tell which moment it is.
        """
        if moment.tzinfo is None:
            raise ValueError(f"{moment.isoformat()} has no time zone")
        utc = moment.astimezone(UTC)
        return cls(
            utc.year,
            utc.month,
            utc.day,
            utc.hour,
            utc.minute,
            utc.second,
            cls._kept(utc.microsecond),
            UTC,
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the moment that an RFC 3339 text names.

        Raises:
            ValueError: Not RFC 3339, or without a time zone.
        """
        # fromisoformat takes more than RFC 3339: dates alone, and times without a zone.
        moment = cls.fromisoformat(text)
        return moment if moment.tzinfo is UTC else cls.of(moment)

    @staticmethod
    def _kept(microsecond: int) -> int:
        return microsecond

    def _wire(self, timespec: str) -> str:
        if self.tzinfo is None:
            raise ValueError(f"{self.isoformat()} has no time zone")
        utc = self if self.tzinfo is UTC else self.astimezone(UTC)
        return utc.isoformat(timespec=timespec)[: -len("+00:00")] + "Z"


class Time(_WireTime):
    """A moment in whole seconds, as ``metadata.creationTimestamp``.

    An aware ``datetime``; make one with ``Time.of(clock.now())``. What is finer than a
    second is not sent: Go's ``metav1.Time`` drops it, and a value that the server
    changes looks like drift for ever.
    """

    __slots__ = ()

    @staticmethod
    def _kept(microsecond: int) -> int:
        return 0

    def __str__(self) -> str:
        """Return the wire form, as ``2024-01-01T10:00:00Z``."""
        return self._wire("seconds")


class MicroTime(_WireTime):
    """A moment in microseconds, as in Leases and Events.

    Always sent with six digits: Go's ``metav1.MicroTime`` rejects any other number.
    """

    __slots__ = ()

    def __str__(self) -> str:
        """Return the wire form, as ``2024-01-01T10:00:00.000000Z``."""
        return self._wire("microseconds")
