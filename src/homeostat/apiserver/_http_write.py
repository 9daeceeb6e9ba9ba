"""Answers into bytes, as Go's server writes them; pure, without sockets."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from homeostat._transport import HttpResponse
from homeostat.apiserver._http_head import Head, HttpError

__all__ = [
    "CONTINUE",
    "LAST_CHUNK",
    "chunk",
    "http_date",
    "refusal",
    "stream_head",
    "whole",
]

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK: Final = b"0\r\n\r\n"

# As Go has them; Python's have changed from version to version.
_PHRASES: Final = {
    101: "Switching Protocols",
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No Content",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    409: "Conflict",
    410: "Gone",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    417: "Expectation Failed",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
}
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


def http_date(now: datetime) -> str:
    """Return a time as headers have it, whatever the locale."""
    day, month = _DAYS[now.weekday()], _MONTHS[now.month - 1]
    return f"{day}, {now:%d} {month} {now:%Y %H:%M:%S} GMT"


def whole(head: Head, answer: HttpResponse, date: str, *, keep: bool) -> bytes:
    """Return an answer with its body.

    Args:
        head: Of its request.
        answer: The answer.
        date: As ``http_date`` has it.
        keep: The connection stays.
    """
    lines = _lines(head, answer.status, answer.headers, date, keep=keep)
    # What a HEAD is answered with has the length of what it does not have.
    if answer.status != 204 and (answer.body or head.method != "HEAD"):
        lines.append(f"Content-Length: {len(answer.body)}")
    return "\r\n".join((*lines, "", "")).encode() + answer.body


def stream_head(
    head: Head, status: int, headers: Mapping[str, str], date: str, *, keep: bool
) -> bytes:
    """Return the head of an answer whose body follows, in chunks but to HTTP/1.0."""
    lines = _lines(head, status, headers, date, keep=keep)
    if not head.fields.old:
        lines.append("Transfer-Encoding: chunked")
    return "\r\n".join((*lines, "", "")).encode()


def chunk(data: bytes) -> bytes:
    """Return a chunk; ``data`` is not empty."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def refusal(error: HttpError) -> bytes:
    """Return the answer to what is no request; the connection ends with it."""
    kind = "Content-Type: text/plain; charset=utf-8\r\n" if error.text else ""
    status = f"{error.status} {_PHRASES[error.status]}"
    return f"HTTP/1.1 {status}\r\n{kind}Connection: close\r\n\r\n{error.text}".encode()


def _lines(
    head: Head, status: int, headers: Mapping[str, str], date: str, *, keep: bool
) -> list[str]:
    phrase = _PHRASES.get(status) or f"status code {status}"
    lines = [f"HTTP/1.{0 if head.fields.old else 1} {status} {phrase}"]
    for name, value in headers.items():
        # A value that a client has a part in cannot begin a line of its own.
        if "\n" in value or "\r" in value:
            value = value.replace("\r", " ").replace("\n", " ")  # noqa: PLW2901
        lines.append(f"{name}: {value}")
    lines.append(f"Date: {date}")
    if not keep:
        lines.append("Connection: close")
    elif head.fields.old:
        lines.append("Connection: keep-alive")
    return lines
