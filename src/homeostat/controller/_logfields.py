"""The fields that every log record of a reconcile carries."""

import logging
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TypeAlias

__all__ = ["Fields", "LogFields", "log_fields", "pop_fields", "push_fields"]

Fields: TypeAlias = Callable[[], Mapping[str, str]]
"""Gives the fields when a record is made: most reconciles make none."""

_fields: ContextVar[Fields | None] = ContextVar("homeostat_log_fields", default=None)


@contextmanager
def log_fields(**fields: str) -> Generator[None]:
    """Give ``fields`` to every log record that is made inside the block.

    Any logger counts, those of the user and of other libraries too, when the handler
    carries a ``LogFields`` filter.
    """
    token = push_fields(lambda: fields)
    try:
        yield
    finally:
        pop_fields(token)


def push_fields(fields: Fields) -> Token[Fields | None]:
    """Give these fields, too, to the log records that follow."""
    outer = _fields.get()
    if outer is None:
        return _fields.set(fields)
    return _fields.set(lambda: {**outer(), **fields()})


def pop_fields(token: Token[Fields | None]) -> None:
    """Go back to the fields of before."""
    _fields.reset(token)


class LogFields(logging.Filter):
    """Puts the fields of the current reconcile on each record; drops none.

    Add it to a handler: a filter of a logger does not see the records of its children.
    Fields that a record already has stay.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the fields to ``record``."""
        fields = _fields.get()
        if fields is not None:
            for name, value in fields().items():
                if not hasattr(record, name):
                    setattr(record, name, value)
        return True
