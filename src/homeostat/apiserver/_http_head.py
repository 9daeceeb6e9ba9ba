"""The head of a request, as Go's server reads it; pure.

Source: Go ``net/http``: ``server.go``, ``request.go`` and ``transfer.go``.
"""

import re
from collections.abc import Mapping
from string import ascii_letters
from typing import Final

import msgspec

from homeostat.apiserver._http_target import Pairs, parse_target

__all__ = ["BAD_REQUEST", "Fields", "Head", "HttpError", "parse_head"]

BAD_REQUEST: Final = "400 Bad Request"

_MAX_LENGTH: Final = (1 << 63) - 1

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
# Sets, for an expression takes half a millisecond to compile, which a start would pay.
_DIGITS: Final = frozenset("0123456789")
_TOKEN: Final = frozenset("!#$%&'*+-.^_`|~" + ascii_letters) | _DIGITS
_HOST: Final = frozenset("!$%&()*+,-./:;=[]'_~" + ascii_letters) | _DIGITS

# To look a name up is faster than to check it.
_NAMES: Final = {
    written: name
    for name in (
        *("host", "user-agent", "accept", "accept-encoding", "authorization"),
        *("content-type", "content-length", "connection", "transfer-encoding"),
        *("kubectl-command", "kubectl-session"),
    )
    for written in (name, name.title())
}


class HttpError(Exception):
    """What has come is no request; the connection ends with this answer.

    Attributes:
        status: Of the answer.
        text: Its body.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Fields(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the headers of a request say.

    Attributes:
        data: Their lines, as they came.
        old: The request is one of HTTP/1.0, which knows no chunks.
        headers: Names in lower case. Of a repeated one the first counts, but for those
            that name somebody else: all of theirs, on lines of their own.
        keep: The connection may be used for the next request.
        length: Of the body in bytes; -1 when it comes in chunks.
        expects: The client waits for ``100 Continue``.
    """

    data: bytes
    old: bool
    headers: Mapping[str, str]
    keep: bool
    length: int
    expects: bool


class Head(msgspec.Struct, frozen=True, gc=False):
    """A request up to its body.

    Attributes:
        method: As it was sent.
        path: Unquoted.
        query: Pairs in order, unquoted.
        fields: What its headers say.
    """

    method: str
    path: str
    query: Pairs
    fields: Fields


def _bad_request(why: str = "") -> HttpError:
    return HttpError(400, f"{BAD_REQUEST}: {why}" if why else BAD_REQUEST)


def parse_head(data: bytes, before: Fields | None) -> Head:
    """Return the head of a request.

    Args:
        data: Its lines, without the line feed of the last one.
        before: Of the request before. A client sends the same ones again and again,
            and they are parsed once.

    Raises:
        HttpError: It is none, or none that can be answered.
    """
    first, _, rest = data.partition(b"\n")
    method, target, version = _line(first)
    old = version == "HTTP/1.0"
    if before is not None and before.data == rest and before.old is old:
        fields = before
    else:
        fields = _fields(rest, old=old)
    if version[5] != "1":
        raise HttpError(
            505, "505 HTTP Version Not Supported: unsupported protocol version"
        )
    if "host" not in fields.headers and not old and method != "CONNECT":
        raise _bad_request("missing required Host header")
    try:
        path, query = parse_target(method, target)
    except ValueError:
        raise _bad_request() from None
    return Head(method, path, query, fields)


def _line(data: bytes) -> tuple[str, str, str]:
    """Return method, target and version of a request."""
    parts = _text(data).split(" ")
    if len(parts) != 3 or b"\t" in data:
        raise _bad_request()
    method, target, version = parts
    if not (method and _TOKEN.issuperset(method) and _is_version(version)):
        raise _bad_request()
    return method, target, version


def _is_version(text: str) -> bool:
    if text in ("HTTP/1.1", "HTTP/1.0"):
        return True
    if len(text) != 8 or not text.startswith("HTTP/") or text[6] != ".":
        return False
    return _DIGITS.issuperset(text[5] + text[7])


def _text(data: bytes) -> str:
    """Return lines as text, without what ends them but for the line feeds."""
    text = data.removesuffix(b"\r").decode("utf-8", "replace").replace("\r\n", "\n")
    # A stray carriage return is one, too.
    if _CONTROL.search(text):
        raise _bad_request()
    return text


def _fields(data: bytes, *, old: bool) -> Fields:
    headers, repeated = _headers(_text(data))
    length = _length(headers, repeated, old=old)
    if not _HOST.issuperset(headers.get("host", "")):
        raise _bad_request("malformed Host header")
    return Fields(
        data=data,
        old=old,
        headers=headers,
        keep=_keeps(headers, old=old),
        length=length,
        expects=_expects(headers, old=old) and length != 0,
    )


def _headers(text: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return the headers, and all values of those that are repeated."""
    headers: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    if not text:
        return headers, repeated
    if text[0] in " \t":
        raise _bad_request()
    if "\n " in text or "\n\t" in text:
        text = re.sub(r"[ \t]*\n[ \t]+", " ", text)
    for line in text.split("\n"):
        name, colon, value = line.partition(":")
        key = _NAMES.get(name) or _checked(name if colon else "")
        value = value.strip(" \t")
        if key in headers:
            repeated.setdefault(key, [headers[key]]).append(value)
        else:
            headers[key] = value
    for key, values in repeated.items():
        if key.startswith("impersonate-"):
            headers[key] = "\n".join(values)
        elif key == "connection":
            headers[key] = ", ".join(values)
    return headers, repeated


def _checked(name: str) -> str:
    if name and _TOKEN.issuperset(name):
        return name.lower()
    spaced = name and _TOKEN.issuperset(name.replace(" ", ""))
    raise _bad_request("invalid header name" if spaced else "")


def _length(
    headers: dict[str, str], repeated: Mapping[str, list[str]], *, old: bool
) -> int:
    """Return the length of the body, -1 when it comes in chunks."""
    if "host" in repeated:
        raise _bad_request()
    chunked = "transfer-encoding" in headers and not old
    if chunked and (
        "transfer-encoding" in repeated
        or headers["transfer-encoding"].lower() != "chunked"
    ):
        raise HttpError(501, "Unsupported transfer encoding")
    text = headers.get("content-length")
    if text is None:
        return -1 if chunked else 0
    if len(set(repeated.get("content-length", ()))) > 1:
        raise _bad_request()
    # Long ones would take long to convert.
    if not text or not _DIGITS.issuperset(text) or len(text) > 100:
        raise _bad_request()
    length = int(text)
    if length > _MAX_LENGTH:
        raise _bad_request()
    return -1 if chunked else length


def _keeps(headers: Mapping[str, str], *, old: bool) -> bool:
    connection = headers.get("connection")
    if connection is None:
        return not old
    said = {token.strip(" \t") for token in connection.lower().split(",")}
    return "close" not in said and (not old or "keep-alive" in said)


def _expects(headers: Mapping[str, str], *, old: bool) -> bool:
    expected = headers.get("expect")
    if not expected:
        return False
    if "100-continue" in expected.lower():
        return not old
    raise HttpError(417, "")
