"""What a user can set, by environment variables."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Self, TypeAlias

from homeostat.errors import ConfigError
from kinds import MAX_TIMES

_NUMBERS: Mapping[type, Callable[[str], Any]] = {int: int, float: float}

CidrChange: TypeAlias = Literal["refuse", "recreate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the operator behaves.

    Each is read from an environment variable: ``NETWORK_`` and its name in capitals.

    Attributes:
        neutron_url: A Neutron without authentication, as the one to practise on (also
            ``NEUTRON_URL``); "" for the cloud that clouds.yaml or OS_* name.
        owner: Tag and first word of the description of all that the operator makes;
            two operators in one project need different ones. Without spaces and commas.
        cidr_change: What to do about a changed ``spec.cidr``, which Neutron cannot
            change: ``refuse`` sets a terminal condition, ``recreate`` deletes the
            subnet and makes a new one.
        workers: How many Networks are handled at once.
        resync: Seconds between two looks at a Network that is in step; each time
            lengthened by up to ``jitter`` of itself.
        jitter: See ``resync``.
        max_age: Seconds for which one list of Neutron's networks serves all Networks.
        timeout: Seconds until a request to Neutron counts as unanswered.
        backoff: Seconds until the first retry; doubled each time.
        max_backoff: Upper bound of that, in seconds.
        contested: How many repairs of the same field say that somebody else fights over
            it, when they fall within ``contest_window``.
        contest_window: Seconds after which a repair is forgotten.
        default_cidr: For Deployments that ask for a network without saying which.
    """

    neutron_url: str = ""
    owner: str = "homeostat-network"
    cidr_change: CidrChange = "refuse"
    workers: int = 4
    resync: float = 600.0
    jitter: float = 0.2
    max_age: float = 10.0
    timeout: float = 30.0
    backoff: float = 1.0
    max_backoff: float = 300.0
    contested: int = 3
    contest_window: float = 7200.0
    default_cidr: str = "192.168.0.0/24"

    def __post_init__(self) -> None:
        if self.cidr_change not in ("refuse", "recreate"):
            raise ConfigError(
                f"NETWORK_CIDR_CHANGE is {self.cidr_change!r}: write refuse or recreate"
            )
        if not self.owner or set(self.owner) & set(", \t\n"):
            raise ConfigError("NETWORK_OWNER must be one word without commas")
        if self.workers < 1:
            raise ConfigError("NETWORK_WORKERS must be at least 1")
        if not 2 <= self.contested <= MAX_TIMES:
            raise ConfigError(f"NETWORK_CONTESTED must be from 2 to {MAX_TIMES}")
        for name in (
            "resync",
            "jitter",
            "max_age",
            "timeout",
            "backoff",
            "contest_window",
        ):
            if getattr(self, name) < 0:
                raise ConfigError(f"NETWORK_{name.upper()} must not be negative")

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the settings from environment variables.

        Raises:
            ConfigError: One of them cannot be understood.
        """
        defaults = cls()
        given: dict[str, Any] = {}
        if "NEUTRON_URL" in environment:
            given["neutron_url"] = environment["NEUTRON_URL"]
        for field in fields(cls):
            variable = f"NETWORK_{field.name.upper()}"
            if variable not in environment:
                continue
            default: object = getattr(defaults, field.name)
            convert = _NUMBERS.get(type(default), str)
            try:
                given[field.name] = convert(environment[variable])
            except ValueError:
                raise ConfigError(
                    f"{variable} is {environment[variable]!r}: write a number"
                ) from None
        return cls(**given)
