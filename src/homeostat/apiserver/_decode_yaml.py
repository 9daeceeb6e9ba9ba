"""Bodies in YAML, and JSON where it is read as that."""

import re

from homeostat import _yaml
from homeostat.api import JSON
from homeostat.apiserver._access import as_list, as_struct
from homeostat.apiserver._nesting import MAX_DEPTH, MalformedError, TooDeepError
from homeostat.apiserver._syntax import complaint

__all__ = ["decode_yaml", "refuse_halves", "utf8_text", "yaml_duplicates"]


def utf8_text(body: bytes) -> str:
    """Return a body as text.

    Raises:
        MalformedError: It is no UTF-8, as Go's reader of YAML words it.
    """
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise MalformedError(f"{_IN_YAML}{_OCTETS[error.reason]}") from None


_IN_YAML = "error converting YAML to JSON: yaml: "
# What Python and Go say of bytes that are no UTF-8.
_OCTETS = {
    "invalid start byte": "invalid leading UTF-8 octet",
    "invalid continuation byte": "invalid trailing UTF-8 octet",
    "unexpected end of data": "incomplete UTF-8 octet sequence",
}


def refuse_halves(body: bytes) -> None:
    r"""Refuse JSON with a ``\u`` of a surrogate: in YAML not even a pair is one.

    Raises:
        MalformedError: There is one.
    """
    if _HALF.search(body) is None or complaint(body):
        return
    for found in _ESCAPE.finditer(body):
        if _HALF.match(found[0]):
            line = body.count(b"\n", 0, found.start()) + 1
            where = f"line {line}: " if line > 1 else ""
            text = "found invalid Unicode character escape code"
            raise MalformedError(f"{_IN_YAML}{where}{text}")


_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(rb"\\(?:u....|.)", re.DOTALL)
# Of what its scanner finds on the first line Go names no line.
_SCANNED = re.compile(r"line 1: (?=found |did not find expected hexdecimal)")


def decode_yaml(body: bytes) -> JSON:
    """Decode one YAML document to what JSON can hold.

    Raises:
        MalformedError: It is none, or it grows by aliases.
    """
    try:
        documents = _yaml.load_all(utf8_text(body))
        if body.lstrip()[:1] == b"{":
            refuse_halves(body)
        value = documents[0] if documents else None
        # Without aliases each node takes a byte of text at least.
        return _plain(value, [len(body) + 1], 0)
    except MalformedError:
        raise
    except RecursionError:
        raise TooDeepError from None
    except ValueError as error:
        text = _SCANNED.sub("", str(error).partition("\n")[0])
        raise MalformedError(f"{_IN_YAML}{text}") from None


def _plain(value: JSON, budget: list[int], depth: int) -> JSON:
    budget[0] -= 1
    if budget[0] < 0 or depth > MAX_DEPTH:
        raise MalformedError("document contains excessive aliasing or nesting")
    struct, array = as_struct(value), as_list(value)
    if struct is not None:
        pairs = struct.items()
        return {_name(key): _plain(item, budget, depth + 1) for key, item in pairs}
    if array is not None:
        return [_plain(each, budget, depth + 1) for each in array]
    if value is None or isinstance(value, str | int | float):
        return value
    raise MalformedError(f"a {type(value).__name__} has no form in JSON")


def _name(key: JSON) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, str | int | float):
        return str(key)
    raise MalformedError("a key is neither text nor a number")


def yaml_duplicates(body: bytes) -> list[str]:
    """Return keys that stand twice in the same mapping of a YAML text's top levels."""
    found: list[str] = []
    open_maps: list[tuple[int, set[str]]] = []
    for line in body.decode(errors="replace").splitlines():
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
