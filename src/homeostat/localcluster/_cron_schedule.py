"""When a cron schedule is due: five fields, or a macro, in a time zone.

Source: ``github.com/robfig/cron/v3`` (parser.go, spec.go, constantdelay.go), which the
CronJob controller uses. Two of its ways are worth a word. What is due at an hour that a
change of the clocks leaves out is not due that day, and what is due in the hour that
comes twice is due twice. And days of the month and of the week are alternatives where
both are restricted; ``*/2`` counts as a restriction, ``*`` does not.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, TypeAlias, final

__all__ = ["Cron", "Every", "Schedule", "parse_schedule"]

_MACROS: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS: Final = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
_DAYS: Final = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
# Least and greatest value, and names, of minute, hour, day, month and day of the week.
_FIELDS: Final[tuple[tuple[int, int, Mapping[str, int]], ...]] = (
    (0, 59, {}),
    (0, 23, {}),
    (1, 31, {}),
    (1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    (0, 6, {name: number for number, name in enumerate(_DAYS)}),
)
_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?)(h|ms|m|s|us|µs|ns)")
_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_MINUTE = timedelta(minutes=1)
# A schedule that is due on no day of so many years is never due.
_YEARS = 5


@final
@dataclass(frozen=True, slots=True)
class Every:
    """Due at regular intervals, of whole seconds and at least one."""

    interval: timedelta

    def next(self, after: datetime) -> datetime | None:
        """Return when it is due next."""
        return after.replace(microsecond=0) + self.interval


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """Due at certain minutes.

    Attributes:
        minutes: Of the hour.
        hours: Of the day.
        days: Of the month.
        months: Of the year.
        weekdays: Of the week, Sunday is 0.
        any_day: One of the two kinds of days is not restricted.
        zone: Where these are counted.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    zone: tzinfo

    def next(self, after: datetime) -> datetime | None:
        """Return the first minute after a moment at which it is due, None for never."""
        moment = after.astimezone(UTC).replace(second=0, microsecond=0) + _MINUTE
        limit = moment.astimezone(self.zone).year + _YEARS
        while (local := moment.astimezone(self.zone)).year <= limit:
            if local.month not in self.months:
                moment = self._midnight(_next_month(local))
            elif not self._has_day(local):
                moment = self._midnight(local + timedelta(days=1))
            elif local.hour not in self.hours:
                # Never past the end of an hour: the clocks may change there.
                moment += timedelta(minutes=60 - local.minute)
            elif local.minute not in self.minutes:
                moment += _MINUTE
            else:
                return moment
        return None

    def _has_day(self, local: datetime) -> bool:
        day = local.day in self.days
        weekday = local.isoweekday() % 7 in self.weekdays
        return (day and weekday) if self.any_day else (day or weekday)

    def _midnight(self, local: datetime) -> datetime:
        start = datetime(local.year, local.month, local.day, tzinfo=self.zone)
        return start.astimezone(UTC)


Schedule: TypeAlias = Cron | Every


def _next_month(local: datetime) -> datetime:
    return (local.replace(day=28) + timedelta(days=4)).replace(day=1)


def parse_schedule(text: str, zone: tzinfo = UTC) -> Schedule:
    """Return what a CronJob's schedule means.

    Args:
        text: Five fields, or a macro as ``@daily`` or ``@every 1h30m``.
        zone: Where its hours are counted.

    Raises:
        ValueError: It is no schedule; the server lets none such pass.
    """
    if text.startswith("@every "):
        return Every(_interval(text.removeprefix("@every ")))
    fields = _MACROS.get(text, text).split()
    if len(fields) != len(_FIELDS):
        raise ValueError(f"expected exactly 5 fields, found {len(fields)}: {text}")
    sets = [
        frozenset(_values(field, *bounds))
        for field, bounds in zip(fields, _FIELDS, strict=True)
    ]
    return Cron(
        minutes=sets[0],
        hours=sets[1],
        days=sets[2],
        months=sets[3],
        weekdays=sets[4],
        any_day=any(_is_open(field) for field in (fields[2], fields[4])),
        zone=zone,
    )


def _interval(text: str) -> timedelta:
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"no duration: {text}")
    seconds = sum(
        float(number) * _UNITS[unit.replace("µ", "u")] for number, unit in parts
    )
    return timedelta(seconds=max(int(seconds), 1))


def _is_open(field: str) -> bool:
    """Tell whether a field leaves its day open: a star with a step does not."""
    return any(
        part.partition("/")[0] in {"*", "?"} and part.partition("/")[2] in {"", "1"}
        for part in field.split(",")
    )


def _values(
    field: str, least: int, most: int, names: Mapping[str, int]
) -> Iterable[int]:
    for part in field.split(","):
        span, has_step, step = part.partition("/")
        if span in {"*", "?"}:
            first, last = least, most
        else:
            start, is_range, end = span.partition("-")
            first = _number(start, names)
            last = _number(end, names) if is_range else first
            if has_step and not is_range:
                last = most  # from there on
        if not least <= first <= last <= most:
            raise ValueError(f"out of range: {part}")
        yield from range(first, last + 1, int(step) if has_step else 1)


def _number(text: str, names: Mapping[str, int]) -> int:
    number = names.get(text.lower())
    return int(text) if number is None else number
