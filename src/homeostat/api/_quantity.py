# ruff: noqa: SLF001 - the functions below the class are its own
"""Quantities: exact numbers with a suffix, as ``500m`` and ``1Gi``.

Source: apimachinery ``pkg/api/resource/quantity.go``.
"""

import re
from decimal import Decimal
from functools import total_ordering
from typing import Any, Final, Literal

__all__ = ["Quantity"]

Format = Literal["DecimalSI", "BinarySI", "DecimalExponent"]

_NANO: Final = -9
_MAX_INT64: Final = 2**63 - 1
_MAX_SHIFT: Final = 4096  # 1e2147483647 is a quantity; as an integer it fills a disk
_FAST_DIGITS: Final = 18  # so many decimal digits always fit 64 bits

_DECIMAL: Final = {
    "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18,
}  # fmt: skip
_BINARY: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIX: Final = {exponent: text for text, exponent in _DECIMAL.items()}
_BINARY_SUFFIX: Final = {exponent: text for text, exponent in _BINARY.items()} | {0: ""}

_NUMBER: Final = re.compile(r"([+-]?)0*([0-9]*)(\.[0-9]*)?([eEinumkKMGTP]*[-+]?[0-9]*)")
_FORMAT_ERROR: Final = (
    "quantities must match the regular expression "
    "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)
_SUFFIX_ERROR: Final = "unable to parse quantity's suffix"


@total_ordering
class Quantity:
    """An amount of a resource: exact, immutable, compared by value.

    ``str()`` is the canonical form, the one that the API server writes: ``0.5`` is
    ``500m``, ``1024Mi`` is ``1Gi``. Two quantities of the same value are equal and hash
    alike, whatever their suffixes.

    Invariant: the value is ``mantissa * 10 ** exponent``, without factors of ten in the
    mantissa, so that equal values have equal parts and huge exponents cost nothing.

    Raises:
        ValueError: The text is not a quantity; the message is the API server's.
    """

    __slots__ = ("_exponent", "_format", "_mantissa", "_text")

    _mantissa: int
    _exponent: int
    _format: Format
    _text: str

    def __init__(self, value: "str | int | Decimal | Quantity" = 0) -> None:
        if isinstance(value, Quantity):
            parts = value._mantissa, value._exponent, value._format, value._text
        elif isinstance(value, str):
            parts = _parse(value.strip())
        else:
            parts = (*_normal(*_decimal_parts(value)), "DecimalSI", "")
        self._mantissa, self._exponent, self._format, self._text = parts

    @classmethod
    def of(cls, value: "str | float | Decimal | Quantity") -> "Quantity":
        """Return the quantity that a JSON value stands for."""
        return cls(repr(value) if isinstance(value, float) else value)

    @classmethod
    def _make(cls, mantissa: int, exponent: int, form: Format) -> "Quantity":
        made = cls.__new__(cls)
        made._mantissa, made._exponent = _normal(mantissa, exponent)
        made._format, made._text = form, ""
        return made

    @property
    def format(self) -> Format:
        """The family of suffixes that the canonical form uses where it can."""
        return self._format

    def to_decimal(self) -> Decimal:
        """Return the exact value."""
        sign, digits, _ = Decimal(self._mantissa).as_tuple()
        return Decimal((sign, digits, self._exponent))

    def __int__(self) -> int:
        """Return the value rounded away from zero, as Go's ``Quantity.Value``."""
        return _rounded(self._mantissa, self._exponent, 0)

    def milli(self) -> int:
        """Return thousandths, rounded away from zero, as Go's ``MilliValue``."""
        return _rounded(self._mantissa, self._exponent, -3)

    def __float__(self) -> float:
        return float(self.to_decimal())

    def __bool__(self) -> bool:
        return self._mantissa != 0

    def __str__(self) -> str:
        if not self._text:
            self._text = self._canonical()
        return self._text

    def __repr__(self) -> str:
        return f"Quantity({str(self)!r})"

    def __hash__(self) -> int:
        return hash((self._mantissa, self._exponent))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Quantity):
            return NotImplemented
        mine, theirs = self._mantissa, other._mantissa
        return mine == theirs and self._exponent == other._exponent

    def __lt__(self, other: "Quantity") -> bool:
        if not isinstance(other, Quantity):
            return NotImplemented
        return (
            _order(self) < _order(other) if _apart(self, other) else _less(self, other)
        )

    def __add__(self, other: "Quantity") -> "Quantity":
        if not isinstance(other, Quantity):
            return NotImplemented
        if not other:
            return self._make(self._mantissa, self._exponent, self._format)
        if not self:  # a zero has no family of its own: the sum takes the other's
            return self._make(other._mantissa, other._exponent, other._format)
        exponent = min(self._exponent, other._exponent)
        mantissa = _shifted(self, exponent) + _shifted(other, exponent)
        return self._make(mantissa, exponent, self._format)

    def __sub__(self, other: "Quantity") -> "Quantity":
        if not isinstance(other, Quantity):
            return NotImplemented
        return self + -other

    def __neg__(self) -> "Quantity":
        return self._make(-self._mantissa, self._exponent, self._format)

    def __mul__(self, factor: int) -> "Quantity":
        if not isinstance(factor, int):
            return NotImplemented
        return self._make(self._mantissa * factor, self._exponent, self._format)

    __rmul__ = __mul__

    def __reduce__(self) -> tuple[Any, ...]:
        return Quantity, (str(self),)

    def __copy__(self) -> "Quantity":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Quantity":
        return self

    def _canonical(self) -> str:
        if not self._mantissa:
            return "0"
        if self._format == "BinarySI" and self._exponent >= 0:
            whole = self._mantissa * 10**self._exponent
            if abs(whole) >= 1024:
                return _binary_text(whole)
        mantissa, exponent = self._mantissa, self._exponent
        mantissa *= 10 ** (exponent % 3)
        exponent -= exponent % 3
        if self._format == "DecimalExponent":
            return f"{mantissa}e{exponent}" if exponent else str(mantissa)
        # Beyond E there is no suffix, and the server writes none: 1000E becomes 1.
        return f"{mantissa}{_DECIMAL_SUFFIX.get(exponent, '')}"


