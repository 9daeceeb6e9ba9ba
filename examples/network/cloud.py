"""What the operator asks of Neutron, and how it can fail.

Every call blocks; the operator makes it in a thread. A failure is one of four errors,
and only an answer of Neutron can say that something is absent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, Literal, Protocol, TypeAlias, TypeVar

T = TypeVar("T")

Collection: TypeAlias = Literal["networks", "subnets"]
Verb: TypeAlias = Literal["list", "create", "update", "delete"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudNetwork:
    """A network as Neutron has it."""

    id: str
    name: str
    description: str = ""
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudSubnet:
    """A subnet as Neutron has it; ``gateway`` is "" when it has none."""

    id: str
    network_id: str
    name: str
    cidr: str
    gateway: str
    description: str = ""
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What tells whose a network or subnet is.

    ``description`` holds the same words as ``tags``: Neutrons that take no tags in a
    create take it there, so that nothing is ever made without a mark.
    """

    name: str
    description: str
    tags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Observed(Generic[T]):
    """It is there, and looks like this."""

    value: T


@dataclass(frozen=True, slots=True)
class Absent:
    """Neutron said that there is no such thing."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can say: Neutron did not answer, or not sensibly. Never "absent"."""

    error: "CloudError"


class CloudError(Exception):
    """Neutron did not do what it was asked.

    Attributes:
        reason: For a condition.
        ready: What the Ready condition becomes: False, or None for unknown.
        retry_after: Seconds that Neutron asks to wait, None when it does not say.
        everybody: Whether the next request would fare the same, whatever it is.
    """

    reason: ClassVar[str]
    ready: ClassVar[bool | None] = None

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        everybody: bool = False,
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.everybody = everybody


class UnavailableError(CloudError):
    """No answer, 5xx, 429 or nonsense: what became of the request is unknown."""

    reason = "NeutronUnavailable"


class VanishedError(CloudError):
    """404: something that was there is not there any more; look again."""

    reason = "ChangedMeanwhile"


class RefusedError(CloudError):
    """400, 409: Neutron will not do it: in use, over quota, not valid."""

    reason = "NeutronRefuses"
    ready = False


class PermissionMissingError(CloudError):
    """403: the operator's user may not do this."""

    reason = "Forbidden"
    ready = False


class Cloud(Protocol):
    """The part of Neutron that the operator uses. Every call may raise CloudError."""

    def networks(self) -> Sequence[CloudNetwork]:
        """Return all networks of the operator's project."""
        ...

    def subnets(self) -> Sequence[CloudSubnet]:
        """Return all subnets of the operator's project."""
        ...

    def create_network(self, marks: Marks) -> CloudNetwork:
        """Create a network; it bears its marks from the first moment."""
        ...

    def create_subnet(
        self, marks: Marks, *, network_id: str, cidr: str, gateway: str
    ) -> CloudSubnet:
        """Create a subnet; it bears its marks from the first moment."""
        ...

    def mark(self, collection: Collection, id_: str, marks: Marks) -> None:
        """Set name and description."""
        ...

    def set_tags(self, collection: Collection, id_: str, tags: frozenset[str]) -> None:
        """Replace the tags."""
        ...

    def set_gateway(self, id_: str, *, cidr: str, gateway: str) -> None:
        """Change the gateway of a subnet."""
        ...

    def delete(self, collection: Collection, id_: str) -> None:
        """Delete a network or subnet; absent is done."""
        ...
