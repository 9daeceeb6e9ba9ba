"""The fields that every log record of a reconcile carries."""

import logging
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["LogFields", "log_fields"]

_fields: ContextVar[Mapping[str, str] | None] = ContextVar(
    "homeostat_log_fields", default=None
)


@contextmanager
def log_fields(**fields: str) -> Generator[None]:
    """Give ``fields`` to every log record that is made inside the block.

    Any logger counts, those of the user and of other libraries too, when the handler
    carries a ``LogFields`` filter.
    """
    token = _fields.set({**(_fields.get() or {}), **fields})
    try:
        yield
    finally:
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
