"""The string formats that an API server checks."""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from datetime import date
from typing import Final
from urllib.parse import urlsplit

__all__ = ["checked_format", "format_check"]

Check = Callable[[str], bool]

_HEX = "[0-9a-fA-F]"


def _uuid(third: str = _HEX, fourth: str = _HEX) -> Check:
    return _matcher(
        f"{_HEX}{{8}}-?{_HEX}{{4}}-?{third}{_HEX}{{3}}-?{fourth}{_HEX}{{3}}-?{_HEX}{{12}}"
    )


def _matcher(pattern: str, limit: int = 0) -> Check:
    compiled = re.compile(pattern)

    def check(text: str) -> bool:
        fits = not limit or len(text.encode()) <= limit
        return fits and compiled.fullmatch(text) is not None

    return check


def _anything(_text: str) -> bool:
    return True


def _uri(text: str) -> bool:
    if not text or any(char <= " " for char in text):
        return False
    if text.startswith("/"):
        return True
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme) and (":" in text)


_ATOM = r"[^\s<>@\"(),:;\[\]\\.]+"
_ADDRESS = rf'(?:{_ATOM}(?:\.{_ATOM})*|"[^"]*")@{_ATOM}(?:\.{_ATOM})*'
_EMAIL = re.compile(rf"\s*(?:{_ADDRESS}|[^<>]*<{_ADDRESS}>)\s*")


def _email(text: str) -> bool:
    return _EMAIL.fullmatch(text) is not None


# The characters of \p{S} and \p{L} beyond ASCII are all that Go's pattern adds.
_LABEL_CHAR = r"(?:[a-zA-Z0-9$+<=>^`|~]|[^\x00-\x7f])"
_HOSTNAME = re.compile(
    rf"(?:{_LABEL_CHAR}(?:-?{_LABEL_CHAR}{{0,62}})?"
    rf"|(?:{_LABEL_CHAR}(?:(?:{_LABEL_CHAR}|-){{0,61}}{_LABEL_CHAR})?\.)+"
    r"(?:[a-zA-Z]|[^\x00-\x7f]){2,63})"
)


def _hostname(text: str) -> bool:
    return (
        _HOSTNAME.fullmatch(text) is not None
        and len(text.encode()) <= 255
        and all(len(part.encode()) <= 63 for part in text.split("."))
    )


def _plain_zeros(text: str) -> str:
    """Drop leading zeros of dotted parts, which the server still tolerates."""
    return re.sub(r"(?<![0-9a-fA-F:])0+(?=\d)", "", text) if "." in text else text


def _ip(text: str) -> bool:
    try:
        ipaddress.ip_address(_plain_zeros(text))
    except ValueError:
        return False
    return "%" not in text


def _ipv4(text: str) -> bool:
    return "." in text and _ip(text)


def _ipv6(text: str) -> bool:
    return ":" in text and _ip(text)


def _cidr(text: str) -> bool:
    address, slash, bits = text.partition("/")
    if not slash or not bits.isascii() or not bits.isdecimal() or len(bits) > 3:
        return False
    return _ip(address) and int(bits) <= (128 if ":" in address else 32)


def _base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return bool(text)


def _date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 10


_CLOCK = re.compile(
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))"
)


def _date_time(text: str) -> bool:
    day, separator, clock = text.lower().partition("t")
    match = _CLOCK.fullmatch(clock)
    if not separator or not match or not _date(day):
        return False
    return match[1] <= "23" and match[2] <= "59" and match[3] <= "59"


_GO_DURATION = re.compile(
    r"[+-]?(?:0|(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)"
)
_SCALA_DURATION = re.compile(r"\d+\s*([A-Za-zµ]+)", re.ASCII)
_SHORT_UNITS = frozenset(
    {"ns", "nano", "us", "µs", "micro", "ms", "milli", "s", "sec", "m", "min"}
    | {"h", "hr", "hour", "d", "day", "w", "wk", "week"}
)
_LONG_UNITS = ("nano", "micro", "milli", "sec", "min", "hour", "day", "week")


