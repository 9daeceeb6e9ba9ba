"""Every error that homeostat raises, in one tree.

::

    HomeostatError
    ├── ApiError            a Status came back: code, reason, retry_after
    │   ├── NotFoundError · AlreadyExistsError · ConflictError · InvalidError
    │   ├── UnauthorizedError · ForbiddenError · TooManyRequestsError
    │   └── ExpiredError    410: resourceVersion too old, relist
    ├── TransportError      no Status: DNS, TLS, reset, malformed body
    │   └── OutcomeUnknownError   a write was sent and its fate is unknown
    ├── FencedError         a write was not sent: its writer's term is over
    ├── InvalidObjectError  bytes that the type cannot hold
    ├── UndeclaredKindError a cache read of a kind that no controller declared
    ├── ReconcileEndedError a Context that was kept after its reconcile
    ├── ConfigError         kubeconfig or options; raised before any I/O
    └── TerminalError       raised by a reconciler: do not retry

The class of an ``ApiError`` is chosen by the Status' reason, never by the HTTP code:
409 is both AlreadyExists and Conflict. Branch on the type or on ``reason``; message
texts belong to people.
"""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = [
    "AlreadyExistsError",
    "ApiError",
    "ConfigError",
    "ConflictError",
    "ExpiredError",
    "FencedError",
    "ForbiddenError",
    "HomeostatError",
    "InvalidError",
    "InvalidObjectError",
    "NotFoundError",
    "OutcomeUnknownError",
    "ReconcileEndedError",
    "TerminalError",
    "TooManyRequestsError",
    "TransportError",
    "UnauthorizedError",
    "UndeclaredKindError",
    "status_error",
]


class HomeostatError(Exception):
    """Root of every error that the library raises."""


class ApiError(HomeostatError):
    """The server answered with a Status.

    Attributes:
        code: HTTP status code.
        reason: ``Status.reason``, as ``NotFound``; "" when the server gave none.
        message: ``Status.message``.
        retry_after: Seconds the server asks to wait, None when it does not say.
        details: ``Status.details``: ``name``, ``group``, ``kind``, ``uid``, ``causes``.
        attempted: What the caller tried, as ``create apps/v1 deployments default/web``.
    """

    def __init__(
        self,
        message: str,
        *,
        code: int,
        reason: str = "",
        retry_after: float | None = None,
        details: Mapping[str, Any] | None = None,
        attempted: str = "",
    ) -> None:
        super().__init__(f"{attempted}: {message}" if attempted else message)
        self.message = message
        self.code = code
        self.reason = reason
        self.retry_after = retry_after
        self.details: Mapping[str, Any] = details or {}
        self.attempted = attempted

    @property
    def causes(self) -> Sequence[Mapping[str, str]]:
        """``details.causes``: one ``{reason, message, field}`` per fault."""
        causes: Sequence[Mapping[str, str]] = self.details.get("causes") or ()
        return causes

    @property
    def is_namespace_terminating(self) -> bool:
        """Whether nothing is created any more: the namespace is being deleted."""
        return any(c.get("reason") == "NamespaceTerminating" for c in self.causes)


class NotFoundError(ApiError):
    """404 NotFound: no such object, or no such resource."""


class AlreadyExistsError(ApiError):
    """409 AlreadyExists: a create of a name that is taken."""


class ConflictError(ApiError):
    """409 Conflict: another write came first, or another manager owns the field."""

    @property
    def is_field_manager_conflict(self) -> bool:
        """Whether an apply met fields that other field managers own."""
        return any(c.get("reason") == "FieldManagerConflict" for c in self.causes)


class InvalidError(ApiError):
    """422 Invalid: the object breaks its schema or a validation rule."""


class UnauthorizedError(ApiError):
    """401 Unauthorized: the credentials are missing, wrong or expired."""


class ForbiddenError(ApiError):
    """403 Forbidden: the user may not do this."""


class TooManyRequestsError(ApiError):
    """429 TooManyRequests: slow down; ``retry_after`` says for how long."""


class ExpiredError(ApiError):
    """410 Expired or Gone: the resourceVersion or continue token is too old."""


class TransportError(HomeostatError):
    """No Status came back: DNS, TLS, refused, reset, malformed body.

    Attributes:
        sent: Whether any byte of the request may have reached the server. A write
            whose transport failed after that becomes an ``OutcomeUnknownError``.
    """

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class OutcomeUnknownError(TransportError):
    """A write was sent and its fate is unknown: read before you decide again."""


class FencedError(HomeostatError):
    """A write was not sent: the term of its writer is over.

    Another process may be at work; or the server lost its data, and what the writer
    decided from is of the past: then its reads of the cache are refused as well.
    Nothing of it reached the server, and nothing will: retrying in the same term is of
    no use.
    """


class InvalidObjectError(HomeostatError):
    """Bytes that the type cannot hold; the object stays where it is, undecoded."""


class UndeclaredKindError(HomeostatError):
    """A cache read of a kind that no controller declared."""


class ReconcileEndedError(HomeostatError):
    """A Context was used after its reconcile had ended.

    What it handed out may have changed since, and nobody retries what it would write.
    """


class ConfigError(HomeostatError):
    """The kubeconfig or an option is wrong; raised before any I/O."""


class TerminalError(HomeostatError):
    """Raised by a reconciler: retrying cannot help until the object changes."""


_BY_REASON: dict[str, type[ApiError]] = {
    "NotFound": NotFoundError,
    "AlreadyExists": AlreadyExistsError,
    "Conflict": ConflictError,
    "Invalid": InvalidError,
    "Unauthorized": UnauthorizedError,
    "Forbidden": ForbiddenError,
    "TooManyRequests": TooManyRequestsError,
    "Expired": ExpiredError,
    "Gone": ExpiredError,
}

# Proxies and load balancers answer without a Status: then the code is all there is.
_REASON_BY_CODE = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    409: "Conflict",
    410: "Gone",
    413: "RequestEntityTooLarge",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


def status_error(
    status: Mapping[str, Any],
    *,
    code: int | None = None,
    retry_after: float | None = None,
    attempted: str = "",
) -> ApiError:
    """Return the error for a Status document.

    Args:
        status: The decoded Status; missing fields are filled from ``code``.
        code: HTTP status code of the response, used when the document has none.
        retry_after: Seconds of the Retry-After header, used when the document has none.
        attempted: What the caller tried, for the message.
    """
    actual = int(status.get("code") or code or 500)
    reason = str(status.get("reason") or _REASON_BY_CODE.get(actual, ""))
    details: Mapping[str, Any] = status.get("details") or {}
    seconds = details.get("retryAfterSeconds")
    return _BY_REASON.get(reason, ApiError)(
        str(status.get("message") or f"the server answered {actual} {reason}".strip()),
        code=actual,
        reason=reason,
        retry_after=float(seconds) if seconds else retry_after,
        details=details,
        attempted=attempted,
    )
