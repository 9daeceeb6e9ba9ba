"""The number checks of kube-openapi's validation, with its texts and oddities."""

import math
from typing import Final

from homeostat.api import Schema
from homeostat.schema._errors import FieldError, invalid
from homeostat.schema._go import format_float

__all__ = ["check_number", "is_json_integer"]

_EPSILON: Final = 1e-9
_MAX_SAFE: Final = float(2**53 - 1)
_MAX_FLOAT32: Final = 3.4028234663852886e38


def is_json_integer(number: float) -> bool:
    """Tell whether a float counts as an integer, within JSON's safe range."""
    if not math.isfinite(number) or abs(number) > _MAX_SAFE:
        return False
    if number == math.trunc(number):
        return True
    if abs(number) < 1:
        return False
    difference = abs(number - math.trunc(number))
    return difference / (abs(number) + abs(math.trunc(number))) < _EPSILON


def check_number(
    value: float,
    schema: Schema,
    type_name: str,
    format_name: str,
    path: str,
    errors: list[FieldError],
) -> None:
    """Append what is wrong with a number: its range first, then its bounds."""
    field = path.removeprefix(".") or "<nil>"
    if not _holds(value, type_name, format_name):
        form = f"with format {format_name}" if format_name else "(default format)"
        detail = f"Checked value must be of type {type_name} {form} in {path}"
        errors.append(invalid("<nil>", "", detail))
    details: list[str] = []
    if schema.multiple_of is not None:
        factor = _cut(schema.multiple_of, value)
        if factor <= 0:
            shown = format_float(factor)
            detail = f"factor MultipleOf declared for {path} must be positive: {shown}"
            errors.append(invalid(field, factor, detail))
        elif not _divides(factor, value):
            shown = format_float(factor)
            details.append(f"{path} in body should be a multiple of {shown}")
    minimum, maximum = schema.minimum, schema.maximum
    if minimum is not None:
        minimum = _cut(minimum, value)
        if value < minimum or (schema.exclusive_minimum and value == minimum):
            than = "" if schema.exclusive_minimum else " or equal to"
            relation = f"greater than{than} {format_float(minimum)}"
            details.append(f"{path} in body should be {relation}")
    if maximum is not None:
        maximum = _cut(maximum, value)
        if value > maximum or (schema.exclusive_maximum and value == maximum):
            than = "" if schema.exclusive_maximum else " or equal to"
            relation = f"less than{than} {format_float(maximum)}"
            details.append(f"{path} in body should be {relation}")
    errors.extend(invalid(field, value, detail) for detail in details)


def _cut(bound: float, value: float) -> float:
    # An integer is compared with the bound's integer part, however odd that is.
    return math.trunc(bound) if isinstance(value, int) else bound


def _holds(value: float, type_name: str, format_name: str) -> bool:
    if type_name == "integer":
        bits = 31 if format_name == "int32" else 63
        whole = isinstance(value, int) or value.is_integer()
        return whole and -(2**bits) <= value < 2**bits
    if type_name == "number" and format_name == "float":
        return abs(value) <= _MAX_FLOAT32
    return True


def _divides(factor: float, value: float) -> bool:
    if isinstance(value, int):
        return value % factor == 0
    return is_json_integer(1 / factor * value if factor < 1 else value / factor)