def _duration(text: str) -> bool:
    if _GO_DURATION.fullmatch(text):
        return True
    units = [unit.lower() for unit in _SCALA_DURATION.findall(text)]
    return any(unit in _SHORT_UNITS or unit.startswith(_LONG_UNITS) for unit in units)


def _isbn10(text: str) -> bool:
    digits = text.replace("-", "").replace(" ", "")
    if not re.fullmatch(r"[0-9]{9}[0-9X]", digits):
        return False
    values = [10 if char == "X" else int(char) for char in digits]
    return sum(place * value for place, value in enumerate(values, 1)) % 11 == 0


def _isbn13(text: str) -> bool:
    digits = text.replace("-", "").replace(" ", "")
    if not re.fullmatch(r"[0-9]{13}", digits):
        return False
    return (
        sum(int(char) * (1, 3)[place % 2] for place, char in enumerate(digits)) % 10
        == 0
    )


def _isbn(text: str) -> bool:
    return _isbn10(text) or _isbn13(text)


_CARD = re.compile(
    r"(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}"
    r"|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})",
    re.ASCII,
)


def _credit_card(text: str) -> bool:
    digits = re.sub(r"[^0-9]+", "", text)
    if not _CARD.fullmatch(digits):
        return False
    doubled = [
        int(char) * (2 if place % 2 else 1)
        for place, char in enumerate(reversed(digits))
    ]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


_NAME = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_BYTE = r"([01]?[0-9]?[0-9]|2[0-4][0-9]|25[0-5])"
_PAIRS = "|".join(
    rf"{_HEX}{{{size}}}(?:{mark}{_HEX}{{{size}}}){{{count}}}"
    for mark, size, count in ((":", 2, 5), ("-", 2, 5), (r"\.", 4, 2), (":", 2, 7),
                              ("-", 2, 7), (r"\.", 4, 3), (":", 2, 19), ("-", 2, 19),
                              (r"\.", 4, 9))
)  # fmt: skip

_STRINGS: Final[dict[str, Check]] = {
    "bsonobjectid": _matcher(f"{_HEX}{{24}}"),
    "byte": _base64,
    "cidr": _cidr,
    "creditcard": _credit_card,
    "date": _date,
    "datetime": _date_time,
    "duration": _duration,
    "email": _email,
    "hexcolor": _matcher(f"#?({_HEX}{{3}}|{_HEX}{{6}})"),
    "hostname": _hostname,
    "ipv4": _ipv4,
    "ipv6": _ipv6,
    "isbn": _isbn,
    "isbn10": _isbn10,
    "isbn13": _isbn13,
    "k8slongname": _matcher(rf"{_NAME}(\.{_NAME})*", limit=253),
    "k8sshortname": _matcher(_NAME, limit=63),
    "mac": _matcher(_PAIRS),
    "password": _anything,
    "rgbcolor": _matcher(rf"rgb\(\s*{_BYTE}\s*,\s*{_BYTE}\s*,\s*{_BYTE}\s*\)"),
    "ssn": _matcher("[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}"),
    "uri": _uri,
    "uuid": _uuid(),
    "uuid3": _uuid("3"),
    "uuid4": _uuid("4", "[89abAB]"),
    "uuid5": _uuid("5", "[89abAB]"),
}
_NUMBERS: Final = {
    "integer": frozenset({"int32", "int64"}),
    "number": frozenset({"float", "double"}),
}


def checked_format(type_name: str, format_name: str) -> str:
    """Return the format if a server checks it for that type, else "".

    Source: apiextensions ``StripUnsupportedFormatsPostProcessorForVersion``.
    """
    if type_name in ("", "string"):
        return format_name if format_name.replace("-", "") in _STRINGS else ""
    return format_name if format_name in _NUMBERS.get(type_name, ()) else ""


def format_check(format_name: str) -> Check | None:
    """Return the check of a string format; None when it is none of strings."""
    return _STRINGS.get(format_name.replace("-", ""))
