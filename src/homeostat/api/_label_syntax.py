"""The grammar of label selectors, with the error texts of the API server.

Source: apimachinery ``pkg/labels/selector.go`` and ``pkg/api/validate/content``.
"""

import json
import re
from typing import Final, TypeAlias

__all__ = ["RawTerm", "check_term", "int64", "parse_terms"]

RawTerm: TypeAlias = tuple[str, str, tuple[str, ...]]
"""Key, operator and values of one term."""

_WHITE: Final = frozenset(" \t\r\n")
_SPECIAL: Final = frozenset("=!(),><")
_NUL: Final = "\0"  # ends the text for the server's lexer
_BINARY: Final = {
    "in": "in",
    "notin": "notin",
    "=": "=",
    "==": "==",
    "!=": "!=",
    ">": "gt",
    "<": "lt",
}
_SYMBOLS: Final = _SPECIAL | {"==", "!="}
_END: Final = ""

_NAME_FORMAT: Final = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_NAME: Final = re.compile(_NAME_FORMAT)
_VALUE_FORMAT: Final = f"({_NAME_FORMAT})?"
_SUBDOMAIN_FORMAT: Final = (
    r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
)
_SUBDOMAIN: Final = re.compile(_SUBDOMAIN_FORMAT)
_ENDS: Final = "and must start and end with an alphanumeric character"
_NAME_ERROR: Final = (
    f"must consist of alphanumeric characters, '-', '_' or '.', {_ENDS} "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    f"'{_NAME_FORMAT}')"
)
_VALUE_ERROR: Final = (
    "a valid label must be an empty string or consist of alphanumeric characters, "
    f"'-', '_' or '.', {_ENDS} (e.g. 'MyValue',  or 'my_value',  or '12345', regex "
    f"used for validation is '{_VALUE_FORMAT}')"
)
_SUBDOMAIN_ERROR: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
    f"characters, '-' or '.', {_ENDS} (e.g. 'example.com', regex used for validation "
    f"is '{_SUBDOMAIN_FORMAT}')"
)
_MAX_LENGTH: Final = 63
_MAX_SUBDOMAIN: Final = 253


class _TermError(ValueError):
    """A fault inside a term, which the server reports with a prefix."""


def int64(text: str) -> int | None:
    """Return the number that Go's ``strconv.ParseInt(text, 10, 64)`` reads."""
    if not re.fullmatch(r"[+-]?[0-9]{1,4000}", text):
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None


def parse_terms(text: str) -> list[RawTerm]:
    """Return the terms of a selector, in the order of the text.

    Raises:
        ValueError: With the message of the API server.
    """
    try:
        return _Parser(_tokens(text)).selector()
    except _TermError as error:
        raise ValueError(f"unable to parse requirement: {error}") from None


