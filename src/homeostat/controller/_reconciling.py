"""One reconcile of one object: finalizers first, then the user's function."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, cast, final

import msgspec

from homeostat._clock import Clock
from homeostat._guard import Failed, call_async
from homeostat._scope import current_scope
from homeostat._tasks import Threads
from homeostat.api import (
    GroupVersionKind,
    NamespacedName,
    Object,
    Request,
    Unstructured,
    from_dict,
)
from homeostat.cache import Record
from homeostat.client import Client
from homeostat.controller._conflicts import Lost, LostWriteError
from homeostat.controller._context import Context, Emit, Emitted
from homeostat.controller._decide import is_failure
from homeostat.controller._declaration import (
    Declaration,
    ErrorHandler,
    Reconciler,
    is_async,
)
from homeostat.controller._finalizer import add_patch, next_step, remove_patch
from homeostat.controller._ledger import Ledger, identity
from homeostat.controller._matcher import ApplyMatcher
from homeostat.controller._portal import Portal
from homeostat.controller._reading import CacheView, Declared, Read
from homeostat.controller._result import Result
from homeostat.controller._run import Run
from homeostat.controller._subject import Subject
from homeostat.controller._sync_context import SyncContext
from homeostat.errors import ApiError, InvalidObjectError, NotFoundError

__all__ = ["Reconciling", "Session"]

logger = logging.getLogger(__name__)


# A struct, as each reconcile makes one.
@final
class Session(msgspec.Struct, eq=False):
    """What one reconcile did, beside its writes.

    Attributes:
        reads: Its reads of the cache.
        events: The events it recorded.
    """

    reads: list[Read] = []
    events: list[Emitted] = []


@final
class Reconciling:
    """Reconciles the objects of one declaration.

    Args:
        declaration: What the user declared.
        client: Sends the writes.
        declared: The caches of the declared kinds.
        emit: Records events.
    """

    def __init__(
        self,
        declaration: Declaration,
        *,
        client: Client,
        declared: Declared,
        emit: Emit,
        clock: Clock,
    ) -> None:
        self._declaration = declaration
        self._options = declaration.options
        self._client = client
        self._declared = declared
        self._emit = emit
        self._clock = clock
        self._matcher = ApplyMatcher(declaration.name)
        self._logger = logging.getLogger(f"homeostat.controller.{declaration.name}")
        self._threads: Threads | None = None
        self._async: dict[int, bool] = {}
        # Objects that do not decode, with the version that did not and why.
        self.invalid: dict[Request, tuple[str, str]] = {}

    @property
    def threads(self) -> Threads:
        """The controller's own threads, made when they are first used."""
        if self._threads is None:
            size = self._options.max_concurrent_reconciles
            self._threads = Threads(size, name=f"controller/{self._declaration.name}")
        return self._threads

    def forget(self, gvk: GroupVersionKind, name: NamespacedName) -> None:
        """Drop what is known of an object that is gone."""
        self._matcher.forget(gvk, name)

    def close(self) -> None:
        """Let the threads go."""
        if self._threads is not None:
            self._threads.close()
            self._threads = None

    async def reconcile(
        self,
        record: Record | None,
        request: Request,
        run: Run[Any],
        session: Session,
    ) -> Result | None:
        """Do for an object what its state asks for.

        Args:
            record: The object as the cache has it, None when it is gone.
            request: Its name.
            run: Which run this is.
            session: Takes note of reads and events.
        """
        if record is None:
            self.invalid.pop(request, None)
            run.skipped = "gone"
            return None
        ledger = Ledger()
        ledger.keep(record)
        owner = Subject(record)
        obj = self._decode(record, owner, request, run)
        if obj is None:
            return None
        epoch = current_scope().epoch
        view = CacheView(self._declared, ledger, record.namespace, epoch, session.reads)

        def context(owner: Subject) -> Context:
            return Context(
                request=request,
                client=self._client,
                clock=self._clock,
                reconcile_id=run.reconcile_id,
                logger=self._logger,
                obj=owner.document,
                view=view,
                matcher=self._matcher,
                emit=self._emit,
                events=session.events,
                threads=self.threads,
            )

        try:
            if not self._declaration.error_handlers:
                return await self._steps(owner, obj, run, ledger, context)
            outcome = await call_async(
                lambda: self._steps(owner, obj, run, ledger, context)
            )
            if not isinstance(outcome, Failed):
                return outcome
            await self._tell(outcome.error, run, view, ledger, context)
            raise outcome.error
        finally:
            view.close()

    async def _steps(
        self,
        owner: Subject,
        obj: Object | Unstructured,
        run: Run[Any],
        ledger: Ledger,
        context: Callable[[Subject], Context],
    ) -> Result | None:
        wanted = tuple(self._declaration.finalizers)
        cleaned = False
        while True:
            present, deleting = _finalizers(obj)
            step, name = next_step(wanted=wanted, present=present, deleting=deleting)
            if step == "wait" and not self._options.reconcile_deleting:
                run.skipped = "" if cleaned else "deleting"
                return None
            if step in {"wait", "reconcile"}:
                return await self._call(
                    self._declaration.reconciler, obj, context(owner), run
                )
            uid = str(owner.document()["metadata"]["uid"])
            if step == "add":
                patch = add_patch(name, present=present, uid=uid)
            else:
                function = self._declaration.finalizers[name]
                result = await self._call(function, obj, context(owner), run)
                if result is not None and result.requeue_after is not None:
                    return result
                patch = remove_patch(name, present=present, uid=uid)
                cleaned = True
            answer = await self._patch_finalizers(owner.document(), patch)
            if answer is None:
                run.skipped = "gone" if step == "add" else ""
                return None
            owner = Subject(answer)
            ledger.keep_answer(answer)
            obj = self._as_kind(answer)

    def _call(
        self,
        function: Reconciler[Any] | ErrorHandler[Any],
        obj: Object | Unstructured,
        context: Context,
        run: Run[Any],
        *more: Exception,
    ) -> Awaitable[Result | None]:
        """Call a function of the user, in the loop or in a thread.

        Args:
            function: What to call.
            obj: Its first argument.
            context: Its second, for one that is a coroutine function.
            run: Which run this is.
            *more: The error, for an error handler.
        """
        if self._runs_on_loop(function):
            awaited = cast("Callable[..., Awaitable[Result | None]]", function)
            return awaited(obj, context, *more)
        portal = Portal(run.is_overdue)
        ctx = SyncContext(context, portal)
        work = cast("Callable[..., Result | None]", function)
        return portal.run(self.threads, lambda: work(obj, ctx, *more))

    def _runs_on_loop(self, function: Reconciler[Any] | ErrorHandler[Any]) -> bool:
        # By identity: the declaration keeps them, and they need not be hashable.
        known = self._async.get(id(function))
        if known is None:
            known = self._async[id(function)] = is_async(function)
        return known

    async def _tell(
        self,
        error: Exception,
        run: Run[Any],
        view: CacheView,
        ledger: Ledger,
        context: Callable[[Subject], Context],
    ) -> None:
        """Call the error handler, if it was a failure.

        Raises:
            Exception: What the handler raised, if that is no failure: when to try again
                is then for that to say.
        """
        if not is_failure(error):
            return
        (handler,) = self._declaration.error_handlers
        key: Request = run.item.key
        record = view.current(
            self._options.kind, NamespacedName(key.namespace, key.name)
        )
        if record is None:  # gone meanwhile
            return
        # Read anew: the reconciler has changed its copy, and perhaps written it.
        ledger.keep(record)
        document = record.object

        async def tell() -> None:
            obj = self._as_kind(document)
            await self._call(handler, obj, context(Subject(document)), run, error)

        outcome = await call_async(tell)
        if not isinstance(outcome, Failed):
            return
        if is_failure(outcome.error):
            logger.error(
                "on_error failed",
                extra={"error": str(outcome.error)},
                exc_info=outcome.error,
            )
            return
        # A lost lock: after a TerminalError nobody else would come back to say it.
        logger.error("reconcile failed", extra={"error": str(error)}, exc_info=error)
        raise outcome.error from error

    async def _patch_finalizers(
        self, document: Unstructured, patch: list[Any]
    ) -> Unstructured | None:
        """Send a patch of the finalizers; None when the object is gone."""
        namespace, name, uid, version = identity(document)
        gvk = self._options.gvk
        try:
            return await self._client.patch(
                gvk, name, patch, namespace=namespace or None, type="json"
            )
        except NotFoundError as error:
            if error.details.get("name") == name:
                return None
            raise  # the kind or its namespace is not there
        except ApiError as error:
            if error.code != 422:
                raise
            # A test of the patch did not hold: somebody changed the list first.
            resource = await self._client.resource_for(self._options.kind)
            target = (gvk.group, resource.plural, NamespacedName(namespace, name))
            raise LostWriteError(
                "the finalizers have been modified; read the latest version and try "
                f"again: {error.message}",
                lost=Lost(target=target, uid=uid, resource_version=version),
                attempted=f"patch {gvk} {target[-1]}",
            ) from error

    def _decode(
        self,
        record: Record,
        owner: Subject,
        request: Request,
        run: Run[Any],
    ) -> Object | Unstructured | None:
        if self.invalid:
            known = self.invalid.get(request)
            if known is not None and known[0] == record.resource_version:
                run.skipped = "invalid"
                return None
        kind = self._options.kind
        try:
            obj = (
                record.object
                if isinstance(kind, GroupVersionKind)
                else record.decode(kind)
            )
        except InvalidObjectError as error:
            run.skipped = "invalid"
            self.invalid[request] = (record.resource_version, str(error))
            logger.error("object cannot be read", extra={"error": str(error)})
            event = Emitted(type="Warning", reason="InvalidObject", message=str(error))
            self._emit(owner.document(), event)
            return None
        if self.invalid:
            self.invalid.pop(request, None)
        return obj

    def _as_kind(self, document: Unstructured) -> Object | Unstructured:
        kind = self._options.kind
        if isinstance(kind, GroupVersionKind):
            return document
        return from_dict(kind, document)


def _finalizers(obj: Object | Unstructured) -> tuple[list[str], bool]:
    """Return the finalizers of an object, and whether it is being deleted."""
    if isinstance(obj, Object):
        meta = obj.metadata
        return meta.finalizers, meta.deletion_timestamp is not None
    wire: dict[str, Any] = obj["metadata"]
    return wire.get("finalizers") or [], bool(wire.get("deletionTimestamp"))
