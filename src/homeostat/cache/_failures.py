"""What a failed list or watch means, and how to say it."""

from typing import Literal, TypeAlias

from homeostat.errors import (
    ApiError,
    ExpiredError,
    ForbiddenError,
    HomeostatError,
    NotFoundError,
    TooManyRequestsError,
    UnauthorizedError,
)

__all__ = ["Failure", "explain", "failure_of", "too_large"]

Failure: TypeAlias = Literal[
    "expired",  # the version is too old, or too new for this server
    "missing",  # the server does not serve the kind
    "refused",  # 401, 403
    "busy",  # 429
    "unsupported",  # the server does not know what was asked for
    "broken",  # anything else that a Status says
    "unreachable",  # no answer
]

# What servers without WatchList say to sendInitialEvents.
_UNSUPPORTED = frozenset({400, 405, 406, 415, 422})


def too_large(error: HomeostatError) -> bool:
    """Whether the server says that it has not come to the asked version yet.

    Source: apimachinery ``errors.IsTooLargeResourceVersionError``; old servers give the
    text alone.
    """
    if not isinstance(error, ApiError):
        return False
    return any(
        cause.get("reason") == "ResourceVersionTooLarge" for cause in error.causes
    ) or ("Too large resource version" in error.message)


def failure_of(error: HomeostatError) -> Failure:
    """Return what an error of a list or watch means."""
    if not isinstance(error, ApiError):
        return "unreachable"
    if isinstance(error, ExpiredError) or error.code == 410 or too_large(error):
        return "expired"
    if isinstance(error, NotFoundError) or error.code == 404:
        return "missing"
    if isinstance(error, ForbiddenError | UnauthorizedError):
        return "refused"
    if isinstance(error, TooManyRequestsError) or error.code == 429:
        return "busy"
    return "unsupported" if error.code in _UNSUPPORTED else "broken"


def explain(verb: str, target: str, error: HomeostatError) -> tuple[str, str]:
    """Return a failure as one word and as a sentence.

    Args:
        verb: ``list`` or ``watch``.
        target: As ``apps/v1 deployments in namespace default``.
        error: What happened.
    """
    text = error.message if isinstance(error, ApiError) else str(error)
    said = text[:256]
    match failure_of(error):
        case "refused" if isinstance(error, UnauthorizedError):
            return "Unauthorized", (
                f"cannot {verb} {target}: the server does not accept the credentials: "
                f"{said}"
            )
        case "refused":
            return "Forbidden", (
                f"cannot {verb} {target}: a role must allow the verb {verb!r}: {said}"
            )
        case "missing":
            return "NotFound", (
                f"cannot {verb} {target}: the server does not serve it; "
                f"is its CustomResourceDefinition installed? {said}"
            )
        case "busy":
            return "TooManyRequests", f"cannot {verb} {target}: {said}"
        case "unreachable":
            return "Unreachable", f"cannot {verb} {target}: no answer: {said}"
        case _:
            reason = error.reason if isinstance(error, ApiError) else ""
            return reason or "Failed", f"cannot {verb} {target}: {said}"