def check_term(key: str, operator: str, values: tuple[str, ...]) -> None:
    """Check key, number of values and values of a term.

    Raises:
        ValueError: With the message of the API server.
    """
    errors = [f"key: {text}" for text in _key_error(key)]
    shown = json.dumps(values, ensure_ascii=False) if values else "null"
    if operator in {"in", "notin"} and not values:
        errors.append(
            f"values: Invalid value: {shown}: for 'in', 'notin' operators, values set "
            "can't be empty"
        )
    if operator in {"exists", "!"} and values:
        errors.append(
            f"values: Invalid value: {shown}: values set must be empty for exists and "
            "does not exist"
        )
    if operator in {"gt", "lt"}:
        errors += [
            f"values[{at}]: Invalid value: {_quoted(value)}: for 'Gt', 'Lt' operators, "
            "the value must be an integer"
            for at, value in enumerate(values)
            if int64(value) is None
        ]
    for at, value in enumerate(values):
        faults = _value_faults(value)
        if faults:
            errors.append(
                f"values[{at}][{key}]: Invalid value: {_quoted(value)}: "
                + "; ".join(faults)
            )
    if errors:
        raise _TermError(errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _key_error(key: str) -> list[str]:
    faults = _key_faults(key)
    return [f"Invalid value: {_quoted(key)}: {'; '.join(faults)}"] if faults else []


def _key_faults(key: str) -> list[str]:
    prefix, slash, name = key.rpartition("/")
    if "/" in prefix:
        fault = f"a valid label key {_NAME_ERROR} with an optional DNS subdomain prefix"
        return [f"{fault} and '/' (e.g. 'example.com/MyName')"]
    faults: list[str] = []
    if slash and not prefix:
        faults.append("prefix part must be non-empty")
    elif slash:
        if len(prefix.encode()) > _MAX_SUBDOMAIN:
            faults.append(f"prefix part must be no more than {_MAX_SUBDOMAIN} bytes")
        if not _SUBDOMAIN.fullmatch(prefix):
            faults.append(f"prefix part {_SUBDOMAIN_ERROR}")
    if not name:
        faults.append("name part must be non-empty")
    elif len(name.encode()) > _MAX_LENGTH:
        faults.append(f"name part must be no more than {_MAX_LENGTH} bytes")
    if not _NAME.fullmatch(name):
        faults.append(f"name part {_NAME_ERROR}")
    return faults


def _value_faults(value: str) -> list[str]:
    faults: list[str] = []
    if len(value.encode()) > _MAX_LENGTH:
        faults.append(f"must be no more than {_MAX_LENGTH} bytes")
    if value and not _NAME.fullmatch(value):
        faults.append(_VALUE_ERROR)
    return faults


def _tokens(text: str) -> list[str]:
    """Split a text; the last token is the empty one, and words are never symbols."""
    tokens: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char in _WHITE:
            at += 1
        elif char == _NUL:
            break
        elif char in _SPECIAL:
            size = 2 if text[at : at + 2] in _SYMBOLS else 1
            tokens.append(text[at : at + size])
            at += size
        else:
            end = at
            while end < len(text) and text[end] not in _WORD_END:
                end += 1
            tokens.append(text[at:end])
            at = end + (text[end : end + 1] == _NUL)
    return [*tokens, _END]


_WORD_END: Final = _SPECIAL | _WHITE | {_NUL}


class _Parser:
    """Recursive descent over the tokens of one selector.

    ``in`` and ``notin`` are words like any other except where an operator must stand.
    """

    __slots__ = ("_at", "_tokens")

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def _peek(self) -> str:
        return self._tokens[self._at]

    def _take(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1]

    def selector(self) -> list[RawTerm]:
        terms: list[RawTerm] = []
        while (token := self._peek()) != _END:
            if token != "!" and not _is_word(token):
                raise ValueError(
                    f"found '{token}', expected: !, identifier, or 'end of string'"
                )
            terms.append(self._term())
            token = self._take()
            if token == _END:
                break
            if token != ",":
                raise ValueError(f"found '{token}', expected: ',' or 'end of string'")
            token = self._peek()
            if token != "!" and not _is_word(token):
                raise ValueError(f"found '{token}', expected: identifier after ','")
        return terms

    def _term(self) -> RawTerm:
        key = self._take()
        negated = key == "!"
        if negated:
            key = self._take()
        if not _is_word(key):
            raise _TermError(f"found '{key}', expected: identifier")
        for fault in _key_error(key):
            # The server has no path here, and prints Go's empty pointer for it.
            raise _TermError(f"<nil>: {fault}")
        if negated or self._peek() in {_END, ","}:
            return key, "!" if negated else "exists", ()
        token = self._take()
        operator = _BINARY.get(token)
        if operator is None:
            expected = ", ".join(_BINARY.values())
            raise _TermError(f"found '{token}', expected: {expected}")
        found = self._values() if operator in {"in", "notin"} else self._value()
        values = tuple(sorted(set(found)))
        check_term(key, operator, values)
        return key, operator, values

    def _value(self) -> list[str]:
        if self._peek() in {_END, ","}:
            return [""]
        token = self._take()
        if not _is_word(token):
            raise _TermError(f"found '{token}', expected: identifier")
        return [token]

    def _values(self) -> list[str]:
        token = self._take()
        if token != "(":
            raise _TermError(f"found '{token}' expected: '('")
        token = self._peek()
        if token == ")":
            self._take()
            return [""]
        if token != "," and not _is_word(token):
            raise _TermError(f"found '{token}', expected: ',', ')' or identifier")
        return self._words()

    def _words(self) -> list[str]:
        """Read up to the closing parenthesis; what is missing is the empty word."""
        words: list[str] = []
        while (token := self._take()) != ")":
            after = self._peek() if token else _END
            if _is_word(token):
                words.append(token)
                if after not in {",", ")"}:
                    raise _TermError(f"found '{after}', expected: ',' or ')'")
            elif token == ",":
                if not words or after in {",", ")"}:
                    words.append("")
            else:
                raise _TermError(f"found '{token}', expected: ',', or identifier")
        return words


def _is_word(token: str) -> bool:
    return token != _END and token not in _SYMBOLS
