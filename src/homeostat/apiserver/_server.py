"""The API server: requests in, answers and streams out."""

import logging
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, final

import msgspec

from homeostat._clock import Clock, SystemClock
from homeostat._guard import Failed, call, call_async
from homeostat._random import Random
from homeostat._transport import HttpRequest, HttpResponse, HttpStream, Transport
from homeostat.apiserver._authn import Authentication, Authenticator
from homeostat.apiserver._authn_impersonate import impersonated
from homeostat.apiserver._authorize import (
    AlwaysAllow,
    Authorizer,
    attributes_of,
    require,
)
from homeostat.apiserver._bootstrap import bootstrap, strategies
from homeostat.apiserver._context import Cluster
from homeostat.apiserver._dress import dressed
from homeostat.apiserver._faults import Faults
from homeostat.apiserver._handlers import answer as answer_request
from homeostat.apiserver._handlers import is_watch, open_watch
from homeostat.apiserver._history import HistoryLimits
from homeostat.apiserver._in_process import InProcess, WholeAnswer
from homeostat.apiserver._pod_accounts import MissingAccountError, await_account
from homeostat.apiserver._pod_exec import execute
from homeostat.apiserver._pod_logs import LogStream, follows, open_log
from homeostat.apiserver._processes import Finished, Processes
from homeostat.apiserver._registry import Registry
from homeostat.apiserver._render import status_response
from homeostat.apiserver._resolve import await_version, find_target, unknown
from homeostat.apiserver._root import Root
from homeostat.apiserver._snapshot import Snapshot, restore, take
from homeostat.apiserver._status import (
    StatusError,
    bad_request,
    unknown_path,
)
from homeostat.apiserver._store import Store
from homeostat.apiserver._users import ADMIN, User
from homeostat.apiserver._watch import WatchStream
from homeostat.errors import ConfigError, TransportError

if TYPE_CHECKING:
    from homeostat.apiserver._journal import Journal

__all__ = ["ApiServer"]

logger = logging.getLogger(__name__)

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
        self._watches: dict[WatchStream, None] = {}
        self._logs: dict[LogStream, None] = {}
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
        admitted = self._admit(request, user)
        if isinstance(admitted, HttpResponse):
            return admitted
        return await self._complete(request, admitted)

    async def _complete(self, request: HttpRequest, user: User) -> HttpResponse:
        if not self.faults:
            return await self._answered(request, user)
        try:
            fault = await self.faults.meet(request, user)
        except StatusError as error:
            return self._audited(request, status_response(error))
        answer = await self._answered(request, user)
        if fault is not None and fault.lost:
            raise TransportError("injected: the answer was lost", sent=True)
        return answer

    async def _answered(self, request: HttpRequest, user: User) -> HttpResponse:
        answer = await call_async(lambda: self._handle(request, user))
        if isinstance(answer, Failed):
            # A bug must not take the server down, nor leave the client without a word.
            where = {"path": request.path}
            logger.error("request failed", exc_info=answer.error, extra=where)
            answer = _FAILED
        return self._audited(request, answer)

    def _admit(self, request: HttpRequest, user: User | None) -> User | HttpResponse:
        """Return in whose name a request goes on, or the refusal of it."""
        found = call("an authorizer", self._admitted, request, user or ADMIN)
        if isinstance(found, User):
            return found
        refusal = _FAILED if isinstance(found, Failed) else found
        return self._audited(request, refusal)

    def _admitted(self, request: HttpRequest, user: User) -> User | HttpResponse:
        authorizer = self._cluster.authorizer
        try:
            acting = impersonated(authorizer, request, user)
            require(authorizer, attributes_of(request, acting))
        except StatusError as error:
            refusal = status_response(error)
            headers = {**refusal.headers, "x-content-type-options": "nosniff"}
            return msgspec.structs.replace(refusal, headers=headers)
        return acting

    def _audited(self, request: HttpRequest, answer: HttpResponse) -> HttpResponse:
        answer = dressed(request, answer)
        audit_id = request.headers.get("audit-id") or self._cluster.random.uuid()
        headers = {**answer.headers, "audit-id": audit_id}
        body = b"" if request.method == "HEAD" else answer.body
        return HttpResponse(status=answer.status, headers=headers, body=body)

    async def _handle(self, request: HttpRequest, user: User) -> HttpResponse:
        try:
            return await self._answer(request, user)
        except StatusError as error:
            return status_response(error)

    async def _answer(self, request: HttpRequest, user: User) -> HttpResponse:
        target = find_target(self._cluster, request, user)
        if target is None:
            return self._root.answer(request) or unknown(self._cluster, request.path)
        if is_watch(request, target):
            raise bad_request("a watch is a stream: open it as one")
        await await_version(self._cluster.store, request, target)
        try:
            return answer_request(self._cluster, target)
        except MissingAccountError as error:
            if not await await_account(self._cluster, error.namespace):
                return status_response(error, target.warnings)
        except StatusError as error:
            return status_response(error, target.warnings)
        # Nothing came of the first try; an account that goes again is waited for anew.
        return await self._answer(request, user)

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
        admitted = self._admit(request, user)
        if isinstance(admitted, HttpResponse):
            yield WholeAnswer(admitted)
            return
        watch = call("opening a watch", self._open, request, admitted)
        if isinstance(watch, Failed):
            watch = _FAILED
        if isinstance(watch, HttpResponse):
            yield WholeAnswer(self._audited(request, watch))
            return
        if watch is None:
            yield WholeAnswer(await self._complete(request, admitted))
            return
        if self.faults:
            try:
                await self.faults.meet(request, admitted)
            except StatusError as error:
                yield WholeAnswer(self._audited(request, status_response(error)))
                return
        if isinstance(watch, LogStream):
            self._logs[watch] = None
            try:
                yield watch
            finally:
                del self._logs[watch]
            return
        self._watches[watch] = None
        watch.begin()
        try:
            yield watch
        finally:
            del self._watches[watch]
            watch.close()

    def _open(
        self, request: HttpRequest, user: User
    ) -> WatchStream | LogStream | HttpResponse | None:
        """Open a watch or a log, or refuse it; None when something else is asked."""
        try:
            target = find_target(self._cluster, request, user)
            if target is not None and is_watch(request, target):
                return open_watch(self._cluster, target)
            if target is not None and follows(target):
                return open_log(self._cluster, target)
        except StatusError as error:
            return status_response(error)
        return None

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
        admitted = self._admit(request, user)
        if isinstance(admitted, HttpResponse):
            return admitted
        found = call("a command in a pod", self._executed, request, admitted)
        if isinstance(found, Finished):
            return found
        return self._audited(request, _FAILED if isinstance(found, Failed) else found)

    def _executed(self, request: HttpRequest, user: User) -> Finished | HttpResponse:
        try:
            target = find_target(self._cluster, request, user)
            if target is None:
                raise unknown_path()
            return execute(self._cluster, target)
        except StatusError as error:
            return status_response(error)

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
        for watch in list(self._watches):
            watch.expire()

    def drop_watches(self, *, clean: bool = False) -> None:
        """End every open stream.

        Args:
            clean: As after the timeout; else watches break, as of a lost connection.
        """
        for log in list(self._logs):
            log.close()
        for watch in list(self._watches):
            if clean:
                watch.close()
            else:
                watch.drop()


def _journal(folder: Path) -> "Journal":
    from homeostat.apiserver._journal import Journal  # noqa: PLC0415  # loads SQLite

    return Journal(folder)
