"""managedFields: who wrote which field last."""

from collections.abc import Sequence
from typing import Any

from homeostat.api import Schema
from homeostat.errors import HomeostatError
from homeostat.schema._elements import Path
from homeostat.schema._fieldset import FieldSet

__all__ = [
    "FieldConflictError",
    "SchemaMismatchError",
    "apply_managed",
    "same_but_times",
    "update_managed",
]

Entry = dict[str, Any]


class FieldConflictError(HomeostatError):
    """An apply would change fields that others own, and is not forced.

    ``str()`` is the Status message: ``Apply failed with 1 conflict: ...``.

    Attributes:
        conflicts: The owner as the server describes it (``"kubectl" using apps/v1``)
            and the path, grouped by owner.
    """

    def __init__(self, conflicts: Sequence[tuple[str, Path]]) -> None:
        super().__init__("")
        self.conflicts = tuple(conflicts)


class SchemaMismatchError(HomeostatError):
    """A value does not have the shape that its schema gives it."""


def update_managed(  # noqa: PLR0913 - the facts of one write
    live: dict[str, Any] | None,
    new: dict[str, Any],
    *,
    schema: Schema | None,
    manager: str,
    api_version: str,
    subresource: str = "",
    now: str,
    reset: FieldSet | None = None,
) -> list[Entry]:
    """Return ``metadata.managedFields`` after a create, an update or a patch.

    Args:
        live: The object as stored; None on create.
        new: The object about to be stored, defaulted. Its own managedFields count
            when the write is not to a subresource; ``[]`` and ``[{}]`` clear them.
        schema: The kind's schema; None deduces: granular maps, atomic lists.
        manager: Who writes.
        api_version: The version of ``new``, as ``apps/v1``.
        subresource: As ``status``; "" for the object itself.
        now: The time of the write as metadata has it: ``2006-01-02T15:04:05Z``.
        reset: Fields that this endpoint does not write, with all below them.

    Returns:
        The entries in the server's order. An entry whose fields did not change keeps
        its time.
    """
    raise NotImplementedError


def apply_managed(  # noqa: PLR0913 - the facts of one write
    live: dict[str, Any] | None,
    config: dict[str, Any],
    *,
    schema: Schema | None,
    manager: str,
    api_version: str,
    force: bool,
    subresource: str = "",
    now: str,
    reset: FieldSet | None = None,
) -> tuple[dict[str, Any], list[Entry]]:
    """Return the object after a server-side apply, and its managedFields.

    Args:
        live: The object as stored, None when the apply creates it.
        config: What was applied; defaults and managedFields are not part of it.
        schema: The kind's schema; None deduces.
        manager: Who applies.
        api_version: The version of both objects.
        force: Take the fields of others instead of failing.
        subresource: As ``status``; "" for the object itself.
        now: The time of the write.
        reset: Fields that this endpoint does not write.

    Returns:
        The merged object without managedFields (``metadata`` as merged), and the
        entries. When nothing changed the object equals ``live`` and no time changed.

    Raises:
        FieldConflictError: Another manager owns a field and its value would change.
        SchemaMismatchError: The configuration or the live object does not fit the
            schema.
    """
    raise NotImplementedError


def same_but_times(live: dict[str, Any], new: dict[str, Any]) -> bool:
    """Tell whether two objects differ in nothing but the times of managedFields.

    The API server then keeps the live object: such a write stores nothing.
    """
    raise NotImplementedError
