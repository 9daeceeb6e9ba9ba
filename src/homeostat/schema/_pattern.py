r"""Go's regular expressions, by RE2: no pattern is slow, or means something else.

Go's regexp and RE2 take the same syntax, apart from ``\C``, and match in linear time:
a hostile pattern of a CustomResourceDefinition cannot hold up the server.
"""

from functools import lru_cache
from importlib import import_module
from typing import Any, Final, Protocol

__all__ = ["Pattern", "PatternError", "compile_pattern"]

# What RE2 says, and what Go's regexp/syntax says of the same fault.
_GO_TEXTS: Final = {
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "missing )": "missing closing )",
    "missing ]": "missing closing ]",
    "no argument for repetition operator": "missing argument to repetition operator",
    "invalid repetition size": "invalid repeat count",
    "bad repetition operator": "invalid nested repetition operator",
    "trailing \\": "trailing backslash at end of expression",
    "invalid named capture group": "invalid named capture",
}


class PatternError(ValueError):
    """A pattern that Go's regexp refuses; ``str()`` is Go's text."""


class Pattern(Protocol):
    """A compiled pattern."""

    def search(self, text: str) -> Any:  # noqa: ANN401 -- re2 has no types
        """Return a match anywhere in ``text``, None when there is none."""
        ...


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> Pattern:
    """Return the compiled pattern.

    Raises:
        PatternError: The pattern is not valid.
    """
    # Found when a schema has a pattern, not before: it is a megabyte.
    re2: Any = import_module("re2")
    options = re2.Options()
    options.log_errors = False
    try:
        compiled: Pattern = re2.compile(pattern, options)
    except re2.error as error:
        raise PatternError(_go_text(error.args[0], pattern)) from error
    if "\\C" in pattern.replace("\\\\", ""):
        raise PatternError("error parsing regexp: invalid escape sequence: `\\C`")
    return compiled


def _go_text(said: bytes | str, pattern: str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    fault, _, where = text.partition(": ")
    # RE2 cuts the fragment off where Go quotes it; for what has none Go quotes all.
    shown = where or ("" if fault.startswith("trailing") else pattern)
    return f"error parsing regexp: {_GO_TEXTS.get(fault, fault)}: `{shown}`"
