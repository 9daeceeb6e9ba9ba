"""Errors as the server says them: Status documents, field for field.

``details.kind`` is the plural resource for NotFound, Conflict, AlreadyExists and
Forbidden, and the Kind for Invalid: clients print it as it comes.

Source: apimachinery ``api/errors``.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from homeostat.api import JSON
from homeostat.apiserver._syntax import whole_surrogates
from homeostat.schema import FieldError, aggregate, causes

__all__ = [
    "StatusError",
    "already_exists",
    "bad_request",
    "conflict",
    "expired",
    "forbidden",
    "invalid",
    "json_bytes",
    "method_not_allowed",
    "not_acceptable",
    "not_found",
    "qualified",
    "server_error",
    "timed_out",
    "too_large_version",
    "unknown_path",
    "unsupported_media",
]

MODIFIED = (
    "the object has been modified; please apply your changes to the latest version "
    "and try again"
)


# Of more than these the real server never comes to speak, for its time grows with
# their square: a thousand empty containers take it four seconds, and to ten thousand
# it answers after 34 seconds that they are over.
MAX_ERRORS = 10_000
_TOO_MUCH = (
    "request did not complete within requested timeout - context deadline exceeded"
)


class StatusError(Exception):
    """A request ends with this Status.

    Attributes:
        code: HTTP status code.
        reason: ``Status.reason``; "" when the server gives none.
        message: ``Status.message``.
        details: ``Status.details``; None leaves the field out.
        continue_: ``metadata.continue`` of the Status, for an expired list.
    """

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        continue_: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.continue_ = continue_

    def document(self) -> dict[str, Any]:
        """Return the Status, its fields in the server's order."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {"continue": self.continue_} if self.continue_ else {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            status["reason"] = self.reason
        if self.details is not None:
            status["details"] = self.details
        status["code"] = self.code
        return status

    @property
    def headers(self) -> dict[str, str]:
        """Headers that go with the Status."""
        seconds = (self.details or {}).get("retryAfterSeconds")
        return {"retry-after": str(seconds)} if seconds else {}


def json_bytes(document: JSON) -> bytes:
    """Encode a document with the line end that the server appends."""
    try:
        return msgspec.json.encode(document) + b"\n"
    except UnicodeEncodeError:
        # Half a surrogate pair, which a path or a query of this process can hold.
        return whole_surrogates(json.dumps(document).encode()) + b"\n"


def qualified(group: str, resource: str) -> str:
    """Return ``deployments.apps``, or the bare resource of the core group."""
    return f"{resource}.{group}" if group else resource


def _details(group: str, kind: str, name: str, **more: JSON) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    if kind:
        details["kind"] = kind
    return {**details, **more}


def bad_request(message: str) -> StatusError:
    """400: the request cannot be understood."""
    return StatusError(400, "BadRequest", message)


def server_error(message: str) -> StatusError:
    """500 without a reason: what kube-apiserver makes of some bad input."""
    return StatusError(500, "", message)


def not_found(group: str, resource: str, name: str) -> StatusError:
    """404: no such object."""
    message = f'{qualified(group, resource)} "{name}" not found'
    return StatusError(
        404, "NotFound", message, details=_details(group, resource, name)
    )


def unknown_path() -> StatusError:
    """404: the group and version are served, the resource is not."""
    message = "the server could not find the requested resource"
    return StatusError(404, "NotFound", message, details={})


def method_not_allowed() -> StatusError:
    """405: the resource does not support the verb."""
    message = "the server does not allow this method on the requested resource"
    return StatusError(405, "MethodNotAllowed", message, details={})


def not_acceptable(supported: Sequence[str]) -> StatusError:
    """406: the forms that Accept asks for cannot be served."""
    message = "only the following media types are accepted: " + ", ".join(supported)
    return StatusError(406, "NotAcceptable", message)


def unsupported_media(supported: Sequence[str]) -> StatusError:
    """415: the body's media type is none that can be read."""
    message = (
        "the body of the request was in an unknown format - accepted media types "
        "include: " + ", ".join(supported)
    )
    return StatusError(415, "UnsupportedMediaType", message)


def already_exists(group: str, resource: str, name: str) -> StatusError:
    """409: the name of a create is taken."""
    message = f'{qualified(group, resource)} "{name}" already exists'
    return StatusError(
        409, "AlreadyExists", message, details=_details(group, resource, name)
    )


def conflict(
    group: str, resource: str, name: str, message: str = MODIFIED
) -> StatusError:
    """409: another write came first, or a precondition failed."""
    text = (
        f"Operation cannot be fulfilled on {qualified(group, resource)} "
        f'"{name}": {message}'
    )
    return StatusError(409, "Conflict", text, details=_details(group, resource, name))


def forbidden(
    group: str,
    resource: str,
    name: str,
    message: str,
    *,
    cause: Mapping[str, str] | None = None,
) -> StatusError:
    """403: the request is understood and refused."""
    subject = qualified(group, resource) + (f' "{name}"' if name else "")
    more = {"causes": [cause]} if cause else {}
    return StatusError(
        403,
        "Forbidden",
        f"{subject} is forbidden: {message}",
        details=_details(group, resource, name, **more),
    )


def invalid(
    group: str, kind: str, name: str, errors: Sequence[FieldError]
) -> StatusError:
    """422: the object breaks its schema or a validation rule.

    504 when it does so all over: the text of it would be many times the request.
    """
    if len(errors) > MAX_ERRORS:
        return timed_out()
    message = f'{qualified(group, kind)} "{name}" is invalid: {aggregate(errors)}'
    return StatusError(
        422,
        "Invalid",
        message,
        details=_details(group, kind, name, causes=causes(errors)),
    )


def timed_out(text: str = _TOO_MUCH) -> StatusError:
    """504: the request takes longer than any may.

    Args:
        text: In what way; as it stands, what the real server says after 34 s of work
            on one request. It answers all others meanwhile: this one says so at once.
    """
    return StatusError(504, "Timeout", f"Timeout: {text}", details={})


def expired(message: str, *, continue_: str = "") -> StatusError:
    """410: the history that the request needs is compacted."""
    return StatusError(410, "Expired", message, continue_=continue_)


def too_large_version(asked: int, current: int) -> StatusError:
    """504: the resourceVersion lies ahead of the store."""
    return StatusError(
        504,
        "Timeout",
        f"Timeout: Too large resource version: {asked}, current: {current}",
        details={
            "causes": [
                {
                    "reason": "ResourceVersionTooLarge",
                    "message": "Too large resource version",
                }
            ],
            "retryAfterSeconds": 1,
        },
    )
