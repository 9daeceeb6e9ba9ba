"""JSON as Go reads it: where a text breaks the grammar, and what Go says of it there.

Bodies are decoded by msgspec. What it refuses comes here: most of that is no JSON, and
then the words are those of Go's scanner; the rest is JSON that Go takes, as half of a
surrogate pair, or a number that no float holds.

Source: ``scanner.go`` of Go's encoding/json, which sigs.k8s.io/json copies.
"""

import json
import math
import re
from typing import Final, Self

from homeostat.api import JSON
from homeostat.apiserver._nesting import MalformedError

__all__ = [
    "NESTING",
    "HugeNumber",
    "HugeNumberError",
    "complaint",
    "decode_huge",
    "go_type",
    "whole_surrogates",
]

_END: Final = "unexpected end of JSON input"
# Source: maxNestingDepth of encoding/json.
NESTING: Final = 10_000

_BLANK = rb"[ \t\r\n]*+"
_INSIDE = rb'[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+'
_STRING = rb'"' + _INSIDE + rb'"'
_FRACTION = rb"(?:\.[0-9]++|(?!\.))"
_EXPONENT = rb"(?:[eE][+-]?+[0-9]++|(?![eE]))"
_NUMBER = rb"-?+(?:0|[1-9][0-9]*+)" + _FRACTION + _EXPONENT
_SCALAR = rb"(?:" + _STRING + rb"|" + _NUMBER + rb"|true|false|null)"
_KEY = _STRING + _BLANK + rb":"

_blank = re.compile(_BLANK)
_inside = re.compile(_INSIDE)
_key = re.compile(_STRING)
# A scalar, and those that follow it in a list or an object: long texts are mostly that.
_MORE_ITEMS = rb"(?:" + _BLANK + rb"," + _BLANK + _SCALAR + rb")*+"
_MORE_PAIRS = rb"(?:" + _BLANK + rb"," + _BLANK + _KEY + _BLANK + _SCALAR + rb")*+"
_scalars = {
    b"": re.compile(_SCALAR),
    b"]": re.compile(_SCALAR + _MORE_ITEMS),
    b"}": re.compile(_SCALAR + _MORE_PAIRS),
}
_digits = re.compile(rb"[0-9]++")
_HEXADECIMAL = frozenset(bytes([each]) for each in b"0123456789abcdefABCDEF")
_LITERALS = {b"t": b"true", b"f": b"false", b"n": b"null"}
_CLOSING = {b"[": b"]", b"{": b"}"}
_AFTER = {
    b"": "after top-level value",
    b"]": "after array element",
    b"}": "after object key:value pair",
}
_VALUE = "looking for beginning of value"
_SURROGATES = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)


class HugeNumber(float):
    """A number that no float holds; it is infinite, and knows how it was written."""

    text: str

    def __new__(cls, text: str) -> Self:
        """Read a number from its text."""
        number = super().__new__(cls, text)
        number.text = text
        return number


class HugeNumberError(MalformedError):
    """A number that no float holds, where nothing else can hold it either."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"json: cannot unmarshal number {text} into Go value of type float64"
        )


def decode_huge(body: bytes, *, keep: bool) -> JSON:
    """Decode JSON in which there is a number that no float holds.

    Args:
        body: The bytes.
        keep: Make a ``HugeNumber`` of it.

    Raises:
        HugeNumberError: There is one, and it is not kept.
        RecursionError: It is too deep.
    """

    def number(text: str) -> float:
        value = float(text)
        if not math.isinf(value):
            return value
        if not keep:
            raise HugeNumberError(text)
        return HugeNumber(text)

    def integer(text: str) -> float:
        # The length first: Python reads no integer of thousands of digits.
        short = len(text) <= 20 and -(2**63) <= int(text) < 2**64
        return int(text) if short else number(text)

    return json.loads(body, parse_float=number, parse_int=integer)


def whole_surrogates(body: bytes) -> bytes:
    r"""Return a text with ``\ufffd`` for each half of a pair that stands alone.

    That is what Go decodes them to, and no text in Python's UTF-8 can hold them.
    """
    return _SURROGATES.sub(lambda found: rb"\ufffd" if found[1] else found[0], body)


def go_type(value: JSON) -> str:
    """Return what Go's decoder calls a JSON value."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, dict):
        return "object"
    return "string" if isinstance(value, str) else "array"


