"""The fields that every log record of a reconcile carries."""

import logging
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token

__all__ = ["Fields", "LogFields", "log_fields", "pop_fields", "push_fields"]

Fields = Mapping[str, str]

_fields: ContextVar[Fields | None] = ContextVar("homeostat_log_fields", default=None)


@contextmanager
def log_fields(**fields: str) -> Generator[None]:
    """Give ``fields`` to every log record that is made inside the block.

    Any logger counts, those of the user and of other libraries too, when the handler
    carries a ``LogFields`` filter.
    """
    token = push_fields(fields)
    try:
        yield
    finally:
        pop_fields(token)


def push_fields(fields: Fields) -> Token[Fields | None]:
    """Give these fields, too, to the log records that follow."""
    outer = _fields.get()
    return _fields.set({**outer, **fields} if outer else fields)


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
        for name, value in (_fields.get() or {}).items():
            if not hasattr(record, name):
                setattr(record, name, value)
        return True
