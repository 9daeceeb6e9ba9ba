"""Subresources: scale, and any other whose body is of a kind of its own."""

from typing import Unpack

from homeostat.api import Kind, Object, Unstructured, encode, kind_of
from homeostat.client._deletes import Deletes
from homeostat.client._objects import (
    object_path,
    one_namespace,
    parse_document,
    scale_of,
)
from homeostat.client._types import Scale, WriteOptions
from homeostat.client._writes import write_of

__all__ = ["Subresources"]


class Subresources(Deletes):
    """The part of a ``Client`` for subresources of other kinds than their object."""

    async def get_subresource(
        self, kind: Kind, name: str, subresource: str, *, namespace: str | None = None
    ) -> Unstructured:
        """Return a subresource as plain dicts, whatever kind the server gives it."""
        resource = await self.resource_for(kind)
        body = await self.get_raw(
            resource, name, namespace=namespace, subresource=subresource
        )
        return parse_document(
            body, self._attempted("get", resource, namespace, name, subresource)
        )

    async def get_scale(
        self, kind: Kind, name: str, *, namespace: str | None = None
    ) -> Scale:
        """Return the scale of one object.

        Raises:
            NotFoundError: No such object, or its kind cannot be scaled.
        """
        document = await self.get_subresource(kind, name, "scale", namespace=namespace)
        return scale_of(document, f"get scale of {kind_of(kind)} {name}")

    async def create_subresource(
        self,
        kind: Kind,
        name: str,
        subresource: str,
        body: Object | Unstructured,
        *,
        namespace: str | None = None,
        **options: Unpack[WriteOptions],
    ) -> Unstructured:
        """Post to a subresource, as ``binding``, ``eviction`` or ``token``.

        Args:
            kind: Kind of the object that has the subresource.
            name: Name of that object.
            subresource: Last part of the path.
            body: What to post; its kind is the subresource's own.
            namespace: None for the client's own.
            **options: See ``WriteOptions``.

        Returns:
            The server's answer: what was made, or a Status.
        """
        resource = await self.resource_for(kind)
        place = one_namespace(resource, namespace, "", self._namespace)
        write = write_of(
            "create", resource, place, name, subresource, body=body, options=options
        )
        answer = await self._send(
            write,
            method="POST",
            path=object_path(resource, place, name, subresource),
            payload=encode(body),
            query=self._query(options),
        )
        return parse_document(answer, str(write))

    async def set_scale(
        self,
        kind: Kind,
        name: str,
        replicas: int,
        *,
        namespace: str | None = None,
        resource_version: str | None = None,
        **options: Unpack[WriteOptions],
    ) -> Scale:
        """Set how many replicas are wanted, by the scale subresource.

        Args:
            kind: Kind of what is scaled.
            name: Its name.
            replicas: How many are wanted.
            namespace: None for the client's own.
            resource_version: Only when the object is at this version.
            **options: See ``WriteOptions``.

        Raises:
            ConflictError: The object is at another version.
        """
        patch: Unstructured = {"spec": {"replicas": replicas}}
        if resource_version:
            patch["metadata"] = {"resourceVersion": resource_version}
        document = await self.patch(
            kind_of(kind),
            name,
            patch,
            namespace=namespace,
            subresource="scale",
            **options,
        )
        return scale_of(document, f"set scale of {kind_of(kind)} {name}")
