"""What a request is about, out of its first line.

Source: Go ``net/url``: ``ParseRequestURI`` for the path, ``ParseQuery`` for the rest.
"""

import re
from typing import Final
from urllib.parse import unquote

__all__ = ["parse_target"]

Pairs = tuple[tuple[str, str], ...]

# Compiled when they are first needed, which no start should wait for.
_BAD_ESCAPE: Final = r"%(?![0-9A-Fa-f]{2})"
_ABSOLUTE: Final = r"[A-Za-z][A-Za-z0-9+.-]*:(?://[^/]*)?(/.*)?.*"


def parse_target(method: str, target: str) -> tuple[str, Pairs]:
    """Return the path and the query of a target, unquoted.

    Args:
        method: Of the request.
        target: A path; a whole URL, whose host is nobody's business here; or ``*``.

    Raises:
        ValueError: It is none of them.
    """
    path, _, query = target.partition("?")
    if not path.startswith("/"):
        path = _path_of(method, path)
    if "%" in path:
        if re.search(_BAD_ESCAPE, path):
            raise ValueError("invalid URL escape")
        path = unquote(path)
    return path, _pairs(query) if query else ()


def _path_of(method: str, target: str) -> str:
    if target == "*":
        return target
    found = re.fullmatch(_ABSOLUTE, target)
    if found is not None:
        return found[1] or ""
    if method == "CONNECT":
        return ""
    raise ValueError("invalid URI for request")


def _pairs(query: str) -> Pairs:
    """Return the pairs of a query; those that are none are left out, as in Go."""
    pairs: list[tuple[str, str]] = []
    for piece in query.split("&"):
        if (
            not piece
            or ";" in piece
            or ("%" in piece and re.search(_BAD_ESCAPE, piece))
        ):
            continue
        key, _, value = piece.replace("+", " ").partition("=")
        pairs.append((unquote(key), unquote(value)))
    return tuple(pairs)
