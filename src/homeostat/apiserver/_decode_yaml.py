"""Bodies in YAML."""

import re

from homeostat import _yaml
from homeostat.api import JSON
from homeostat.apiserver._encode import go_numbers
from homeostat.apiserver._nesting import (
    MAX_DEPTH,
    MalformedError,
    TooDeepError,
    is_deep,
)

__all__ = ["decode_yaml", "yaml_duplicates"]

# What Python and Go say of bytes that are no UTF-8.
_OCTETS = {
    "invalid start byte": "invalid leading UTF-8 octet",
    "invalid continuation byte": "invalid trailing UTF-8 octet",
    "unexpected end of data": "incomplete UTF-8 octet sequence",
}


def decode_yaml(body: bytes, *, custom: bool = False) -> JSON:
    """Decode the first document of a text to what JSON can hold.

    Args:
        body: The bytes.
        custom: It is of a custom resource: numbers become what Go's maps hold.

    Raises:
        MalformedError: It is none, as Go's reader of YAML words it.
    """
    try:
        value = _yaml.load(body.decode())
    except UnicodeDecodeError as error:
        raise MalformedError(f"yaml: {_OCTETS[error.reason]}") from None
    except _yaml.YamlError as error:
        raise MalformedError(f"yaml: {_where(error)}{error.problem}") from None
    if is_deep(value, MAX_DEPTH):
        raise TooDeepError
    return go_numbers(value) if custom else value


def _where(error: _yaml.YamlError) -> str:
    """Return the line that Go names: of a parser's complaint the one before.

    Source: go.yaml.in/yaml/v2 ``parser.fail``, which counts from 0 and takes that for
    unknown.
    """
    if error.line <= 1 or error.found_by not in ("scanner", "parser"):
        return ""
    line = error.line if error.found_by == "scanner" else error.line - 1
    return f"line {line}: "


def yaml_duplicates(body: bytes) -> list[str]:
    """Return keys that stand twice in a mapping of a text's first document."""
    found: list[str] = []
    open_maps: list[tuple[int, set[str]]] = []
    for line in body.decode(errors="replace").splitlines():
        if open_maps and line.startswith(("---", "...")):
            break
        match = _YAML_KEY.match(line)
        if match is None:
            continue
        indent, key = len(match[1]), match[2]
        while open_maps and open_maps[-1][0] > indent:
            open_maps.pop()
        if not open_maps or open_maps[-1][0] < indent:
            open_maps.append((indent, set()))
        elif "-" in match[1]:
            open_maps[-1][1].clear()
        seen = open_maps[-1][1]
        if key in seen:
            found.append(key)
        seen.add(key)
    return found


# Block style alone: what flow style repeats is JSON, and found as such.
_YAML_KEY = re.compile(r"([ -]*)([A-Za-z0-9_./-]+):(?:\s|$)")
