"""Reads: one object, its subresources, lists and pages."""

import builtins
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, TypeVar, overload

from homeostat._transport import HttpRequest
from homeostat.api import (
    GroupVersionKind,
    Kind,
    Object,
    Resource,
    Unstructured,
)
from homeostat.client._calls import Calls
from homeostat.client._mapper import RESTMapper
from homeostat.client._objects import (
    decode_as,
    field_text,
    label_text,
    object_path,
    one_namespace,
    resource_text,
    selected_namespace,
)
from homeostat.client._pages import PAGE_SIZE, list_request, parse_page
from homeostat.client._types import (
    FieldsLike,
    LabelsLike,
    ListMatch,
    NamespaceLike,
    RawList,
)
from homeostat.errors import ExpiredError

__all__ = ["Reads"]

T = TypeVar("T", bound=Object)


class Reads:
    """The part of a ``Client`` that reads. Every read is live: it asks the server."""

    _calls: Calls
    _mapper: RESTMapper
    _namespace: str

    async def resource_for(self, kind: Kind) -> Resource:
        """Return how to reach a kind.

        Typed kinds know it themselves and built-in ones are in a table; any other is
        discovered, and discovered anew once when it is missing: a
        CustomResourceDefinition installed a moment ago is found.

        Raises:
            NotFoundError: The server does not serve the kind.
            TransportError: Discovery got no answer.
        """
        return await self._mapper.resource_for(kind)

    @overload
    async def get(
        self, kind: type[T], name: str, *, namespace: str | None = ...
    ) -> T: ...
    @overload
    async def get(
        self, kind: GroupVersionKind, name: str, *, namespace: str | None = ...
    ) -> Unstructured: ...
    async def get(self, kind: Kind, name: str, *, namespace: str | None = None) -> Any:
        """Return one object.

        Args:
            kind: A class gives an object of it, a GroupVersionKind plain dicts.
            name: Name of the object.
            namespace: None for the client's own; a cluster-scoped kind takes none.

        Raises:
            NotFoundError: There is no such object.
            InvalidObjectError: The type cannot hold it.
        """
        resource = await self.resource_for(kind)
        attempted = self._attempted("get", resource, namespace, name)
        return decode_as(
            kind, await self.get_raw(resource, name, namespace=namespace), attempted
        )

    async def get_raw(
        self,
        resource: Resource,
        name: str,
        *,
        namespace: str | None = None,
        subresource: str = "",
    ) -> bytes:
        """Return one object, or a subresource of it, as the server's bytes."""
        place = one_namespace(resource, namespace, "", self._namespace)
        path = object_path(resource, place, name, subresource)
        response = await self._calls.read(
            HttpRequest(method="GET", path=path),
            attempted=self._attempted("get", resource, namespace, name, subresource),
            resource=resource_text(resource),
        )
        return response.body

    async def list_page(  # noqa: PLR0913  # a list's options, all keyword-only
        self,
        resource: Resource,
        *,
        namespace: str = "",
        labels: str = "",
        fields: str = "",
        limit: int = 0,
        continue_: str = "",
        resource_version: str = "",
        match: ListMatch = "",
        metadata_only: bool = False,
    ) -> RawList:
        """Return one page of a list, its objects as bytes.

        Args:
            resource: What to list.
            namespace: "" for all of them.
            labels: Label selector.
            fields: Field selector.
            limit: Most objects to return; 0 for all.
            continue_: Token of the page before.
            resource_version: Which state, together with ``match``; "" for the latest.
            match: How ``resource_version`` is meant.
            metadata_only: Ask for PartialObjectMetadata: no spec, no status.

        Raises:
            ExpiredError: The continue token or the resourceVersion is too old.
            TransportError: No answer, or one that is no list.
        """
        attempted = f"list {resource.gvr} {namespace}".rstrip()
        request = list_request(
            resource,
            namespace=namespace,
            metadata_only=metadata_only,
            options={
                "labelSelector": labels,
                "fieldSelector": fields,
                "limit": str(limit or ""),
                "continue": continue_,
                "resourceVersion": resource_version,
                "resourceVersionMatch": match,
            },
        )
        response = await self._calls.read(
            request, attempted=attempted, resource=resource_text(resource)
        )
        return parse_page(response.body, attempted)

    @overload
    async def list(
        self,
        kind: type[T],
        *,
        namespace: NamespaceLike = ...,
        labels: LabelsLike = ...,
        fields: FieldsLike = ...,
        limit: int | None = ...,
    ) -> builtins.list[T]: ...
    @overload
    async def list(
        self,
        kind: GroupVersionKind,
        *,
        namespace: NamespaceLike = ...,
        labels: LabelsLike = ...,
        fields: FieldsLike = ...,
        limit: int | None = ...,
    ) -> builtins.list[Unstructured]: ...
    async def list(
        self,
        kind: Kind,
        *,
        namespace: NamespaceLike = None,
        labels: LabelsLike = None,
        fields: FieldsLike = None,
        limit: int | None = None,
    ) -> builtins.list[Any]:
        """Return all objects of a kind, of one state of the cluster.

        Pages of 500 are read one after the other. When their state expires in between,
        everything is read anew in one request, as client-go's pager does.

        Args:
            kind: A class gives objects of it, a GroupVersionKind plain dicts.
            namespace: None for the client's own, ``ALL`` for all of them.
            labels: Which labels objects must have.
            fields: Which fields objects must have; servers know few of them.
            limit: Most objects to return.

        Raises:
            InvalidObjectError: The type cannot hold one of them.
        """
        resource = await self.resource_for(kind)
        pages = self._raw_pages(resource, namespace, labels, fields, limit)
        found: builtins.list[bytes] = []
        try:
            async with aclosing(pages):
                async for page in pages:
                    found += page.items
        except ExpiredError:
            if not found:
                raise
            page = await self.list_page(
                resource,
                namespace=selected_namespace(resource, namespace, self._namespace),
                labels=label_text(labels),
                fields=field_text(fields),
            )
            found = page.items[:limit]
        attempted = f"list {resource.gvr}"
        return [decode_as(kind, item, attempted) for item in found]

    @overload
    def iterate(
        self,
        kind: type[T],
        *,
        namespace: NamespaceLike = ...,
        labels: LabelsLike = ...,
        fields: FieldsLike = ...,
        limit: int | None = ...,
    ) -> AsyncGenerator[T]: ...
    @overload
    def iterate(
        self,
        kind: GroupVersionKind,
        *,
        namespace: NamespaceLike = ...,
        labels: LabelsLike = ...,
        fields: FieldsLike = ...,
        limit: int | None = ...,
    ) -> AsyncGenerator[Unstructured]: ...
    async def iterate(
        self,
        kind: Kind,
        *,
        namespace: NamespaceLike = None,
        labels: LabelsLike = None,
        fields: FieldsLike = None,
        limit: int | None = None,
    ) -> AsyncGenerator[Any]:
        """Iterate over the objects of a kind, holding one page of 500 at a time.

        As ``list``, but what was handed out cannot be taken back: when the state
        expires between two pages, ExpiredError is raised.
        """
        resource = await self.resource_for(kind)
        attempted = f"list {resource.gvr}"
        pages = self._raw_pages(resource, namespace, labels, fields, limit)
        async with aclosing(pages):
            async for page in pages:
                for item in page.items:
                    yield decode_as(kind, item, attempted)

    async def _raw_pages(
        self,
        resource: Resource,
        namespace: NamespaceLike,
        labels: LabelsLike,
        fields: FieldsLike,
        limit: int | None,
    ) -> AsyncGenerator[RawList]:
        place = selected_namespace(resource, namespace, self._namespace)
        left = limit
        continue_ = ""
        while left is None or left > 0:
            page = await self.list_page(
                resource,
                namespace=place,
                labels=label_text(labels),
                fields=field_text(fields),
                limit=PAGE_SIZE if left is None else min(PAGE_SIZE, left),
                continue_=continue_,
            )
            if left is not None:
                # A server may ignore the limit.
                del page.items[left:]
                left -= len(page.items)
            yield page
            continue_ = page.continue_
            if not continue_:
                return

    def _attempted(
        self,
        verb: str,
        resource: Resource,
        namespace: str | None,
        name: str,
        subresource: str = "",
    ) -> str:
        place = self._namespace if namespace is None else namespace
        target = f"{place}/{name}" if resource.namespaced and place else name
        what = resource_text(resource)
        if subresource:
            what = f"{what}/{subresource}"
        return f"{verb} {what} {target}"
