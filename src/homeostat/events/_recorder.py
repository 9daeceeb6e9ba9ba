"""Records events for objects, without ever holding anybody up."""

import asyncio
import logging
from datetime import datetime
from typing import Final, final

from homeostat._clock import Clock, SystemClock
from homeostat._metrics import NO_METRICS, Metrics
from homeostat._random import Random
from homeostat.api import GroupVersionKind, Object, Unstructured
from homeostat.client import Client
from homeostat.errors import ApiError, NotFoundError, TransportError
from homeostat.events._correlator import Correlator, Entry
from homeostat.events._occurrence import EventType, Occurrence, Recorded, reference_to

__all__ = ["EventRecorder"]

logger = logging.getLogger(__name__)

EVENT: Final = GroupVersionKind("", "v1", "Event")
QUEUE_SIZE: Final = 1000
MAX_TRIES: Final = 12
RETRY_DELAY: Final = 10.0  # seconds; the first one is drawn, so that clients spread
MAX_WORD: Final = 128  # characters of reason, action and instance; the server's limits
MAX_MESSAGE: Final = 1024


@final
class EventRecorder:
    """Writes what happened to objects as Events, that ``kubectl describe`` shows.

    ``event`` never waits and never raises for the server's sake. Events are delivered
    in order by ``run``; those that find the queue full are dropped and counted. Only a
    server that does not answer is tried again, twelve times; events that it refuses are
    logged and given up.

    Each is written by ``v1`` with the fields of both APIs: readers of ``v1`` and of
    ``events.k8s.io/v1`` find its source, its times and its series.

    Args:
        client: Where to write.
        component: Who reports, as ``podset-controller``: a qualified name.
        instance: Which process of it; the component when left out.
        clock: Wall time.
        random: For the spread of retries.
        metrics: Where figures go.
        queue_size: How many events may wait.

    Attributes:
        dropped: How many found the queue full.
    """

    def __init__(
        self,
        client: Client,
        *,
        component: str,
        instance: str = "",
        clock: Clock | None = None,
        random: Random | None = None,
        metrics: Metrics = NO_METRICS,
        queue_size: int = QUEUE_SIZE,
    ) -> None:
        self._client = client
        self._component = component
        self._instance = (instance or component)[:MAX_WORD]
        self._clock = clock or SystemClock()
        self._random = random or Random()
        self._metrics = metrics
        self._correlator = Correlator(component)
        self._queue: asyncio.Queue[Occurrence] = asyncio.Queue(queue_size)
        self.dropped: int = 0

    def event(
        self,
        obj: Object | Unstructured | Recorded,
        type: EventType,  # noqa: A002  # the API's own word
        reason: str,
        message: str,
        *,
        action: str = "",
        related: Object | Unstructured | Recorded | None = None,
    ) -> None:
        """Have an event recorded.

        Args:
            obj: The object that it happened to: typed, as dicts, or a cache's record.
            type: ``Normal``, or ``Warning`` when somebody should look.
            reason: Why, in one word as ``FailedCreate``.
            message: What, for people.
            action: What was done, in one word; the reason when left out.
            related: Another object that took part.

        Raises:
            ValueError: The object has no kind or no name, or there is no reason.
        """
        if not reason:
            raise ValueError("an event needs a reason, one word as FailedCreate")
        occurrence = Occurrence(
            regarding=reference_to(obj),
            type=type,
            reason=reason[:MAX_WORD],
            message=message,
            action=(action or reason)[:MAX_WORD],
            at=self._clock.now(),
            related=None if related is None else reference_to(related),
        )
        try:
            self._queue.put_nowait(occurrence)
        except asyncio.QueueFull:
            self.dropped += 1
            self._metrics.count("events_dropped_total", component=self._component)
            if self.dropped == 1:
                logger.warning(
                    "events are dropped: %d wait for the server", self._queue.qsize()
                )

    async def run(self) -> None:
        """Deliver events until cancelled.

        Cancellation: events that wait are not written; wait for ``drained`` first.
        """
        while True:
            occurrence = await self._queue.get()
            try:
                entry = self._correlator.observe(occurrence)
                if entry is not None:
                    await self._deliver(entry)
            finally:
                self._queue.task_done()

    async def drained(self) -> None:
        """Wait until every event so far was delivered or given up."""
        await self._queue.join()

    async def _deliver(self, entry: Entry) -> None:
        for tries in range(1, MAX_TRIES + 1):
            try:
                await self._write(entry)
            except ApiError as error:
                _log_refusal(entry, error)
                return
            except TransportError as error:
                logger.debug("event %s: %s", entry.name, error)
                if tries == MAX_TRIES:
                    logger.error(
                        "event %s is given up after %d tries: %s",
                        entry.name,
                        tries,
                        error,
                    )
                    return
            else:
                return
            first = self._random.uniform(0.0, RETRY_DELAY)
            await asyncio.sleep(first if tries == 1 else RETRY_DELAY)

    async def _write(self, entry: Entry) -> None:
        namespace = entry.occurrence.regarding.namespace or "default"
        if entry.exists:
            try:
                await self._client.patch(
                    EVENT,
                    entry.name,
                    _progress(entry),
                    namespace=namespace,
                    field_manager=self._component,
                )
            except NotFoundError:
                pass  # its time to live is over, or its first write was lost
            else:
                return
        await self._client.create(
            self._document(entry, namespace),
            namespace=namespace,
            field_manager=self._component,
        )

    def _document(self, entry: Entry, namespace: str) -> Unstructured:
        occurrence = entry.occurrence
        document: Unstructured = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": entry.name, "namespace": namespace},
            "involvedObject": occurrence.regarding.wire,
            "reason": occurrence.reason,
            "type": occurrence.type,
            "action": occurrence.action,
            "source": {"component": self._component},
            "firstTimestamp": _seconds(entry.first),
            "eventTime": _micros(entry.first),
            "reportingComponent": self._component,
            "reportingInstance": self._instance,
            **_progress(entry),
        }
        if occurrence.related is not None:
            document["related"] = occurrence.related.wire
        return document


def _progress(entry: Entry) -> Unstructured:
    """Return the fields that change from one occurrence to the next."""
    at = entry.occurrence.at
    fields: Unstructured = {
        "message": entry.occurrence.message[:MAX_MESSAGE],
        "count": entry.count,
        "lastTimestamp": _seconds(at),
    }
    if entry.count > 1:
        fields["series"] = {"count": entry.count, "lastObservedTime": _micros(at)}
    return fields


def _log_refusal(entry: Entry, error: ApiError) -> None:
    expected = error.is_namespace_terminating or error.reason == "AlreadyExists"
    level = logging.DEBUG if expected else logging.ERROR
    logger.log(level, "event %s was refused: %s", entry.name, error)


def _seconds(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _micros(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
