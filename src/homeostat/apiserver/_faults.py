"""Requests that go wrong because somebody wants to see what becomes of it."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import final

from homeostat._transport import HttpRequest
from homeostat.apiserver._authorize import attributes_of
from homeostat.apiserver._status import StatusError
from homeostat.apiserver._users import User
from homeostat.errors import TransportError

__all__ = ["Fault", "Faults"]

_REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


@final
@dataclass(slots=True, kw_only=True)
class Fault:
    """What becomes of which requests; "" and "*" mean every one.

    Attributes:
        verb: As RBAC names them: ``get``, ``list``, ``watch``, ``create``, ``update``,
            ``patch``, ``delete``, ``deletecollection``.
        resource: Plural name; of a subresource with it, as ``deployments/status``.
        namespace: Of the object.
        name: Of the object; a create has none in its path.
        nth: The first call that is hit, counted from 1.
        times: How many are hit from then on; None for all.
        code: HTTP status of the refusal; 0 refuses nothing.
        message: What the refusal says.
        delay: Seconds before anything is done.
        dropped: The connection breaks, and nothing was done.
        lost: The connection breaks after all was done: nobody is told.
        calls: How many requests it was meant for so far.
    """

    verb: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    nth: int = 1
    times: int | None = 1
    code: int = 0
    message: str = "injected"
    delay: float = 0.0
    dropped: bool = False
    lost: bool = False
    calls: int = 0

    def takes(self, verb: str, resource: str, namespace: str, name: str) -> bool:
        """Tell whether a request is hit; it is counted when it is meant at all."""
        asked = (verb, resource, namespace, name)
        meant = (self.verb, self.resource, self.namespace, self.name)
        if any(
            own not in ("", "*", each) for own, each in zip(meant, asked, strict=True)
        ):
            return False
        self.calls += 1
        past = self.calls - self.nth
        return past >= 0 and (self.times is None or past < self.times)


@final
class Faults:
    """The faults of one server; the first one that takes a request counts."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def __bool__(self) -> bool:
        return bool(self._faults)

    def add(self, fault: Fault) -> None:
        """Let a fault happen from now on."""
        self._faults.append(fault)

    def remove(self, fault: Fault) -> None:
        """Let it happen no more."""
        self._faults = [each for each in self._faults if each is not fault]

    def clear(self) -> None:
        """Let none happen any more."""
        self._faults.clear()

    async def meet(self, request: HttpRequest, user: User) -> Fault | None:
        """Let the fault of a request happen; returns it, None when it has none.

        Raises:
            StatusError: The request is refused.
            TransportError: Its connection breaks.
        """
        asked = attributes_of(request, user)
        resource = asked.resource
        if asked.subresource:
            resource += f"/{asked.subresource}"
        facts = (asked.verb, resource, asked.namespace, asked.name)
        fault = next((each for each in self._faults if each.takes(*facts)), None)
        if fault is None:
            return None
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.dropped:
            raise TransportError("injected: the connection broke", sent=True)
        if fault.code:
            raise _refusal(fault)
        return fault


def _refusal(fault: Fault) -> StatusError:
    reason = _REASONS.get(fault.code, "")
    if not reason:
        reason = HTTPStatus(fault.code).phrase.replace(" ", "")
    return StatusError(fault.code, reason, fault.message)
