"""One connection to the server: bytes in, requests answered in turn, bytes out."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias, cast, final

from homeostat._guard import Failed, call_async
from homeostat._transport import HttpRequest, HttpResponse, HttpStream
from homeostat.apiserver._authn import certificate_user
from homeostat.apiserver._decode import MAX_BODY_BYTES
from homeostat.apiserver._http_chunks import ChunkError
from homeostat.apiserver._http_head import Head, HttpError
from homeostat.apiserver._http_read import RequestReader
from homeostat.apiserver._http_write import (
    CONTINUE,
    LAST_CHUNK,
    chunk,
    refusal,
    stream_head,
    whole,
)
from homeostat.apiserver._in_process import WholeAnswer
from homeostat.apiserver._patience import Patience
from homeostat.apiserver._render import status_response
from homeostat.apiserver._server import ApiServer
from homeostat.apiserver._status import StatusError, timed_out
from homeostat.apiserver._users import User
from homeostat.errors import TransportError

if TYPE_CHECKING:
    from homeostat.apiserver._websocket import FrameReader

__all__ = ["Connection", "Service"]

logger = logging.getLogger(__name__)

# As kube-apiserver configures it: how long a client may take to say what it wants, how
# long a connection may be idle, and how long the body of a request may take.
FIRST_SECONDS: Final = 32.0
IDLE_SECONDS: Final = 90.0
BODY_SECONDS: Final = 60.0
# How long what a client still sends is thrown away, so that it reads its answer: to
# close before would reset the connection. As Go's server.
LINGER_SECONDS: Final = 0.5
# How long the client of a WebSocket may take to agree that it is over.
AGREE_SECONDS: Final = 10.0

# What may come while a request is answered; beyond that the client has to wait.
_READ_AHEAD_BYTES: Final = 256 * 1024

# Waits for a request; has a part of its head; of its body; answers it; is to be closed.
_Stage: TypeAlias = Literal["idle", "head", "body", "busy", "over"]


class Service(Protocol):
    """What a connection belongs to."""

    server: ApiServer
    secure: bool
    closing: bool
    connections: "set[Connection]"

    def date(self) -> str:
        """Return the present time, as headers have it."""
        ...

    def start(self, coro: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task of a connection's."""
        ...


