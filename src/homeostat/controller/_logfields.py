"""The fields that every log record of a reconcile carries."""

import logging
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

from homeostat._scope import NO_SCOPE, WriteScope, current_scope

__all__ = ["LogFields", "log_fields"]

_NONE: Mapping[str, str] = MappingProxyType({})
_fields: ContextVar[Mapping[str, str]] = ContextVar(
    "homeostat_log_fields", default=_NONE
)


@contextmanager
def log_fields(**fields: str) -> Generator[None]:
    """Give ``fields`` to every log record that is made inside the block.

    Any logger counts, those of the user and of other libraries too, when the handler
    carries a ``LogFields`` filter.
    """
    token = _fields.set({**_fields.get(), **fields})
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
        fields = _fields.get()
        scope = current_scope()
        if scope is not NO_SCOPE:
            fields = {**_of_reconcile(scope), **fields}
        for name, value in fields.items():
            if not hasattr(record, name):
                setattr(record, name, value)
        return True


def _of_reconcile(scope: WriteScope) -> Mapping[str, str]:
    subject = scope.subject
    return {
        "controller": scope.controller,
        "namespace": getattr(subject, "namespace", ""),
        "object_name": getattr(subject, "name", None) or scope.key,
        "reconcile_id": scope.reconcile_id,
    }
