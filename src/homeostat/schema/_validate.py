"""Checking values against schemas, with the texts of an API server."""

from homeostat.api import JSON, UNSET, Schema
from homeostat.schema._check import CHECKS
from homeostat.schema._embedded import check_embedded
from homeostat.schema._errors import FieldError
from homeostat.schema._lists import check_lists

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
        The errors: those of the schema first, then of embedded resources, then
        repetitions in sets and map lists. Empty when the value is good.

    Source: apiextensions ``customResourceStrategy.Validate`` and ``ValidateUpdate``.
    """
    errors: list[FieldError] = []
    CHECKS.get(schema).run(value, path, errors, old)
    errors.extend(check_embedded(value, schema, path))
    repeated = check_lists(value, schema, path)
    if repeated and (old is UNSET or not check_lists(old, schema, path)):
        errors.extend(repeated)
    return errors