@final
class Connection(asyncio.Protocol):
    """Reads a request, answers it, and reads the next.

    Invariant: one request is answered at a time. What comes meanwhile waits in the
    reader, and when that is much, in the kernel. A task runs only for an answer that
    takes waiting.

    Args:
        service: What it belongs to.

    Attributes:
        task: What answers, while that takes waiting.
    """

    _transport: asyncio.Transport

    def __init__(self, service: Service) -> None:
        self._service = service
        self._server = service.server
        self._reader = RequestReader(MAX_BODY_BYTES)
        self._patience = Patience(self._late)
        self._certified: User | None = None
        self._stage: _Stage = "head"
        self._full = False  # of what the client does not take
        self._held = False  # nothing more is read
        self._room: asyncio.Future[None] | None = None
        self._frames: FrameReader | None = None
        self.task: asyncio.Task[None] | None = None

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note of whom the certificate of a client names, if it has shown one."""
        # Other loops' transports are no subclasses.
        self._transport = cast("asyncio.Transport", transport)
        if self._service.closing:
            # Its handshake has come to an end when nobody waited for it any more.
            self._transport.abort()
            return
        self._service.connections.add(self)
        self._patience.allow(FIRST_SECONDS)
        # Once for all requests: digests and names cost more than reading a request.
        found = transport.get_extra_info("ssl_object")
        der = found and found.getpeercert(binary_form=True)
        if der:
            self._certified = certificate_user(found.getpeercert()["subject"], der)

    def connection_lost(self, exc: Exception | None) -> None:
        """End what answers a client that is gone."""
        self._service.connections.discard(self)
        self._stage = "over"
        self._patience.end()
        if self.task is not None:
            self.task.cancel()

    def data_received(self, data: bytes) -> None:
        """Go on with the request that this is a part of."""
        if self._stage == "over":
            if self._frames is not None and self._frames.ends(data):
                self._transport.close()
            return
        self._reader.feed(data)
        if self._stage != "busy" and not self._full:
            self._advance()
        elif self._reader.waiting > _READ_AHEAD_BYTES and not self._held:
            self._held = True
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        """Write no more than what is begun."""
        self._full = True

    def resume_writing(self) -> None:
        """Go on with a stream, or with the next request."""
        self._full = False
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)
        self._go_on()

    # What the service calls.

    def retire(self) -> None:
        """Close when what is begun is answered."""
        if self._stage not in ("busy", "over"):
            self._stage = "over"
            self._transport.close()

    def abort(self) -> None:
        """Cut the connection off."""
        self._transport.abort()

    # Reading.

    def _go_on(self) -> None:
        if self._stage not in ("busy", "over") and not self._full:
            self._release()
            if self._reader.waiting:
                self._advance()

    def _release(self) -> None:
        if self._held:
            self._held = False
            self._transport.resume_reading()

    def _advance(self) -> None:
        """Read the request, and answer it when it has come whole."""
        head = self._reader.head
        try:
            if head is None:
                head = self._read_head()
            body = None if head is None else self._reader.read_body()
        except HttpError as error:
            logger.debug("refused what is no request: %s", error)
            self._transport.write(refusal(error))
            self._linger()
            return
        except ChunkError as error:
            assert head is not None  # what has a body has a head
            self._give_up(head, StatusError(500, "", str(error)))
            return
        if head is None:
            self._wait_for("head", FIRST_SECONDS)
        elif body is None:
            self._wait_for("body", BODY_SECONDS)
        else:
            self._patience.allow_forever()
            self._stage = "busy"
            self._answer(head, body)

    def _read_head(self) -> Head | None:
        head = self._reader.read_head()
        if head is not None and head.fields.expects:
            self._transport.write(CONTINUE)
        return head

    def _wait_for(self, stage: _Stage, seconds: float) -> None:
        """Let the rest take so long, from when it was first waited for."""
        if self._stage != stage:
            self._stage = stage
            self._patience.allow(seconds)

    def _late(self) -> None:
        """Close, for the client has taken too long."""
        head = self._reader.head
        if self._stage != "body" or head is None:
            self._transport.abort()
            return
        late = timed_out("request did not complete within the allotted timeout")
        self._give_up(head, late)

    # Answering.

    def _answer(self, head: Head, body: bytes) -> None:
        request = HttpRequest(
            method=head.method,
            path=head.path,
            query=head.query,
            headers=head.fields.headers,
            body=body,
        )
        user: User | None = None
        if self._service.secure:
            found = self._server.authenticate(request, self._certified)
            if isinstance(found, HttpResponse):
                self._write_whole(head, found)
                return
            user = found
        if _wants_socket(request):
            self._open_socket(head, request, user)
            return
        answer = self._server.answer(request, user)
        if answer is not None:
            self._write_whole(head, answer)
            return
        self.task = self._service.start(self._run(head, request, user))

    def _keeps(self, head: Head) -> bool:
        return head.fields.keep and not self._reader.cut and not self._service.closing

    def _write_whole(self, head: Head, answer: HttpResponse) -> None:
        keep = self._keeps(head)
        self._transport.write(whole(head, answer, self._service.date(), keep=keep))
        self._end_request(keep=keep)

    def _end_request(self, *, keep: bool) -> None:
        if not keep:
            self._linger()
            return
        self._stage = "idle"
        self._patience.allow(IDLE_SECONDS)
        if self._reader.waiting or self._held:
            # Others have their turn before what this client has sent ahead.
            asyncio.get_running_loop().call_soon(self._go_on)

    def _give_up(self, head: Head, error: StatusError) -> None:
        """Answer a request whose body cannot be read."""
        answer = status_response(error)
        date = self._service.date()
        self._transport.write(whole(head, answer, date, keep=False))
        self._linger()

    def _linger(self) -> None:
        """Close, but let the client read what was written to the end."""
        unread = self._reader.waiting or self._reader.cut or self._reader.head
        self._stage = "over"
        transport = self._transport
        if not unread or transport.is_closing() or not transport.can_write_eof():
            # TLS waits for the other side's word, and reads meanwhile.
            transport.close()
            return
        self._release()
        transport.write_eof()
        self._patience.allow(LINGER_SECONDS)

    # Answers that take waiting.

    async def _run(self, head: Head, request: HttpRequest, user: User | None) -> None:
        failed = await call_async(lambda: self._stream(head, request, user))
        if isinstance(failed, Failed):
            if not isinstance(failed.error, TransportError):
                where = {"path": request.path}
                logger.error("an answer failed", exc_info=failed.error, extra=where)
            # If injected: whoever waits for the answer sees the connection break.
            self._transport.abort()

    async def _stream(
        self, head: Head, request: HttpRequest, user: User | None
    ) -> None:
        async with self._server.stream(request, user) as stream:
            if not isinstance(stream, WholeAnswer):
                await self._pipe(head, stream)
        self.task = None
        if isinstance(stream, WholeAnswer):
            self._write_whole(head, stream.response)
            return
        if not head.fields.old:
            self._transport.write(LAST_CHUNK)
        self._end_request(keep=self._keeps(head) and not head.fields.old)

    async def _pipe(self, head: Head, stream: HttpStream) -> None:
        keep = self._keeps(head) and not head.fields.old
        date = self._service.date()
        begin = stream_head(head, stream.status, stream.headers, date, keep=keep)
        self._transport.write(begin)
        async for data in stream.chunks():
            if not data:
                continue
            self._transport.write(data if head.fields.old else chunk(data))
            if self._full:
                self._room = asyncio.get_running_loop().create_future()
                await self._room

    def _open_socket(self, head: Head, request: HttpRequest, user: User | None) -> None:
        """Tell over a WebSocket how a command ended, or refuse to open one."""
        # Three milliseconds that few servers ever need.
        from homeostat.apiserver import _websocket as websocket  # noqa: PLC0415
        from homeostat.apiserver._pod_exec import PROTOCOLS, frames  # noqa: PLC0415

        found = self._server.execute(request, user)
        if isinstance(found, HttpResponse):
            self._write_whole(head, found)
            return
        try:
            begin = websocket.accept(request.headers, PROTOCOLS)
        except ValueError as error:
            self._transport.write(refusal(HttpError(400, str(error))))
            self._linger()
            return
        messages = map(websocket.binary, frames(found))
        self._transport.write(b"".join((begin, *messages, websocket.CLOSE)))
        self._stage = "over"
        self._frames = websocket.FrameReader()
        self._patience.allow(AGREE_SECONDS)
        self.data_received(self._reader.rest())


def _wants_socket(request: HttpRequest) -> bool:
    upgrade = request.headers.get("upgrade")
    if upgrade is None or upgrade.lower() != "websocket":
        return False
    return request.path.endswith("/exec")
