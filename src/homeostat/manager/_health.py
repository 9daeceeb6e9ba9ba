"""How well the parts of a manager are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, final

__all__ = ["Check", "Health"]

Check: TypeAlias = Callable[[], str]
"""Returns "" while all is well, else what is wrong."""


@final
@dataclass(slots=True)
class Health:
    """The checks of a manager, by name.

    ``live`` says whether a restart would help; ``ready`` whether the process does its
    work; ``notes`` are troubles that make it neither dead nor unready: a watch that is
    down for a while, an object that cannot be read.

    Attributes:
        live: Checks of ``/healthz``.
        ready: Checks of ``/readyz``.
        notes: Shown with both, decides neither.
    """

    live: dict[str, Check] = field(default_factory=dict[str, Check])
    ready: dict[str, Check] = field(default_factory=dict[str, Check])
    notes: dict[str, Check] = field(default_factory=dict[str, Check])

    def report(self, which: str) -> tuple[bool, str]:
        """Return whether all is well, and a line per check.

        Args:
            which: ``live`` or ``ready``.

        Source: apiserver ``healthz.go``: ``[+]ping ok``, ``[-]name failed: why``.
        """
        checks: Mapping[str, Check] = self.live if which == "live" else self.ready
        troubles = {name: check() for name, check in checks.items()}
        lines = [
            f"[-]{name} failed: {why}" if why else f"[+]{name} ok"
            for name, why in sorted(troubles.items())
        ]
        noted = {name: check() for name, check in self.notes.items()}
        lines += [f"[!]{name}: {why}" for name, why in sorted(noted.items()) if why]
        well = not any(troubles.values())
        lines.append(f"{which} check {'passed' if well else 'failed'}")
        return well, "\n".join(lines) + "\n"

    @property
    def troubles(self) -> dict[str, str]:
        """Everything that is wrong, by name."""
        every = {**self.live, **self.ready, **self.notes}
        found = {name: check() for name, check in every.items()}
        return {name: why for name, why in found.items() if why}
