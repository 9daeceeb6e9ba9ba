"""Typed changes on top of the object that they were made to."""

from homeostat.api._kinds import Unstructured
from homeostat.api._schema import Schema

__all__ = ["overlay"]


def overlay(
    base: Unstructured,
    before: Unstructured,
    after: Unstructured,
    schema: Schema | None = None,
) -> Unstructured:
    """Return ``base`` with the changes that lead from ``before`` to ``after``.

    A typed view drops the fields that its type does not know. What a user changed in the
    view is the difference between the view as it was read and as it is now; applied to
    the object as it was read, the unknown fields survive.

    Args:
        base: The whole object as the server sent it.
        before: The typed view of ``base``, as plain dicts.
        after: The same view after the changes.
        schema: Schema of the object, for the keys of its lists; without it the items of
            lists are matched by equality alone.

    Returns:
        A new object; the arguments stay as they are.
    """
    raise NotImplementedError
