"""Whether a request is sent again, as a pure decision.

Source: client-go ``rest/with_retry.go``. Beyond it: a request of which no byte reached
the server is repeated whatever its method, and a refused connection counts as one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from homeostat.errors import TransportError

__all__ = ["MAX_TRIES", "PermanentTransportError", "Retry", "decide", "retry_after"]

MAX_TRIES = 11  # the first one and ten retries, as client-go's maxRetries
LOST_CONNECTION_DELAY = 1.0  # seconds; client-go's artificial Retry-After


class PermanentTransportError(TransportError):
    """What no new try can mend: a certificate that does not fit, a closed client."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Send the request again.

    Attributes:
        after: Seconds to wait first.
        pause: The server is overloaded: every request of the client waits as long.
        reason: For the log.
    """

    after: float
    pause: bool
    reason: str


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of a ``Retry-After`` header; dates are not understood."""
    text = headers.get("retry-after", "").strip()
    return float(text) if text.isascii() and text.isdigit() else None


def decide(
    *,
    safe: bool,
    tries: int,
    status: int = 0,
    headers: Mapping[str, str] | None = None,
    error: TransportError | None = None,
) -> Retry | None:
    """Return how to try again, None when the outcome stands.

    Args:
        safe: Whether sending it twice does no harm: reads and dry runs.
        tries: How often it was sent, >= 1.
        status: Status code of the answer, 0 without one.
        headers: Headers of the answer, names in lower case.
        error: Why there is no answer.
    """
    if tries >= MAX_TRIES:
        return None
    if error is not None:
        if isinstance(error, PermanentTransportError) or not (safe or not error.sent):
            return None
        return Retry(LOST_CONNECTION_DELAY, pause=False, reason=str(error))
    if status != 429 and status < 500:
        return None
    seconds = retry_after(headers or {})
    if seconds is None:
        return None
    flow = (headers or {}).get("x-kubernetes-pf-flowschema-uid", "")
    reason = f"the server answered {status}" + (f", flow schema {flow}" if flow else "")
    return Retry(seconds, pause=status == 429, reason=reason)