def _decimal_parts(value: object) -> tuple[int, int]:
    if isinstance(value, int) and not isinstance(value, bool):
        return value, 0
    if not isinstance(value, Decimal):
        found = type(value).__name__
        raise TypeError(f"a quantity is a number or a text, not a {found}")
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise ValueError(f"{value} is not a quantity")  # noqa: TRY004 - NaN
    mantissa = int("".join(map(str, digits)))
    return _to_nano(-mantissa if sign else mantissa, exponent)


def _normal(mantissa: int, exponent: int) -> tuple[int, int]:
    """Move the factors of ten of the mantissa into the exponent."""
    if not mantissa:
        return 0, 0
    while mantissa % 10 == 0:
        mantissa //= 10
        exponent += 1
    return mantissa, exponent


def _rounded(mantissa: int, exponent: int, to: int) -> int:
    """Return the value in units of ``10 ** to``, rounded away from zero."""
    if exponent - to > _MAX_SHIFT:
        raise OverflowError(f"{mantissa}e{exponent} is too large to be written out")
    if exponent >= to:
        whole: int = mantissa * 10 ** (exponent - to)
        return whole
    if len(str(abs(mantissa))) <= to - exponent:
        return (mantissa > 0) - (mantissa < 0)
    up: int = -(-abs(mantissa) // 10 ** (to - exponent))
    return up if mantissa > 0 else -up


def _to_nano(mantissa: int, exponent: int) -> tuple[int, int]:
    """Round away from zero what is finer than a billionth: some is more than none."""
    if exponent >= _NANO:
        return mantissa, exponent
    return _rounded(mantissa, exponent, _NANO), _NANO


def _order(quantity: Quantity) -> tuple[int, int]:
    """Return sign and signed magnitude: enough to order most pairs."""
    mantissa, exponent = quantity._mantissa, quantity._exponent
    sign = (mantissa > 0) - (mantissa < 0)
    return sign, sign * (len(str(abs(mantissa))) + exponent)


def _apart(left: Quantity, right: Quantity) -> bool:
    return _order(left) != _order(right)


def _less(left: Quantity, right: Quantity) -> bool:
    exponent = min(left._exponent, right._exponent)
    return _shifted(left, exponent) < _shifted(right, exponent)


def _shifted(quantity: Quantity, exponent: int) -> int:
    if quantity._exponent - exponent > _MAX_SHIFT:
        raise OverflowError(f"{quantity} is too large to compute with")
    shift: int = 10 ** (quantity._exponent - exponent)
    return quantity._mantissa * shift


def _binary_text(whole: int) -> str:
    exponent = 0
    while whole % 1024 == 0:
        whole //= 1024
        exponent += 10
    return f"{whole}{_BINARY_SUFFIX.get(exponent, '')}"


def _parse(text: str) -> tuple[int, int, Format, str]:
    match = _NUMBER.fullmatch(text)
    if not text or match is None:
        raise ValueError(_FORMAT_ERROR)
    sign, whole, fraction, suffix = match.groups()
    whole, fraction = whole or "0", (fraction or "")[1:]
    form, exponent = _suffix(suffix)
    mantissa, scale = int(whole + fraction), -len(fraction)
    if form == "BinarySI":
        mantissa <<= exponent
        digits_left = 14 - len(whole) - exponent * 3 // 10
        fast = not fraction and digits_left >= 0 and mantissa <= _MAX_INT64
        kept = fast and int(whole) & 7 != 0
    else:
        scale += exponent
        digits = whole + fraction
        fast = len(digits) <= _FAST_DIGITS and scale >= _NANO
        kept = (
            fast and scale % 3 == 0 and digits[0] != "0" and not digits.endswith("000")
        )
    if not fast:
        mantissa, scale = _to_nano(mantissa, scale)
        if form == "BinarySI":
            form, mantissa, scale = _bounded(mantissa, scale)
    mantissa, scale = _normal(mantissa, scale)
    # The server keeps the text of what looks canonical, a leading "+" and zeros too.
    return -mantissa if sign == "-" else mantissa, scale, form, text if kept else ""


def _bounded(mantissa: int, scale: int) -> tuple[Format, int, int]:
    """Cap a binary quantity at 64 bits; below one it becomes a decimal one."""
    if mantissa > _MAX_INT64 * 10**-scale:
        return "BinarySI", _MAX_INT64, 0
    if 0 < mantissa < 10**-scale:
        return "DecimalSI", mantissa, scale
    return "BinarySI", mantissa, scale


def _suffix(suffix: str) -> tuple[Format, int]:
    if suffix in _DECIMAL:
        return "DecimalSI", _DECIMAL[suffix]
    if suffix in _BINARY:
        return "BinarySI", _BINARY[suffix]
    if suffix[:1] in "eE":
        try:
            exponent = int(suffix[1:])
        except ValueError:
            raise ValueError(_SUFFIX_ERROR) from None
        if abs(exponent) <= _MAX_INT64:
            return "DecimalExponent", (exponent + 2**31) % 2**32 - 2**31
    raise ValueError(_SUFFIX_ERROR)
