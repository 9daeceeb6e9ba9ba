"""Watches: as undecoded lines, and as typed events."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import Any, Literal, TypeVar, overload

import msgspec

from homeostat.api import GroupVersionKind, Kind, Object, Resource, Unstructured
from homeostat.client._lines import (
    Envelope,
    bookmark_version,
    error_event,
    read_lines,
)
from homeostat.client._objects import (
    decode_as,
    field_text,
    label_text,
    selected_namespace,
)
from homeostat.client._pages import watch_request
from homeostat.client._reads import Reads
from homeostat.client._types import (
    Bookmark,
    FieldsLike,
    LabelsLike,
    NamespaceLike,
    WatchEvent,
)
from homeostat.errors import TransportError

__all__ = ["Watches"]

T = TypeVar("T", bound=Object)


class Watches(Reads):
    """The part of a ``Client`` that watches."""

    @asynccontextmanager
    async def watch_raw(  # noqa: PLR0913  # a watch's options, all keyword-only
        self,
        resource: Resource,
        *,
        namespace: str = "",
        labels: str = "",
        fields: str = "",
        resource_version: str = "",
        bookmarks: bool = True,
        initial_events: bool = False,
        timeout_seconds: int = 290,
        metadata_only: bool = False,
    ) -> AsyncGenerator[AsyncIterator[list[bytes]]]:
        """Open a watch whose events stay undecoded lines.

        The iterator gives as many lines at once as have arrived, at least one. It ends
        when the server ends the watch cleanly. ERROR events are lines like any other. A
        connection that cannot be made is not tried again.

        Args:
            resource: What to watch.
            namespace: "" for all of them.
            labels: Label selector.
            fields: Field selector.
            resource_version: Events after it; "" for synthetic events of what is there.
            bookmarks: Ask for bookmarks.
            initial_events: Ask for WatchList: all objects, a marked bookmark, then
                events. Servers before 1.32 may refuse it with a 422.
            timeout_seconds: When the server shall end the watch.
            metadata_only: Ask for PartialObjectMetadata: no spec, no status.

        Raises:
            ApiError: The server refused the watch.
            TransportError: The connection could not be made; while iterating: it broke,
                or the stream ended inside a line.
        """
        request = watch_request(
            resource,
            namespace=namespace,
            metadata_only=metadata_only,
            options={
                "labelSelector": labels,
                "fieldSelector": fields,
                "resourceVersion": resource_version,
                "allowWatchBookmarks": "true" if bookmarks else "",
                "sendInitialEvents": "true" if initial_events else "",
                "resourceVersionMatch": "NotOlderThan" if initial_events else "",
                "timeoutSeconds": str(timeout_seconds or ""),
            },
        )
        attempted = f"watch {resource.gvr} {namespace}".rstrip()
        async with (
            self._calls.stream(
                request, attempted=attempted, resource=str(resource.gvr)
            ) as stream,
            aclosing(read_lines(stream)) as lines,
        ):
            yield lines

    @overload
    def watch(
        self,
        kind: type[T],
        *,
        namespace: NamespaceLike = ...,
        labels: LabelsLike = ...,
        fields: FieldsLike = ...,
        resource_version: str = ...,
        bookmarks: Literal[False] = ...,
    ) -> AbstractAsyncContextManager[AsyncIterator[WatchEvent[T]]]: ...
    @overload
    def watch(
        self,
        kind: GroupVersionKind,
        *,
        namespace: NamespaceLike = ...,
        labels: LabelsLike = ...,
        fields: FieldsLike = ...,
        resource_version: str = ...,
        bookmarks: Literal[False] = ...,
    ) -> AbstractAsyncContextManager[AsyncIterator[WatchEvent[Unstructured]]]: ...
    @overload
    def watch(
        self,
        kind: type[T],
        *,
        namespace: NamespaceLike = ...,
        labels: LabelsLike = ...,
        fields: FieldsLike = ...,
        resource_version: str = ...,
        bookmarks: Literal[True],
        initial_events: bool = ...,
    ) -> AbstractAsyncContextManager[AsyncIterator[WatchEvent[T] | Bookmark]]: ...
    @overload
    def watch(
        self,
        kind: GroupVersionKind,
        *,
        namespace: NamespaceLike = ...,
        labels: LabelsLike = ...,
        fields: FieldsLike = ...,
        resource_version: str = ...,
        bookmarks: Literal[True],
        initial_events: bool = ...,
    ) -> AbstractAsyncContextManager[
        AsyncIterator[WatchEvent[Unstructured] | Bookmark]
    ]: ...
    @asynccontextmanager
    async def watch(  # a watch's options, all keyword-only
        self,
        kind: Kind,
        *,
        namespace: NamespaceLike = None,
        labels: LabelsLike = None,
        fields: FieldsLike = None,
        resource_version: str = "",
        bookmarks: bool = False,
        initial_events: bool = False,
    ) -> AsyncGenerator[AsyncIterator[Any]]:
        """Watch the objects of a kind, once: the server ends it after some minutes.

        What survives expiry, broken connections and restarts is an Informer.

        Args:
            kind: A class gives objects of it, a GroupVersionKind plain dicts.
            namespace: None for the client's own, ``ALL`` for all of them.
            labels: Which labels objects must have.
            fields: Which fields objects must have; servers know few of them.
            resource_version: Events after it; "" begins with what is there.
            bookmarks: Yield a ``Bookmark`` now and then.
            initial_events: Begin with all objects and a bookmark that ends them.

        Raises:
            ApiError: The server refused the watch, or sent an ERROR event, as
                ExpiredError when ``resource_version`` is too old.
            TransportError: The connection broke.
            InvalidObjectError: The type cannot hold an object.
        """
        resource = await self.resource_for(kind)
        place = selected_namespace(resource, namespace, self._namespace)
        attempted = f"watch {resource.gvr} {place}".rstrip()
        async with (
            self.watch_raw(
                resource,
                namespace=place,
                labels=label_text(labels),
                fields=field_text(fields),
                resource_version=resource_version,
                bookmarks=bookmarks,
                initial_events=initial_events,
            ) as lines,
            aclosing(_events(kind, lines, attempted)) as events,
        ):
            yield events


async def _events(
    kind: Kind, arrivals: AsyncIterator[list[bytes]], attempted: str
) -> AsyncGenerator[WatchEvent[Any] | Bookmark]:
    async for lines in arrivals:
        for line in lines:
            try:
                event = _envelope.decode(line)
            except msgspec.DecodeError as error:
                raise TransportError(f"{attempted}: no watch event: {error}") from error
            if event.type == "ERROR":
                raise error_event(event.object, attempted=attempted)
            if event.type == "BOOKMARK":
                yield Bookmark(*bookmark_version(event.object))
            elif event.type in {"ADDED", "MODIFIED", "DELETED"}:
                obj = decode_as(kind, bytes(event.object), attempted)
                yield WatchEvent(event.type, obj)  # type: ignore[arg-type]  # narrowed


_envelope = msgspec.json.Decoder(Envelope)
