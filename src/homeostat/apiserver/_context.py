"""What every handler works with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from homeostat._clock import Clock
from homeostat._random import Random
from homeostat._transport import HttpRequest
from homeostat.apiserver._authn import Authenticator
from homeostat.apiserver._authorize import Authorizer
from homeostat.apiserver._processes import Processes
from homeostat.apiserver._registry import Registry, Served
from homeostat.apiserver._routes import Route
from homeostat.apiserver._status import not_found
from homeostat.apiserver._store import Entry, Store
from homeostat.apiserver._users import ADMIN, User
from homeostat.schema import FieldError

__all__ = ["CUSTOM", "Cluster", "Strategy", "Target", "timestamp"]

Value = dict[str, Any]


class Strategy:
    """What one kind does on a write beyond what its schema says.

    The defaults do nothing. Objects are in the stored version; all hooks but
    ``committed`` and ``removed`` run on dry runs too.
    """

    def admit(self, served: Served, name: str) -> None:
        """Refuse the creation of an object.

        Raises:
            StatusError: No object of the kind may be created.
        """

    def default(self, new: Value, old: Value | None) -> None:
        """Complete an object, in place, before its fields get their owner."""

    def prepare(self, cluster: "Cluster", new: Value, old: Value | None) -> None:
        """Complete an object about to be stored, in place; nobody owns what is added.

        Raises:
            StatusError: The write is refused.
        """

    def check(self, new: Value, old: Value | None) -> list[FieldError]:
        """Return what is wrong with an object about to be stored."""
        return []

    def deleting(self, cluster: "Cluster", entry: Entry, value: Value) -> None:
        """Prepare an object for the delete that was asked for, in place.

        Raises:
            StatusError: The delete is refused.
        """

    def committed(self, cluster: "Cluster", entry: Entry) -> None:
        """Take note that an object was stored."""

    def removed(self, cluster: "Cluster", entry: Entry) -> None:
        """Take note that an object is gone."""

    def reading(self, cluster: "Cluster") -> None:
        """Take note that objects are about to be read."""


_PLAIN = Strategy()
# Key of the one strategy that all custom kinds share.
CUSTOM = ("*", "*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The state of one server, and its sources of time and chance.

    Attributes:
        store: The objects.
        registry: The resources.
        clock: Wall time.
        random: Ids.
        strategies: Rules of single kinds, by (group, plural).
        authenticator: Tells who asks.
        authorizer: Tells who may do what.
        processes: What runs in pods; None where pods are objects and nothing else.
        accounts: Whether each pod runs as a service account.
    """

    store: Store
    registry: Registry
    clock: Clock
    random: Random
    strategies: Mapping[tuple[str, str], Strategy]
    authenticator: Authenticator
    authorizer: Authorizer
    processes: Processes | None = None
    accounts: bool = False

    def now(self) -> str:
        """Return the wall time as metadata has it: UTC, whole seconds."""
        return timestamp(self.clock.now())

    def strategy(self, served: Served) -> Strategy:
        """Return the rules of a resource."""
        if served.custom:
            return self.strategies[CUSTOM]
        return self.strategies.get((served.storage.group, served.plural), _PLAIN)


def timestamp(moment: datetime) -> str:
    """Return a moment in the wire's form, in whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A request, and the resource that it is about.

    Attributes:
        request: The request.
        route: What its path says.
        served: The resource.
        user: Who asks.
        warnings: Texts for Warning headers; handlers append to it.
    """

    request: HttpRequest
    route: Route
    served: Served
    user: User = ADMIN
    warnings: list[str] = field(default_factory=list[str])

    @property
    def key(self) -> str:
        """Table key of the object that the path names."""
        return self.served.key(self.route.namespace, self.route.name)

    @property
    def live(self) -> Entry | None:
        """The object that the path names, None when it does not exist."""
        return self.served.table.live.get(self.key)

    def existing(self) -> Entry:
        """Return the object that the path names.

        Raises:
            StatusError: 404, it does not exist.
        """
        found = self.live
        if found is None:
            raise not_found(self.served.group, self.served.plural, self.route.name)
        return found
