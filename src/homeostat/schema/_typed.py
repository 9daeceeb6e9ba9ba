"""Values under a schema, as structured merge sees them."""

from homeostat.api import JSON, Schema
from homeostat.schema._fieldset import FieldSet

__all__ = ["field_set_of"]


def field_set_of(value: JSON, schema: Schema | None) -> FieldSet:
    """Return every field that a value sets: what its author would own.

    Args:
        value: A whole object or any part of one.
        schema: Its schema; None when there is none: maps are then granular and lists
            atomic.
    """
    raise NotImplementedError
