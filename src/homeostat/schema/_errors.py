"""Field errors, with the texts that an API server gives them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from homeostat.api import JSON
from homeostat.schema._go import encode_json, format_float, quote

__all__ = [
    "OMITTED",
    "FieldError",
    "FieldErrorType",
    "aggregate",
    "causes",
    "field_of",
    "forbidden",
    "invalid",
    "not_supported",
    "required",
    "too_long",
    "too_many",
]

FieldErrorType = str

NOT_FOUND: Final = "FieldValueNotFound"
REQUIRED: Final = "FieldValueRequired"
DUPLICATE: Final = "FieldValueDuplicate"
INVALID: Final = "FieldValueInvalid"
NOT_SUPPORTED: Final = "FieldValueNotSupported"
FORBIDDEN: Final = "FieldValueForbidden"
TOO_LONG: Final = "FieldValueTooLong"
TOO_SHORT: Final = "FieldValueTooShort"
TOO_MANY: Final = "FieldValueTooMany"
TOO_FEW: Final = "FieldValueTooFew"
TYPE_INVALID: Final = "FieldValueTypeInvalid"
INTERNAL: Final = "InternalError"

_TITLES: Final = {
    NOT_FOUND: "Not found",
    REQUIRED: "Required value",
    DUPLICATE: "Duplicate value",
    INVALID: "Invalid value",
    NOT_SUPPORTED: "Unsupported value",
    FORBIDDEN: "Forbidden",
    TOO_LONG: "Too long",
    TOO_SHORT: "Too short",
    TOO_MANY: "Too many",
    TOO_FEW: "Too few",
    TYPE_INVALID: "Invalid value",
    INTERNAL: "Internal error",
}

# Kinds whose text never shows the value: a secret or a megabyte may be in it.
_WITHOUT_VALUE: Final = frozenset({REQUIRED, FORBIDDEN, TOO_LONG, TOO_SHORT, INTERNAL})


class _Omitted:
    """The value of an error that has none to show."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "OMITTED"


OMITTED: Final = _Omitted()


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that is wrong, and why.

    ``str()`` is the text of apimachinery's ``field.Error``, to the letter.

    Attributes:
        kind: The cause's reason in a Status, as ``FieldValueInvalid``.
        field: Path of the field, as ``spec.ports[0].name``; "<nil>" for the object.
        value: The offending value, or ``OMITTED``.
        detail: What is wrong with it; may be empty.

    Source: apimachinery ``pkg/util/validation/field/errors.go``.
    """

    kind: FieldErrorType
    field: str
    value: JSON = OMITTED
    detail: str = ""

    @property
    def body(self) -> str:
        """The message without the field: what a Status cause carries."""
        text = _TITLES.get(self.kind, self.kind)
        if self.kind not in _WITHOUT_VALUE and self.value is not OMITTED:
            text = f"{text}: {_show(self.value)}"
        return f"{text}: {self.detail}" if self.detail else text

    def __str__(self) -> str:
        return f"{self.field}: {self.body}"

    def cause(self) -> dict[str, str]:
        """Return the error as an entry of ``Status.details.causes``."""
        cause = {"reason": self.kind, "message": self.body}
        if self.field:
            cause["field"] = self.field
        return cause


def _show(value: JSON) -> str:
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, float):
        return format_float(value)
    return encode_json(value)


def field_of(path: str) -> str:
    """Return a path as a FieldError has it; the whole object is "<nil>"."""
    return path.removeprefix(".") or "<nil>"


def causes(errors: Iterable[FieldError]) -> list[dict[str, str]]:
    """Return the errors as ``Status.details.causes``, in the order given."""
    return [error.cause() for error in errors]


def aggregate(errors: Iterable[FieldError]) -> str:
    """Return one text for many errors: ``a``, or ``[a, b]`` without repetitions."""
    texts = list(dict.fromkeys(str(error) for error in errors))
    if len(texts) == 1:
        return texts[0]
    return f"[{', '.join(texts)}]" if texts else ""


def invalid(field: str, value: JSON, detail: str) -> FieldError:
    """Return the error of a malformed value."""
    return FieldError(INVALID, field, value, detail)


def required(field: str, detail: str = "") -> FieldError:
    """Return the error of a missing value."""
    return FieldError(REQUIRED, field, "", detail)


def forbidden(field: str, detail: str) -> FieldError:
    """Return the error of a value that must not be given here."""
    return FieldError(FORBIDDEN, field, "", detail)


def duplicate(field: str, value: JSON) -> FieldError:
    """Return the error of a value that occurs twice in a set or map list."""
    return FieldError(DUPLICATE, field, value)


def type_invalid(field: str, value: JSON, detail: str) -> FieldError:
    """Return the error of a value of the wrong JSON type."""
    return FieldError(TYPE_INVALID, field, value, detail)


def not_supported(field: str, value: JSON, supported: Sequence[str]) -> FieldError:
    """Return the error of a value outside of an enumeration."""
    detail = ""
    if supported:
        detail = f"supported values: {', '.join(quote(each) for each in supported)}"
    return FieldError(NOT_SUPPORTED, field, value, detail)


def too_long(field: str, limit: int) -> FieldError:
    """Return the error of a text of more than ``limit`` bytes; -1 names no limit."""
    detail = "value is too long"
    if limit >= 0:
        detail = f"may not be more than {limit} byte{'' if limit == 1 else 's'}"
    return FieldError(TOO_LONG, field, OMITTED, detail)


def too_many(field: str, actual: int, limit: int) -> FieldError:
    """Return the error of a list or map with more than ``limit`` entries."""
    detail = "has too many items"
    if limit >= 0:
        detail = f"must have at most {limit} item{'' if limit == 1 else 's'}"
    return FieldError(TOO_MANY, field, actual if actual >= 0 else OMITTED, detail)
