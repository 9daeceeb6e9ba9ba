"""What a refused apply says."""

from collections.abc import Sequence
from typing import final

from homeostat.errors import HomeostatError
from homeostat.schema._elements import Path, path_text
from homeostat.schema._managers import Identity

__all__ = ["FieldConflictError"]


@final
class FieldConflictError(HomeostatError):
    """An apply would change fields that others own, and is not forced.

    ``str()`` is the Status message: ``Apply failed with 1 conflict: ...``.

    Attributes:
        conflicts: The owner as the server describes it (``"kubectl" using apps/v1``)
            and the path, grouped by owner.
        paths: The paths alone, as text.

    Source: apimachinery ``managedfields/internal/conflict.go``.
    """

    def __init__(self, conflicts: Sequence[tuple[Identity, Path]]) -> None:
        # The server lists owners in no order of their own; here the order is fixed.
        ordered = sorted(conflicts, key=lambda conflict: conflict[0].text)
        super().__init__(_message(ordered))
        self.conflicts: tuple[tuple[str, Path], ...] = tuple(
            (str(who), path) for who, path in ordered
        )

    def causes(self) -> list[dict[str, str]]:
        """Return the conflicts as ``Status.details.causes``."""
        return [
            {
                "reason": "FieldManagerConflict",
                "message": f"conflict with {who}",
                "field": path_text(path),
            }
            for who, path in self.conflicts
        ]


def _message(conflicts: Sequence[tuple[Identity, Path]]) -> str:
    if len(conflicts) == 1:
        who, path = conflicts[0]
        return f"Apply failed with 1 conflict: conflict with {who}: {path_text(path)}"
    lines: list[str] = []
    last: Identity | None = None
    for who, path in conflicts:
        if who != last:
            lines.append(f"conflicts with {who}:")
        last = who
        lines.append(f"- {path_text(path)}")
    listed = "\n".join(lines)
    return f"Apply failed with {len(conflicts)} conflicts: {listed}"
