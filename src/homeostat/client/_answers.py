"""From answers to errors and warnings: pure functions over responses."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from homeostat._transport import HttpResponse
from homeostat.client._retry import retry_after
from homeostat.errors import ApiError, status_error

__all__ = [
    "is_object",
    "is_status",
    "is_unknown_path",
    "parse_status",
    "response_error",
    "warning_texts",
]

_NOT_SERVED = "the server could not find the requested resource"
_WARNING = re.compile(r'299 [^" ]+ "((?:[^"\\]|\\.)*)"')
_raw = msgspec.json.Decoder(msgspec.Raw)
_MAX_TEXT = 256  # characters of an answer that is no Status


def parse_status(body: bytes) -> Mapping[str, Any] | None:
    """Return the Status document that ``body`` holds, None when it holds none."""
    try:
        document = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return document if document.get("kind") == "Status" else None


def is_object(body: bytes) -> bool:
    """Whether ``body`` is one JSON object; it is read through, not decoded."""
    try:
        return bytes(_raw.decode(body)).lstrip().startswith(b"{")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def is_status(response: HttpResponse) -> bool:
    """Whether the server itself answered, not something in between."""
    return parse_status(response.body) is not None


def _message(response: HttpResponse, status: Mapping[str, Any]) -> str:
    message = str(status.get("message") or "")
    if not status and response.headers.get("content-type", "").startswith("text/plain"):
        # A path that no handler knows gets "404 page not found" as text.
        message = response.body[:_MAX_TEXT].decode("utf-8", "replace").strip()
    return message


def is_unknown_path(response: HttpResponse) -> bool:
    """Whether a 404 is for a resource that is not served, not for an object."""
    if response.status != 404:
        return False
    message = _message(response, parse_status(response.body) or {})
    return message.startswith((_NOT_SERVED, "404 page not found"))


def response_error(
    response: HttpResponse, *, attempted: str, resource: str = ""
) -> ApiError:
    """Return the error for an answer that is not a success.

    Args:
        response: The answer, with a status code of 300 or more.
        attempted: What was tried, for the message.
        resource: The resource in the path, as ``apps/v1 deployments``, to name in the
            404 of a path that the server does not know.
    """
    status = dict(parse_status(response.body) or {})
    message = _message(response, status)
    if resource and is_unknown_path(response):
        message = (
            f"{_NOT_SERVED}: {resource} is not served here, "
            "is its CustomResourceDefinition installed?"
        )
    if message:
        status["message"] = message
    return status_error(
        status,
        code=response.status,
        retry_after=retry_after(response.headers),
        attempted=attempted,
    )


def warning_texts(headers: Mapping[str, str]) -> list[str]:
    """Return the texts of the ``Warning: 299`` headers.

    Source: apimachinery ``net.ParseWarningHeaders``.
    """
    header = headers.get("warning", "")
    return [re.sub(r"\\(.)", r"\1", text) for text in _WARNING.findall(header)]
