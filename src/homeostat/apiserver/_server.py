"""The API server: requests in, answers and streams out."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, final

from homeostat._clock import Clock, SystemClock
from homeostat._guard import Failed, call
from homeostat._random import Random
from homeostat._transport import HttpRequest, HttpResponse, HttpStream, Transport
from homeostat.apiserver._admit import admitted
from homeostat.apiserver._authn import Authentication, Authenticator
from homeostat.apiserver._authorize import AlwaysAllow, Authorizer
from homeostat.apiserver._bootstrap import bootstrap, strategies
from homeostat.apiserver._context import Cluster
from homeostat.apiserver._dress import dressed
from homeostat.apiserver._faults import Faults
from homeostat.apiserver._handlers import answer as answer_request
from homeostat.apiserver._handlers import (
    is_watch,
    open_stream,
    run_command,
    takes_waiting,
)
from homeostat.apiserver._history import HistoryLimits
from homeostat.apiserver._in_process import InProcess, WholeAnswer
from homeostat.apiserver._pod_accounts import MissingAccountError, await_account
from homeostat.apiserver._pod_logs import LogStream
from homeostat.apiserver._processes import Finished, Processes
from homeostat.apiserver._registry import Registry
from homeostat.apiserver._render import status_response
from homeostat.apiserver._resolve import await_version, find_target, unknown
from homeostat.apiserver._root import Root
from homeostat.apiserver._snapshot import Snapshot, restore, take
from homeostat.apiserver._status import StatusError, bad_request
from homeostat.apiserver._store import Store
from homeostat.apiserver._users import ADMIN, User
from homeostat.apiserver._watch import WatchStream
from homeostat.errors import ConfigError, TransportError

if TYPE_CHECKING:
    from homeostat.apiserver._journal import Journal

__all__ = ["ApiServer"]

_FAILED = status_response(
    StatusError(
        500,
        "InternalError",
        "Internal error occurred: the embedded server failed; see its log",
    )
)


@final
class ApiServer:
    """An API server in this process, with the semantics of kube-apiserver.

    Single-threaded: every method is called on the thread of one event loop, the one
    whose time its watches run on. Construction needs no loop.

    Args:
        clock: Wall time of timestamps.
        random: Source of uids, generated names and watch timeouts.
        history: How much is kept for watches and for lists of the past.
        data_dir: Folder that keeps the cluster across restarts, made where it is
            missing; None keeps it in memory. A write that was answered is there again,
            also after a ``kill -9``; ``close`` gives the folder free.
        version: What ``/version`` says; by default the version of the schema table.
        authentication: Who may come over TLS, besides those with a certificate.
        authorizer: Who may do what; by default everybody may do everything.
        processes: What runs in pods; by default nothing does.
        accounts: Give each pod a service account, and refuse it while that is missing,
            as kube-apiserver does. For a server whose accounts somebody makes.

    Attributes:
        faults: What is to go wrong, for tests.

    Raises:
        ConfigError: The folder cannot be used, another process has it, or what is in
            it is damaged.
    """

    def __init__(  # noqa: PLR0913  # a server's options, all keyword-only
        self,
        *,
        clock: Clock | None = None,
        random: Random | None = None,
        history: HistoryLimits | None = None,
        data_dir: Path | None = None,
        version: str = "",
        authentication: Authentication | None = None,
        authorizer: Authorizer | None = None,
        processes: Processes | None = None,
        accounts: bool = False,
    ) -> None:
        wall = clock or SystemClock()
        chance = random or Random()
        self._journal = None if data_dir is None else _journal(data_dir)
        store = Store(history=history, clock=wall, journal=self._journal)
        registry = Registry(store)
        self._cluster = Cluster(
            store=store,
            registry=registry,
            clock=wall,
            random=chance,
            strategies=strategies(),
            authenticator=Authenticator(
                authentication or Authentication(), registry, clock=wall, random=chance
            ),
            authorizer=authorizer or AlwaysAllow(),
            processes=processes,
            accounts=accounts,
        )
        try:
            bootstrap(self._cluster)
        except BaseException as error:
            self.close()
            if isinstance(error, StatusError):
                raise ConfigError(error.message) from error
            raise
        self._root = Root(self._cluster, version)
        self._streams: dict[WatchStream | LogStream, None] = {}
        self.faults: Faults = Faults()

    @property
    def revision(self) -> int:
        """The revision of the last commit."""
        return self._cluster.store.revision

    def close(self) -> None:
        """Let go of the folder, if there is one; writes are refused from then on.

        Waits for the disk. Without it nothing is lost, and the folder is free when the
        process has ended.
        """
        if self._journal is not None:
            self._journal.close()

    def transport(self, user: User | None = None) -> Transport:
        """Return a transport that calls this server, without a socket between.

        Args:
            user: Who asks; None for the administrator.
        """
        return InProcess(self, user)

    def authenticate(
        self, request: HttpRequest, certified: User | None
    ) -> User | HttpResponse:
        """Return who sends a request that came over TLS, or the refusal of it.

        Args:
            request: What is asked.
            certified: Whom the client's certificate names.
        """
        try:
            return self._cluster.authenticator.authenticate(request, certified)
        except StatusError as error:
            return self._audited(request, status_response(error))

    async def handle(
        self, request: HttpRequest, user: User | None = None
    ) -> HttpResponse:
        """Answer one request; a watch is refused here, ``stream`` serves it.

        Args:
            request: What is asked.
            user: Who asks; None for the administrator.

        Cancellation: a write that waits for nothing is done or not begun.
        """
        found = self._begin(request, user)
        if isinstance(found, HttpResponse):
            return found
        return await self._complete(request, found)

    def answer(
        self, request: HttpRequest, user: User | None = None
    ) -> HttpResponse | None:
        """Answer a request at once; None when that takes waiting: ask ``stream``.

        It takes waiting for a stream, for a version that is to come, and for whatever
        is to go wrong. Nothing has been done then.

        Args:
            request: What is asked.
            user: Who asks; None for the administrator.
        """
        found = self._begin(request, user)
        return found if isinstance(found, HttpResponse) else None

    def _begin(self, request: HttpRequest, user: User | None) -> HttpResponse | User:
        """Answer a request at once; else say in whose name it goes on."""
        acting = self._admit(request, user)
        if isinstance(acting, HttpResponse) or self.faults:
            return acting
        answer = self._try(request, acting, at_once=True)
        return answer if isinstance(answer, HttpResponse) else acting

    async def _complete(self, request: HttpRequest, user: User) -> HttpResponse:
        """Answer a request that takes waiting."""
        cluster = self._cluster
        try:
            fault = await self.faults.meet(request, user)
            target = find_target(cluster, request, user)
            if target is not None:
                await await_version(cluster.store, request, target)
        except StatusError as error:
            return self._audited(request, status_response(error))
        answer = self._try(request, user, at_once=False)
        while isinstance(answer, _NoAccount):
            # Nothing came of the try; an account that goes again is waited for anew.
            if await await_account(cluster, answer.namespace):
                answer = self._try(request, user, at_once=False)
            else:
                answer = self._audited(request, answer.refusal)
        assert answer is not None  # the rest of the waiting is over
        if fault is not None and fault.lost:
            raise TransportError("injected: the answer was lost", sent=True)
        return answer

    def _try(
        self, request: HttpRequest, user: User, *, at_once: bool
    ) -> "HttpResponse | _NoAccount | None":
        """Answer a request, as far as nothing has to be waited for.

        Args:
            request: What is asked.
            user: Who asks.
            at_once: None for what is to be waited for, nothing being done; else that
                is over, but for accounts.
        """
        answer = call("a request", self._handle, request, user, at_once=at_once)
        if answer is None or isinstance(answer, _NoAccount):
            return answer
        # A bug must not take the server down, nor leave the client without a word.
        return self._audited(request, _FAILED if isinstance(answer, Failed) else answer)

    def _handle(
        self, request: HttpRequest, user: User, *, at_once: bool
    ) -> "HttpResponse | _NoAccount | None":
        cluster = self._cluster
        try:
            target = find_target(cluster, request, user)
            if target is None:
                return self._root.answer(request) or unknown(cluster, request.path)
            if at_once and takes_waiting(cluster.store, request, target):
                return None
            if is_watch(request, target):
                raise bad_request("a watch is a stream: open it as one")
        except StatusError as error:
            return status_response(error)
        try:
            return answer_request(cluster, target)
        except StatusError as error:
            refusal = status_response(error, target.warnings)
            if isinstance(error, MissingAccountError):
                return _NoAccount(error.namespace, refusal)
            return refusal

    def _admit(self, request: HttpRequest, user: User | None) -> User | HttpResponse:
        """Return in whose name a request goes on, or the refusal of it."""
        found = call(
            "an authorizer", admitted, self._cluster.authorizer, request, user or ADMIN
        )
        if isinstance(found, User):
            return found
        refusal = _FAILED if isinstance(found, Failed) else found
        return self._audited(request, refusal)

    def _audited(self, request: HttpRequest, answer: HttpResponse) -> HttpResponse:
        answer = dressed(request, answer)
        audit_id = request.headers.get("audit-id") or self._cluster.random.uuid()
        headers = {**answer.headers, "audit-id": audit_id}
        body = b"" if request.method == "HEAD" else answer.body
        return HttpResponse(status=answer.status, headers=headers, body=body)

    def stream(
        self, request: HttpRequest, user: User | None = None
    ) -> AbstractAsyncContextManager[HttpStream]:
        """Open a stream; but for watches and followed logs it is one of one chunk.

        Args:
            request: What is asked.
            user: Who asks; None for the administrator.
        """
        return self._stream(request, user)

    @asynccontextmanager
    async def _stream(
        self, request: HttpRequest, user: User | None
    ) -> AsyncGenerator[HttpStream]:
        acting = self._begin(request, user)
        if isinstance(acting, HttpResponse):
            yield WholeAnswer(acting)
            return
        found = call("opening a stream", open_stream, self._cluster, request, acting)
        if isinstance(found, Failed):
            found = _FAILED
        if isinstance(found, HttpResponse):
            yield WholeAnswer(self._audited(request, found))
            return
        if found is None:
            yield WholeAnswer(await self._complete(request, acting))
            return
        if self.faults:
            try:
                await self.faults.meet(request, acting)
            except StatusError as error:
                yield WholeAnswer(self._audited(request, status_response(error)))
                return
        self._streams[found] = None
        if isinstance(found, WatchStream):
            found.begin()
        try:
            yield found
        finally:
            del self._streams[found]
            found.close()

    def execute(
        self, request: HttpRequest, user: User | None = None
    ) -> Finished | HttpResponse:
        """Run the command of an exec, whose client waits at a WebSocket.

        Args:
            request: What is asked.
            user: Who asks; None for the administrator.

        Returns:
            How the command ended, or why it was not run.
        """
        acting = self._admit(request, user)
        if isinstance(acting, HttpResponse):
            return acting
        found = call("a command in a pod", run_command, self._cluster, request, acting)
        if isinstance(found, Finished):
            return found
        return self._audited(request, _FAILED if isinstance(found, Failed) else found)

    def snapshot(self) -> Snapshot:
        """Keep the present state, for ``restore``; costs a reference an object."""
        return take(self._cluster)

    def restore(self, snapshot: Snapshot) -> int:
        """Bring the objects of a snapshot of this server back; returns the commits.

        They are ordinary writes, which watchers are told of and controllers act on:
        what was made since is removed without its finalizers being asked, the rest is
        stored as it was, under its uid and a new resourceVersion.
        """
        return restore(self._cluster, snapshot)

    def compact(self) -> None:
        """Forget all history: older watches and continued lists meet 410."""
        self._cluster.store.compact()

    def expire_watches(self) -> None:
        """Compact, and end every open watch with an ERROR event of code 410."""
        self.compact()
        for stream in list(self._streams):
            if isinstance(stream, WatchStream):
                stream.expire()

    def drop_watches(self, *, clean: bool = False) -> None:
        """End every open stream.

        Args:
            clean: As after the timeout; else watches break, as of a lost connection.
        """
        for stream in list(self._streams):
            if clean or isinstance(stream, LogStream):
                stream.close()
            else:
                stream.drop()


@dataclass(frozen=True, slots=True)
class _NoAccount:
    """A pod came before the default account of its namespace.

    Attributes:
        namespace: Of the pod.
        refusal: The answer, should the account not come.
    """

    namespace: str
    refusal: HttpResponse


def _journal(folder: Path) -> "Journal":
    from homeostat.apiserver._journal import Journal  # noqa: PLC0415  # loads SQLite

    return Journal(folder)
