r"""Go's regular expressions (RE2) as Python's.

What differs is translated: ``$`` and ``\z``, ASCII classes, ``\pL``, ``\Q..\E``,
POSIX classes, flags in the middle, ``\x{..}``. What RE2 refuses (lookaround, back
references, possessive repeats) is refused. Python's engine backtracks: a hostile
pattern can be slow here that is linear there.
"""

import re
import sys
import unicodedata
from functools import lru_cache
from typing import Final, final

__all__ = ["PatternError", "compile_pattern"]


class PatternError(ValueError):
    """A pattern that Go's regexp refuses; ``str()`` is Go's text where it is known."""


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Return the compiled translation of a Go pattern.

    Raises:
        PatternError: The pattern is not valid.
    """
    translated = _Translator(pattern).run()
    try:
        return re.compile(translated, re.ASCII)
    except re.error as error:
        kind, _, shown = error.msg.partition("bad character range ")
        if shown and not kind:
            raise PatternError(
                f"error parsing regexp: invalid character class range: `{shown}`"
            ) from error
        raise PatternError(f"error parsing regexp: {error}: `{pattern}`") from error
    except (OverflowError, RecursionError) as error:
        raise PatternError(f"error parsing regexp: {error}: `{pattern}`") from error


_POSIX: Final = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": "\\x00-\\x7f",
    "blank": "\\t ",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": "\\t\\n\\v\\f\\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_SPACES: Final = "\\t\\n\\f\\r "  # \s of RE2 has no vertical tab
_CATEGORIES: Final = frozenset({
    "C", "Cc", "Cf", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me",
    "Mn", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S",
    "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs",
})  # fmt: skip
_MAX_REPEAT: Final = 1000
_REPEAT: Final = re.compile(r"\{(\d+)(,(\d*))?\}")
_FLAGS: Final = re.compile(r"\(\?([imsU]*)(-[imsU]+)?([:)])")


@final
class _Translator:
    """One pass over a pattern; ``_open`` counts the groups that flags have opened."""

    __slots__ = ("_at", "_open", "_out", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._out: list[str] = []
        self._open = [0]

    def run(self) -> str:
        while self._at < len(self._text):
            char = self._text[self._at]
            handler = _HANDLERS.get(char)
            if handler is None:
                self._take(char)
            else:
                handler(self)
        if len(self._open) > 1:
            raise PatternError(
                f"error parsing regexp: missing closing ): `{self._text}`"
            )
        return "".join(self._out) + ")" * self._open[0]

    def _take(self, out: str, width: int = 1) -> None:
        self._out.append(out)
        self._at += width

    def dollar(self) -> None:
        self._take(r"\Z")

    def open_group(self) -> None:
        rest = self._text[self._at :]
        if not rest.startswith("(?"):
            self._open.append(0)
            self._take("(")
            return
        named = re.match(r"\(\?P?<(\w+)>", rest)
        if named:
            self._open.append(0)
            self._take(f"(?P<{named[1]}>", named.end())
            return
        flags = _FLAGS.match(rest)
        if not flags or "U" in flags[0]:
            raise PatternError(
                "error parsing regexp: invalid or unsupported Perl syntax: "
                f"`{rest[:3]}`"
            )
        inline = f"(?{flags[1]}{flags[2] or ''}:"
        if flags[3] == ":":
            self._open.append(0)
        else:
            # (?i) holds until the end of its group: Python wants a group for it.
            self._open[-1] += 1
        self._take(inline, flags.end())

    def close_group(self) -> None:
        if len(self._open) == 1:
            raise PatternError(f"error parsing regexp: unexpected ): `{self._text}`")
        self._take(")" * (self._open.pop() + 1))

    def brace(self) -> None:
        repeat = _REPEAT.match(self._text, self._at)
        if not repeat:
            self._take(r"\{")
            return
        if max(int(repeat[1]), int(repeat[3] or 0)) > _MAX_REPEAT:
            raise PatternError(
                f"error parsing regexp: invalid repeat count: `{repeat[0]}`"
            )
        self._needs_argument(repeat[0])
        self._take(repeat[0], len(repeat[0]))
        self._no_possessive(repeat[0])

    def repeat(self) -> None:
        char = self._text[self._at]
        self._needs_argument(char)
        self._take(char)
        self._no_possessive(char)

    def _needs_argument(self, operator: str) -> None:
        if not self._out or self._out[-1] == "|" or self._out[-1].startswith("("):
            raise PatternError(
                "error parsing regexp: missing argument to repetition operator: "
                f"`{operator}`"
            )

    def _no_possessive(self, operator: str) -> None:
        if self._text[self._at : self._at + 1] == "?":
            self._take("?")
        following = self._text[self._at : self._at + 1]
        if following and following in "*+?":
            raise PatternError(
                "error parsing regexp: invalid nested repetition operator: "
                f"`{operator}{following}`"
            )

    def escape(self) -> None:
        if self._text.startswith("\\Q", self._at):
            end = self._text.find("\\E", self._at)
            end = len(self._text) if end < 0 else end
            literal = self._text[self._at + 2 : end]
            self._take(re.escape(literal), end + 2 - self._at)
            return
        out, width = self._escaped(in_class=False)
        self._take(out, width)

    def _escaped(self, *, in_class: bool) -> tuple[str, int]:
        """Translate the escape at the cursor: the text and the width it had."""
        rest = self._text[self._at :]
        kind = rest[1:2]
        if not kind:
            raise PatternError(
                "error parsing regexp: trailing backslash at end of expression: ``"
            )
        if kind in "sS":
            return _space(kind, in_class=in_class), 2
        if kind in "pP":
            return self._category(rest, in_class=in_class)
        if kind in "x01234567":
            return _numbered(rest)
        if kind in "dDwWbBAafnrtvz" or not kind.isalnum():
            return (r"\Z" if kind == "z" else rest[:2]), 2
        raise PatternError(f"error parsing regexp: invalid escape sequence: `\\{kind}`")

    def _category(self, rest: str, *, in_class: bool) -> tuple[str, int]:
        name, width = rest[2:3], 3
        if name == "{":
            name, width = rest[3:].partition("}")[0], 4 + rest[3:].find("}")
        negated = (rest[1] == "P") != name.startswith("^")
        ranges = category_ranges(name.removeprefix("^"))
        if not ranges:
            raise PatternError(
                f"error parsing regexp: invalid character class range: `{rest[:width]}`"
            )
        if in_class and negated:
            return _complement(ranges), width
        return (ranges if in_class else f"[{'^' if negated else ''}{ranges}]"), width

    def char_class(self) -> None:
        start = self._at
        opening = "[^" if self._text.startswith("[^", start) else "["
        self._take(opening, len(opening))
        first = True
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == "]" and not first:
                self._take("]")
                return
            first = False
            if char == "\\":
                out, width = self._escaped(in_class=True)
                self._take(out, width)
            elif char == "[":
                self._posix()
            else:
                # Python warns of set operations to come: --, &&, || and ~~.
                self._take(f"\\{char}" if char in "]&|~" else char)
        raise PatternError(
            f"error parsing regexp: missing closing ]: `{self._text[start:]}`"
        )

    def _posix(self) -> None:
        named = re.compile(r"\[:(\^?)(\w+):\]").match(self._text, self._at)
        if not named:
            self._take("\\[")
            return
        ranges = _POSIX.get(named[2])
        if ranges is None or named[1]:
            raise PatternError(
                f"error parsing regexp: invalid character class range: `{named[0]}`"
            )
        self._take(ranges, len(named[0]))


def _space(kind: str, *, in_class: bool) -> str:
    if in_class:
        return _SPACES if kind == "s" else r"\S"
    return f"[{'^' if kind == 'S' else ''}{_SPACES}]"


def _numbered(rest: str) -> tuple[str, int]:
    r"""Translate ``\x{..}``, ``\xFF`` and octal; back references are not known."""
    code = re.match(r"\\x\{([0-9A-Fa-f]+)\}|\\x([0-9A-Fa-f]{2})", rest)
    if code:
        return f"\\U{int(code[1] or code[2], 16):08x}", code.end()
    octal = re.match(r"\\(0[0-7]{0,2}|[1-7][0-7]{1,2})", rest)
    if octal:
        return f"\\x{int(octal[1], 8):02x}", octal.end()
    raise PatternError(f"error parsing regexp: invalid escape sequence: `{rest[:2]}`")


_HANDLERS: Final = {
    "$": _Translator.dollar,
    "(": _Translator.open_group,
    ")": _Translator.close_group,
    "{": _Translator.brace,
    "*": _Translator.repeat,
    "+": _Translator.repeat,
    "?": _Translator.repeat,
    "\\": _Translator.escape,
    "[": _Translator.char_class,
}


@lru_cache(maxsize=64)
def category_ranges(name: str) -> str:
    """Return the inside of a character class with a Unicode category's characters.

    Empty for a name that is no category; scripts as ``Greek`` are not known.
    """
    if name not in _CATEGORIES:
        return ""
    codes = [
        code
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)).startswith(name)
    ]
    return _ranges(codes)


def _ranges(codes: list[int]) -> str:
    spans: list[list[int]] = []
    for code in codes:
        if spans and spans[-1][1] == code - 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in spans)


def _complement(ranges: str) -> str:
    inside = re.compile(f"[{ranges}]")
    return _ranges(
        [code for code in range(sys.maxunicode + 1) if not inside.match(chr(code))]
    )
