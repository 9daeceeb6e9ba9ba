"""The checks of a string: length, pattern, format."""

import re
from collections.abc import Callable
from typing import final

from homeostat.api import Schema
from homeostat.schema._errors import (
    FieldError,
    field_of,
    invalid,
    too_long,
    type_invalid,
)
from homeostat.schema._formats import format_check
from homeostat.schema._go import quote
from homeostat.schema._pattern import PatternError, compile_pattern

__all__ = ["TextCheck", "text_check"]


def text_check(schema: Schema, format_name: str) -> "TextCheck | None":
    """Return the check of a node's strings; None when there is nothing to check.

    Args:
        schema: The node.
        format_name: Its format, if it is one that is checked; else "".
    """
    check = TextCheck(schema, format_name)
    return check if check.needed else None


@final
class TextCheck:
    """The compiled check of strings; a pattern is compiled at its first use."""

    __slots__ = ("_format", "_format_check", "_matcher", "_schema")

    def __init__(self, schema: Schema, format_name: str) -> None:
        self._schema = schema
        self._format = format_name
        self._format_check = format_check(format_name) if format_name else None
        self._matcher: Callable[[str], re.Match[str] | None] | str | None = None

    @property
    def needed(self) -> bool:
        """Whether anything is said about strings."""
        schema = self._schema
        return (
            schema.max_length is not None
            or schema.min_length is not None
            or bool(schema.pattern)
            or self._format_check is not None
        )

    def run(self, value: str, path: str, errors: list[FieldError]) -> None:
        """Append the first of length and pattern that is wrong, and the format."""
        schema = self._schema
        detail = ""
        if schema.max_length is not None and len(value) > schema.max_length:
            errors.append(too_long(field_of(path), schema.max_length))
        elif schema.min_length is not None and len(value) < schema.min_length:
            detail = f"should be at least {schema.min_length} chars long"
        elif schema.pattern:
            detail = self._unmatched(value)
        if detail:
            errors.append(invalid(field_of(path), value, f"{path} in body {detail}"))
        if self._format_check is not None and not self._format_check(value):
            message = f"{path} in body must be of type {self._format}: {quote(value)}"
            errors.append(type_invalid(field_of(path), value, message))

    def _unmatched(self, value: str) -> str:
        pattern = self._schema.pattern
        if self._matcher is None:
            try:
                self._matcher = compile_pattern(pattern).search
            except PatternError as error:
                self._matcher = f"{pattern}, but pattern is invalid: {error}"
        if isinstance(self._matcher, str):
            return f"should match '{self._matcher}'"
        return "" if self._matcher(value) else f"should match '{pattern}'"
