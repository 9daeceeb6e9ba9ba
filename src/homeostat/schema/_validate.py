"""Checking values against schemas, with the texts of an API server."""

from homeostat.api import JSON, UNSET, Schema
from homeostat.schema._errors import FieldError

__all__ = ["validate"]


def validate(
    value: JSON, schema: Schema, *, old: JSON = UNSET, path: str = ""
) -> list[FieldError]:
    """Return what is wrong with a value.

    Args:
        value: A whole object, or any value when ``path`` is given.
        schema: Its schema. CEL rules are not run.
        old: The object as it was, on update: a part that was as wrong before and did
            not change is tolerated (ratcheting).
        path: Where the value stands in its object, as ``spec``; "" for the whole.

    Returns:
        The errors in the order of the schema; empty when the value is good.
    """
    raise NotImplementedError
