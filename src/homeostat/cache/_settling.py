"""Finds out what a write did whose answer did not tell."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar, cast, final

from homeostat._random import Random
from homeostat._scope import Write
from homeostat.api import Resource, Unstructured
from homeostat.cache._informer import Informer
from homeostat.cache._live import LiveReads
from homeostat.cache._owners import current_owner
from homeostat.cache._places import Hidden, known_of, merge, places_of
from homeostat.errors import (
    ApiError,
    InvalidObjectError,
    NotFoundError,
    TransportError,
)

__all__ = ["Settling", "names"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

_RETRY_BASE = 0.1  # seconds
_RETRY_CAP = 30.0


@final
class Settling:
    """Reads live what writes are about, and takes what it finds into the caches.

    What the caches hold, or owe to the key of the write, then is at least as new as the
    write, save where the server refuses to say. A write that reaches the server only
    after the read, held up somewhere on its way, is seen by the watch alone: prefer
    names that a second try would take again.

    It runs in the writer's context.

    Args:
        informers: Gives the informers that there are.
        live: For the live reads.
        random: For the spread of retries.
    """

    __slots__ = ("_informers", "_live", "_random")

    def __init__(
        self,
        informers: Callable[[], Sequence[Informer[Any]]],
        live: LiveReads,
        random: Random,
    ) -> None:
        self._informers = informers
        self._live = live
        self._random = random

    async def settle(self, write: Write, delete: Hidden | None) -> None:
        """Read live what a write is about, until there is an answer.

        Args:
            write: Without a name it is one of objects that have none that is known.
            delete: What is hidden for it.

        Cancellation: what is hidden stays hidden until the stream says more.
        """
        if not write.name:
            await self._settle_unnamed(write)
            return
        places = places_of(self._informers(), write)
        # Each version in which the kind is watched, once.
        resources = dict.fromkeys(informer.resource for informer, _ in places)
        for resource in resources:
            assert resource is not None  # else it has no place
            await self._settle_named(resource, write, delete)

    async def _settle_named(
        self, resource: Resource, write: Write, delete: Hidden | None
    ) -> None:
        known, owner = known_of(self._informers(), write), current_owner()
        try:
            record = await self._until_answered(
                write, lambda: self._live.get(resource, write.namespace, write.name)
            )
        except ApiError as error:
            gone = names(error, write.name)
            if delete is not None:
                delete.answered(gone=gone, owner=owner)
            elif gone:
                # Uids do not come again: what was here before the question is gone.
                known.gone(owner)
        else:
            if delete is not None:
                delete.still_there(record)
            merge(self._informers(), record, "live", write=write, owner=owner)

    async def _settle_unnamed(self, write: Write) -> None:
        """List where an object may have been made, or where all were deleted."""
        labels = _labels_of(write) if write.verb == "create" else ""
        for informer, stream in places_of(self._informers(), write):
            listing = partial(
                self._live.confirm, informer, stream, write.namespace, labels
            )
            with suppress(ApiError):
                await self._until_answered(write, listing)

    async def _until_answered(self, write: Write, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask until the server says something.

        Raises:
            ApiError: It has no such object, or will not tell.
        """
        delay = _RETRY_BASE
        while True:
            try:
                return await ask()
            except (ApiError, TransportError, InvalidObjectError) as error:
                if names(error, write.name):
                    raise
                if isinstance(error, ApiError) and error.code < 429:
                    logger.warning(
                        "%s: its outcome is unknown and cannot be looked up: %s; "
                        "the watch will tell",
                        write,
                        error.message[:256],
                    )
                    raise
                wait = error.retry_after if isinstance(error, ApiError) else None
            await asyncio.sleep(self._random.jitter(wait or delay, 0.5))
            delay = min(_RETRY_CAP, delay * 2)


def names(error: Exception, name: str) -> bool:
    """Return whether a 404 is about the object, not its kind or its namespace."""
    return isinstance(error, NotFoundError) and error.details.get("name") == name


def _labels_of(write: Write) -> str:
    """Return the labels of what was sent, as a selector."""
    document: Any = write.body
    if not isinstance(document, dict):
        return ""
    body = cast("Unstructured", document)
    metadata: Unstructured = body.get("metadata") or {}
    labels: dict[str, str] = metadata.get("labels") or {}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
