"""Log records as lines: text for people, JSON for machines."""

import json
import logging
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import IO, Any, Literal, TypeAlias, final

from homeostat.controller import LogFields

__all__ = ["JsonFormatter", "LogFormat", "TextFormatter", "log_handler"]

LogFormat: TypeAlias = Literal["text", "json"]

# The attributes of a record, and what they are called in the line. A record's ``name``
# is its logger's, so the object's name travels under another one.
_FIELDS = {
    "controller": "controller",
    "namespace": "namespace",
    "object_name": "name",
    "reconcile_id": "reconcile_id",
    "outcome": "outcome",
    "duration_s": "duration_s",
    "reasons": "reasons",
    "writes": "writes",
    "requeue_after_s": "requeue_after_s",
    "error": "error",
}


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    found = {name: getattr(record, at, None) for at, name in _FIELDS.items()}
    return {name: value for name, value in found.items() if value is not None}


@final
class JsonFormatter(logging.Formatter):
    """One JSON object per record.

    ``ts`` (RFC 3339, UTC), ``level``, ``logger`` and ``msg`` are always there; records
    of a reconcile carry ``controller``, ``namespace``, ``name``, ``reconcile_id``, and
    its outcome ``outcome``, ``duration_s`` and ``reasons``. A traceback is in ``exc``.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        line: dict[str, Any] = {
            "ts": _timestamp(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["exc"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


@final
class TextFormatter(logging.Formatter):
    """A line for people: time, level, what, which object, why.

    As ``12:30:05.123 INFO  podsets default/web reconciled: success in 12 ms, 1 write
    (PodSet changed)``.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line, with its traceback below."""
        fields = _fields(record)
        target = "/".join(filter(None, (fields.get("namespace"), fields.get("name"))))
        who = [fields.get("controller") or _package(record.name), target]
        head = f"{_timestamp(record)[11:23]} {record.levelname:<7}"
        line = " ".join(filter(None, (head, *who, record.getMessage())))
        if "outcome" in fields:
            line = f"{line}: {fields['outcome']}"
        if "duration_s" in fields:
            line = f"{line} in {_duration(fields['duration_s'])}"
        if fields.get("writes"):
            count = fields["writes"]
            line = f"{line}, {count} write{'s' if count != 1 else ''}"
        if "requeue_after_s" in fields:
            line = f"{line}, again in {_duration(fields['requeue_after_s'])}"
        reasons: Sequence[str] = fields.get("reasons") or ()
        if reasons:
            line = f"{line} ({', '.join(reasons)})"
        if "error" in fields:
            line = f"{line}: {fields['error']}"
        if record.exc_info:
            line = f"{line}\n{self.formatException(record.exc_info)}"
        return line


def log_handler(
    style: LogFormat = "text", *, stream: IO[str] | None = None
) -> logging.Handler:
    """Return a handler that writes lines with the fields of the running reconcile.

    Args:
        style: ``text`` for people, ``json`` for machines.
        stream: Where to; None for stderr.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    handler.addFilter(LogFields())
    return handler


def _package(logger: str) -> str:
    """Return which package speaks; its private modules are no names for users."""
    if logger.startswith("homeostat."):
        return logger.partition("._")[0]
    return logger


def _timestamp(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _duration(seconds: float) -> str:
    if seconds < 0.001:
        return "<1 ms"  # the clocks of some loops, as uvloop's, tick once in one
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 1000 else f"{seconds:.0f} s"