def complaint(body: bytes) -> str:
    """Return what Go's scanner says of a text: "" when it is JSON.

    Takes time in proportion to the text, and no stack.
    """
    # Go ends a text with a blank: what is amiss at the end is amiss there.
    return _Scan(body + b" ").run()


class _Scan:
    """A position in a text, and the brackets that are open there."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._at = 0
        self._open: list[bytes] = []

    def run(self) -> str:
        error = self._value()
        while not error:
            closing = self._open[-1] if self._open else b""
            char = self._next()
            if not char:
                return _END if closing else ""
            if closing and char == b",":
                self._at += 1
                error = (closing == b"}" and self._name()) or self._value()
            elif closing and char == closing:
                self._at += 1
                self._open.pop()
            else:
                error = self._invalid(_AFTER[closing])
        return error

    def _next(self) -> bytes:
        """Skip blanks and return what follows, b"" at the end."""
        found = _blank.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._text[self._at : self._at + 1]

    def _invalid(self, where: str) -> str:
        if self._at >= len(self._text):
            return _END
        return f"invalid character {_quoted(self._text[self._at])} {where}"

    def _value(self) -> str:
        """Read a value up to where its first bracket, or what follows it, stands."""
        while True:
            char = self._next()
            if char not in _CLOSING:
                return self._scalar(char)
            if len(self._open) == NESTING:
                return self._invalid("exceeded max depth")
            closing = _CLOSING[char]
            self._at += 1
            if self._next() == closing:
                self._at += 1
                return ""
            self._open.append(closing)
            if char == b"{" and (error := self._name()):
                return error

    def _name(self) -> str:
        """Read the key of a pair, and the colon."""
        char = self._next()
        if char != b'"':
            return self._invalid("looking for beginning of object key string")
        found = _key.match(self._text, self._at)
        if found is None:
            return self._in_string()
        self._at = found.end()
        if self._next() != b":":
            return self._invalid("after object key")
        self._at += 1
        return ""

    def _scalar(self, char: bytes) -> str:
        run = _scalars[self._open[-1] if self._open else b""]
        found = run.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
            return ""
        if char == b'"':
            return self._in_string()
        if char in _LITERALS:
            return self._in_literal(_LITERALS[char])
        if char and char in b"-0123456789":
            return self._in_number()
        return self._invalid(_VALUE)

    def _in_string(self) -> str:
        found = _inside.match(self._text, self._at + 1)
        self._at = found.end() if found else self._at
        if self._text[self._at : self._at + 1] != b"\\":
            return self._invalid("in string literal")
        self._at += 1
        if self._text[self._at : self._at + 1] != b"u":
            return self._invalid("in string escape code")
        self._at += 1
        while self._text[self._at : self._at + 1] in _HEXADECIMAL:
            self._at += 1
        return self._invalid(r"in \u hexadecimal character escape")

    def _in_literal(self, literal: bytes) -> str:
        for expected in literal:
            if self._text[self._at] != expected:
                word = literal.decode()
                where = f"in literal {word} (expecting '{chr(expected)}')"
                return self._invalid(where)
            self._at += 1
        return self._invalid(_VALUE)

    def _in_number(self) -> str:
        self._at += self._text[self._at : self._at + 1] == b"-"
        if not self._digits():
            return self._invalid("in numeric literal")
        if self._text[self._at : self._at + 1] == b".":
            self._at += 1
            if not self._digits():
                return self._invalid("after decimal point in numeric literal")
        if self._text[self._at : self._at + 1] in (b"e", b"E"):
            self._at += 1
            self._at += self._text[self._at : self._at + 1] in (b"+", b"-")
            self._digits()
        return self._invalid("in exponent of numeric literal")

    def _digits(self) -> bool:
        found = _digits.match(self._text, self._at)
        if found is None:
            return False
        self._at = found.end()
        return True


def _quoted(char: int) -> str:
    """Return a byte as Go quotes it: as the character of its number."""
    if char == ord("'"):
        return r"'\''"
    if char == ord('"'):
        return "'\"'"
    named = _NAMED.get(char)
    if named:
        return f"'{named}'"
    text = chr(char)
    if text.isprintable():
        return f"'{text}'"
    return rf"'\x{char:02x}'" if char < 0x80 else rf"'\u{char:04x}'"


_NAMED = {
    ord("\a"): r"\a",
    ord("\b"): r"\b",
    ord("\f"): r"\f",
    ord("\n"): r"\n",
    ord("\r"): r"\r",
    ord("\t"): r"\t",
    ord("\v"): r"\v",
    ord("\\"): r"\\",
}
