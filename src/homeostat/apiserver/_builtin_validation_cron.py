"""Validation of schedules.

Source: ``github.com/robfig/cron/v3`` parser.go, which the API server uses.
"""

import re
from typing import Final

from homeostat.apiserver._builtin_validation_common import Errors
from homeostat.schema import invalid, required

__all__ = ["schedule"]

_DESCRIPTORS: Final = frozenset(
    {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
)
_MONTHS: Final = [
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
]
_DAYS: Final = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d*)?(?:h|m|s|ms|us|µs|ns))+", re.ASCII)
# Least and greatest value, and names, of minute, hour, day, month and day of the week.
_FIELDS: Final[tuple[tuple[int, int, dict[str, int]], ...]] = (
    (0, 59, {}),
    (0, 23, {}),
    (1, 31, {}),
    (1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    (0, 6, {name: number for number, name in enumerate(_DAYS)}),
)


def schedule(text: str, path: str) -> Errors:
    """Validate the schedule of a CronJob."""
    if not text:
        return [required(path)]
    fault = _fault(text)
    return [invalid(path, text, fault)] if fault else []


def _fault(text: str) -> str:
    if text.startswith("@"):
        return _descriptor_fault(text)
    fields = text.split()
    if len(fields) != len(_FIELDS):
        shown = " ".join(fields)
        return f"expected exactly 5 fields, found {len(fields)}: [{shown}]"
    for field, (least, most, names) in zip(fields, _FIELDS, strict=True):
        for part in field.split(","):
            fault = _part_fault(part, least, most, names)
            if fault:
                return fault
    return ""


def _descriptor_fault(text: str) -> str:
    if text in _DESCRIPTORS:
        return ""
    every = text.removeprefix("@every ")
    if every == text:
        return f"unrecognized descriptor: {text}"
    if _DURATION.fullmatch(every):
        return ""
    return f'failed to parse duration {text}: time: invalid duration "{every}"'


def _part_fault(part: str, least: int, most: int, names: dict[str, int]) -> str:
    span, _, step = part.partition("/")
    bounds: list[int] = [least, most]
    if span not in ("*", "?"):
        bounds = []
        for each in span.split("-"):
            number = names.get(each.lower(), int(each) if each.isdecimal() else None)
            if number is None:
                return _not_a_number(each)
            bounds.append(number)
    if len(bounds) > 2:
        return f"too many hyphens: {part}"
    if step and not step.isdecimal():
        return _not_a_number(step)
    if step and not int(step):
        return f"step of range should be a positive number: {part}"
    return _bounds_fault(bounds[0], bounds[-1], least, most, part)


def _not_a_number(text: str) -> str:
    wrong = f'strconv.Atoi: parsing "{text}": invalid syntax'
    return f"failed to parse int from {text}: {wrong}"


def _bounds_fault(first: int, last: int, least: int, most: int, part: str) -> str:
    if first < least:
        return f"beginning of range ({first}) below minimum ({least}): {part}"
    if last > most:
        return f"end of range ({last}) above maximum ({most}): {part}"
    if first > last:
        return f"beginning of range ({first}) beyond end of range ({last}): {part}"
    return ""
