"""Writes: each under the scope of its caller, each told to observers."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, Unpack, overload

import msgspec

from homeostat._scope import Write, WriteVerb, current_scope
from homeostat._transport import HttpRequest
from homeostat.api import (
    JSON,
    GroupVersionKind,
    Kind,
    Object,
    Resource,
    Unstructured,
    encode,
    kind_of,
    to_dict,
)
from homeostat.client._merge import merged_update
from homeostat.client._objects import (
    decode_as,
    identity,
    object_path,
    one_namespace,
)
from homeostat.client._types import (
    PatchType,
    WriteOptions,
)
from homeostat.client._watches import Watches

__all__ = ["Writes", "write_of"]

T = TypeVar("T", bound=Object)

_PATCH_MEDIA_TYPES: Mapping[PatchType, str] = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}


class Writes(Watches):
    """The part of a ``Client`` that writes.

    Every write carries the current ``WriteScope``. Its observers and the client's learn
    of it before it is sent, and once more of what became of it.
    """

    _field_manager: str

    @overload
    async def create(
        self,
        obj: T,
        *,
        namespace: str | None = ...,
        **options: Unpack[WriteOptions],
    ) -> T: ...
    @overload
    async def create(
        self,
        obj: Unstructured,
        *,
        namespace: str | None = ...,
        **options: Unpack[WriteOptions],
    ) -> Unstructured: ...
    async def create(
        self,
        obj: Object | Unstructured,
        *,
        namespace: str | None = None,
        **options: Unpack[WriteOptions],
    ) -> Any:
        """Create an object and return it as the server stored it.

        Args:
            obj: A typed object or plain dicts; ``metadata.generateName`` in place of a
                name lets the server choose one.
            namespace: Where, when the object does not say; None for the client's own.
            **options: See ``WriteOptions``.

        Raises:
            AlreadyExistsError: The name is taken.
            InvalidError: The object breaks its schema or a rule.
            OutcomeUnknownError: Sent, but no answer came back.
        """
        resource, place = await self._target(obj, namespace)
        _, name, _, _ = identity(obj)
        body = await self._send(
            write_of("create", resource, place, name, body=obj, options=options),
            method="POST",
            path=resource.path(place),
            payload=encode(obj),
            query=self._query(options),
        )
        return _answer(obj, body, resource)

    @overload
    async def update(
        self,
        obj: T,
        *,
        namespace: str | None = ...,
        subresource: str = ...,
        **options: Unpack[WriteOptions],
    ) -> T: ...
    @overload
    async def update(
        self,
        obj: Unstructured,
        *,
        namespace: str | None = ...,
        subresource: str = ...,
        **options: Unpack[WriteOptions],
    ) -> Unstructured: ...
    async def update(
        self,
        obj: Object | Unstructured,
        *,
        namespace: str | None = None,
        subresource: str = "",
        **options: Unpack[WriteOptions],
    ) -> Any:
        """Replace an object and return it as the server stored it.

        Plain dicts are sent as they are. A typed object is never sent alone, for its
        type may not know all fields: the object is read live, and sent with the typed
        changes laid over it.

        Args:
            obj: The object; its ``resourceVersion`` makes the write conditional.
            namespace: Where, when the object does not say; None for the client's own.
            subresource: ``status`` to replace the status alone.
            **options: See ``WriteOptions``.

        Raises:
            ConflictError: The object has changed since its ``resourceVersion``.
            NotFoundError: There is no such object.
            OutcomeUnknownError: Sent, but no answer came back.
        """
        resource, place = await self._target(obj, namespace)
        _, name, uid, _ = identity(obj)
        if isinstance(obj, dict):
            document: Unstructured = obj
        else:
            live = await self.get_raw(
                resource, name, namespace=place if resource.namespaced else None
            )
            document = merged_update(resource, obj, live)
        write = write_of(
            "update",
            resource,
            place,
            name,
            subresource,
            uid=uid,
            body=document,
            options=options,
        )
        body = await self._send(
            write,
            method="PUT",
            path=object_path(resource, place, name, subresource),
            payload=encode(document),
            query=self._query(options),
        )
        return _answer(obj, body, resource)

    @overload
    async def patch(
        self,
        kind: type[T],
        name: str,
        patch: Mapping[str, JSON] | Sequence[Mapping[str, JSON]] | bytes,
        *,
        namespace: str | None = ...,
        type: PatchType = ...,
        subresource: str = ...,
        **options: Unpack[WriteOptions],
    ) -> T: ...
    @overload
    async def patch(
        self,
        kind: GroupVersionKind,
        name: str,
        patch: Mapping[str, JSON] | Sequence[Mapping[str, JSON]] | bytes,
        *,
        namespace: str | None = ...,
        type: PatchType = ...,
        subresource: str = ...,
        **options: Unpack[WriteOptions],
    ) -> Unstructured: ...
    async def patch(
        self,
        kind: Kind,
        name: str,
        patch: Mapping[str, JSON] | Sequence[Mapping[str, JSON]] | bytes,
        *,
        namespace: str | None = None,
        type: PatchType = "merge",  # noqa: A002  # the API's own word
        subresource: str = "",
        **options: Unpack[WriteOptions],
    ) -> Any:
        """Patch an object and return it as the server stored it.

        Args:
            kind: A class gives an object of it, a GroupVersionKind plain dicts; name
                the latter for a subresource of another kind, as ``scale``.
            name: Name of the object.
            patch: The patch; a ``resourceVersion`` or a ``uid`` in a merge patch's
                metadata are preconditions.
            namespace: None for the client's own.
            type: ``merge`` (RFC 7386), ``json`` (RFC 6902), or ``strategic``, which
                built-in kinds alone understand.
            subresource: As ``status``.
            **options: See ``WriteOptions``.

        Raises:
            NotFoundError: There is no such object.
            OutcomeUnknownError: Sent, but no answer came back.
        """
        resource = await self.resource_for(kind)
        place = one_namespace(resource, namespace, "", self._namespace)
        write = write_of(
            "patch",
            resource,
            place,
            name,
            subresource,
            uid=identity(dict(patch))[2] if isinstance(patch, Mapping) else "",
            body=None if isinstance(patch, bytes) else patch,
            options=options,
        )
        body = await self._send(
            write,
            method="PATCH",
            path=object_path(resource, place, name, subresource),
            payload=patch if isinstance(patch, bytes) else msgspec.json.encode(patch),
            content_type=_PATCH_MEDIA_TYPES[type],
            query=self._query(options),
        )
        return decode_as(kind, body, str(write))

    @overload
    async def apply(
        self,
        obj: T,
        *,
        namespace: str | None = ...,
        force: bool = ...,
        subresource: str = ...,
        **options: Unpack[WriteOptions],
    ) -> T: ...
    @overload
    async def apply(
        self,
        obj: Unstructured,
        *,
        namespace: str | None = ...,
        force: bool = ...,
        subresource: str = ...,
        **options: Unpack[WriteOptions],
    ) -> Unstructured: ...
    async def apply(
        self,
        obj: Object | Unstructured,
        *,
        namespace: str | None = None,
        force: bool = False,
        subresource: str = "",
        **options: Unpack[WriteOptions],
    ) -> Any:
        """Apply an object (server-side apply) and return it as the server stored it.

        Args:
            obj: The fields to own, and no others: what an earlier apply of the same
                field manager owned and this one leaves out is removed.
            namespace: Where, when the object does not say; None for the client's own.
            force: Take fields that other managers own.
            subresource: ``status`` to apply the status alone.
            **options: See ``WriteOptions``.

        Raises:
            ConflictError: Another manager owns a field with another value, and
                ``force`` is off; ``is_field_manager_conflict`` says so.
            OutcomeUnknownError: Sent, but no answer came back.
        """
        resource, place = await self._target(obj, namespace)
        _, name, uid, _ = identity(obj)
        write = write_of(
            "apply",
            resource,
            place,
            name,
            subresource,
            uid=uid,
            body=obj if isinstance(obj, dict) else to_dict(obj),
            options=options,
        )
        query = self._query(options)
        if force:
            query = (*query, ("force", "true"))
        body = await self._send(
            write,
            method="PATCH",
            path=object_path(resource, place, name, subresource),
            payload=encode(obj),
            # JSON is YAML: the one media type that every server knows.
            content_type="application/apply-patch+yaml",
            query=query,
        )
        return _answer(obj, body, resource)

    async def _target(
        self, obj: Object | Unstructured, namespace: str | None
    ) -> tuple[Resource, str]:
        kind = kind_of(obj) if isinstance(obj, dict) else type(obj)
        resource = await self.resource_for(kind)
        own, _, _, _ = identity(obj)
        return resource, one_namespace(resource, namespace, own, self._namespace)

    async def _send(
        self,
        write: Write,
        *,
        method: str,
        path: str,
        payload: bytes,
        query: tuple[tuple[str, str], ...] = (),
        content_type: str = "application/json",
    ) -> bytes:
        request = HttpRequest(
            method=method,
            path=path,
            query=query,
            headers={"content-type": content_type},
            body=payload,
        )
        response = await self._calls.write(request, write)
        return response.body

    def _query(self, options: WriteOptions) -> tuple[tuple[str, str], ...]:
        manager = options.get("field_manager") or current_scope().controller
        pairs = (
            ("fieldManager", manager or self._field_manager),
            ("fieldValidation", options.get("field_validation") or ""),
            ("dryRun", "All" if options.get("dry_run") else ""),
        )
        return tuple(pair for pair in pairs if pair[1])


def write_of(  # noqa: PLR0913  # one Write has this many parts
    verb: WriteVerb,
    resource: Resource,
    namespace: str,
    name: str,
    subresource: str = "",
    *,
    uid: str = "",
    body: object,
    options: WriteOptions,
) -> Write:
    """Return the account of a write that observers get."""
    return Write(
        verb=verb,
        group=resource.gvk.group,
        version=resource.gvk.version,
        resource=resource.plural,
        namespace=namespace,
        name=name,
        subresource=subresource,
        uid=uid,
        dry_run=options.get("dry_run", False),
        body=to_dict(body) if isinstance(body, Object) else body,
    )


def _answer(
    obj: Object | Unstructured, body: bytes, resource: Resource
) -> Object | Unstructured:
    """Return the server's answer as what was sent: typed, or plain dicts."""
    kind = resource.gvk if isinstance(obj, dict) else type(obj)
    answer: Object | Unstructured = decode_as(kind, body, f"read {resource.gvr}")
    return answer
