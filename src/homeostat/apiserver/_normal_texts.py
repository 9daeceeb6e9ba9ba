"""Texts that Go decodes into something else: times, bytes and quantities."""

import base64
import binascii
import re

from homeostat.api import JSON, Quantity

__all__ = ["TypeMismatchError", "coded_bytes", "quantity_text", "time_text"]

_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)\Z", re.ASCII
)
_MICRO = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)\Z", re.ASCII
)


class TypeMismatchError(ValueError):
    """A value cannot be decoded; the text is worded as Go's decoder words it."""


def time_text(text: str, *, micro: bool) -> str:
    """Return a time as it was written.

    Raises:
        TypeMismatchError: It is none.
    """
    layout = (
        "2006-01-02T15:04:05.000000Z07:00" if micro else "2006-01-02T15:04:05Z07:00"
    )
    if not (_MICRO if micro else _TIME).match(text):
        rest = _unparsed(text, micro=micro)
        raise TypeMismatchError(
            f'parsing time "{text}" as "{layout}": cannot parse "{rest[0]}" as '
            f'"{rest[1]}"'
        )
    return text


_LINE_ENDS = b"\r\n"
_CODED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_DATE_PARTS = (
    (r"\d{4}", "2006"),
    (r"-", "-"),
    (r"\d\d", "01"),
    (r"-", "-"),
    (r"\d\d", "02"),
    (r"T", "T"),
    (r"\d\d", "15"),
    (r":", ":"),
    (r"\d\d", "04"),
    (r":", ":"),
    (r"\d\d", "05"),
)


def _unparsed(text: str, *, micro: bool) -> tuple[str, str]:
    """Return where Go's parser stops in a time, and what it looks for there."""
    rest = text
    for pattern, layout in _DATE_PARTS:
        match = re.match(pattern, rest, re.ASCII)
        if match is None:
            return rest, layout
        rest = rest[match.end() :]
    if micro and not re.match(r"\.\d{6}(?!\d)", rest, re.ASCII):
        return rest, ".000000"
    return rest.lstrip(".0123456789"), "Z07:00"


def coded_bytes(text: str) -> str:
    """Return bytes in the form that Go writes; it reads them with line ends, too.

    Raises:
        TypeMismatchError: They are none.
    """
    plain = text.replace("\r", "").replace("\n", "")
    try:
        decoded = base64.b64decode(plain, validate=True)
    except (binascii.Error, ValueError):
        at = _spoiled(text.encode())
        raise TypeMismatchError(f"illegal base64 data at input byte {at}") from None
    return base64.b64encode(decoded).decode()


def _spoiled(text: bytes) -> int:
    """Return where Go stops in bytes that are not well coded."""
    at, filled = 0, 0
    while at < len(text):
        char = text[at : at + 1]
        at += 1
        if char in _LINE_ENDS:
            continue
        if char in _CODED:
            filled = (filled + 1) % 4
            continue
        if char != b"=" or filled < 2:
            return at - 1
        if filled == 2:
            at = _past_line_ends(text, at)
            if at == len(text):
                return at
            if text[at : at + 1] != b"=":
                return at - 1
            at += 1
        return _past_line_ends(text, at)
    return at - filled


def _past_line_ends(text: bytes, at: int) -> int:
    while text[at : at + 1] in _LINE_ENDS and at < len(text):
        at += 1
    return at


def quantity_text(value: JSON) -> str:
    """Return a quantity in its canonical form.

    Raises:
        TypeMismatchError: It is none.
    """
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            return str(Quantity(value if isinstance(value, str) else repr(value)))
        except ValueError:
            pass
    raise TypeMismatchError(
        "quantities must match the regular expression "
        r"'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    )
