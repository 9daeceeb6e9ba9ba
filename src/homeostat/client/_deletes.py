"""Deletes: of one object, and of all that a selector chooses."""

import msgspec

from homeostat.api import JSON, Kind, Unstructured
from homeostat.client._objects import (
    field_text,
    label_text,
    object_path,
    one_namespace,
    parse_document,
    selected_namespace,
)
from homeostat.client._types import FieldsLike, LabelsLike, NamespaceLike, Propagation
from homeostat.client._writes import Writes, write_of

__all__ = ["Deletes"]


class Deletes(Writes):
    """The part of a ``Client`` that deletes."""

    async def delete(  # noqa: PLR0913  # a delete's options, all keyword-only
        self,
        kind: Kind,
        name: str,
        *,
        namespace: str | None = None,
        uid: str | None = None,
        resource_version: str | None = None,
        propagation: Propagation | None = None,
        grace_period_seconds: int | None = None,
        dry_run: bool = False,
    ) -> Unstructured:
        """Delete an object.

        Args:
            kind: Its kind.
            name: Its name.
            namespace: None for the client's own.
            uid: Delete only the object with this uid, not a successor of its name.
            resource_version: Delete only this version of it.
            propagation: What becomes of its dependents; None for the kind's default.
            grace_period_seconds: How long it may take to stop; None for its default.
            dry_run: Do everything but persist.

        Returns:
            The object as plain dicts when it is only marked, else a Status.

        Raises:
            NotFoundError: There is no such object.
            ConflictError: A precondition does not hold.
            OutcomeUnknownError: Sent, but no answer came back.
        """
        resource = await self.resource_for(kind)
        place = one_namespace(resource, namespace, "", self._namespace)
        conditions = _present(uid=uid, resourceVersion=resource_version)
        document = _delete_options(
            preconditions=conditions or None,
            propagationPolicy=propagation,
            gracePeriodSeconds=grace_period_seconds,
            dryRun=["All"] if dry_run else None,
        )
        write = write_of(
            "delete",
            resource,
            place,
            name,
            uid=uid or "",
            body=document,
            options={"dry_run": dry_run},
        )
        body = await self._send(
            write,
            method="DELETE",
            path=object_path(resource, place, name),
            payload=msgspec.json.encode(document),
        )
        return parse_document(body, str(write))

    async def delete_collection(  # a delete's options, all keyword-only
        self,
        kind: Kind,
        *,
        namespace: NamespaceLike = None,
        labels: LabelsLike = None,
        fields: FieldsLike = None,
        propagation: Propagation | None = None,
        grace_period_seconds: int | None = None,
        dry_run: bool = False,
    ) -> None:
        """Delete every object of a kind that the selectors choose; not atomic.

        Args:
            kind: Their kind.
            namespace: None for the client's own. ``ALL`` works for cluster-scoped kinds
                alone: no server deletes a namespaced kind in all namespaces at once.
            labels: Which labels they must have.
            fields: Which fields they must have.
            propagation: What becomes of their dependents; None for the default.
            grace_period_seconds: How long they may take to stop; None for the default.
            dry_run: Do everything but persist.

        Raises:
            OutcomeUnknownError: Sent, but no answer came back.
        """
        resource = await self.resource_for(kind)
        place = selected_namespace(resource, namespace, self._namespace)
        if resource.namespaced and not place:
            raise ValueError(
                f"{resource.gvk}: servers delete collections in one namespace at a time"
            )
        document = _delete_options(
            propagationPolicy=propagation,
            gracePeriodSeconds=grace_period_seconds,
            dryRun=["All"] if dry_run else None,
        )
        selectors = (
            ("labelSelector", label_text(labels)),
            ("fieldSelector", field_text(fields)),
        )
        await self._send(
            write_of(
                "deletecollection",
                resource,
                place,
                "",
                body=document,
                options={"dry_run": dry_run},
            ),
            method="DELETE",
            path=resource.path(place),
            payload=msgspec.json.encode(document),
            query=tuple(pair for pair in selectors if pair[1]),
        )


def _present(**values: JSON) -> Unstructured:
    return {name: value for name, value in values.items() if value is not None}


def _delete_options(**values: JSON) -> Unstructured:
    return {"apiVersion": "v1", "kind": "DeleteOptions", **_present(**values)}
