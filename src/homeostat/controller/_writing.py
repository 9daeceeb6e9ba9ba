"""Writes of one reconcile, through the live client and back into its ledger."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeAlias, TypeVar, final

from homeostat.api import (
    Kind,
    NamespacedName,
    Object,
    Unstructured,
    from_dict,
    kind_of,
    set_controller_reference,
    to_dict,
)
from homeostat.client import Client, Propagation
from homeostat.controller._ledger import Ledger, identity
from homeostat.controller._matcher import ApplyMatcher
from homeostat.controller._reading import CacheView
from homeostat.errors import ConflictError, NotFoundError

__all__ = ["ApplyResult", "Operation", "Writing"]

T = TypeVar("T", bound=Object | dict[str, Any])

Operation: TypeAlias = Literal["created", "configured", "unchanged"]

# What the server keeps about an object, and an apply may not claim.
_BOOKKEEPING = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyResult(Generic[T]):
    """What an apply did.

    Attributes:
        object: The object as it is now.
        operation: ``created``, ``configured``, or ``unchanged``.
    """

    object: T
    operation: Operation


@final
class Writing:
    """Writes on behalf of one reconcile.

    Args:
        client: Sends the requests.
        view: The cache, to know what is there.
        ledger: What was handed out.
        matcher: What the controller applied last.
        owner: Gives what is said of the reconciled object where it is named.
    """

    __slots__ = ("_client", "_ledger", "_matcher", "_owner", "_view")

    def __init__(
        self,
        *,
        client: Client,
        view: CacheView,
        ledger: Ledger,
        matcher: ApplyMatcher,
        owner: Callable[[], Unstructured],
    ) -> None:
        self._client = client
        self._view = view
        self._ledger = ledger
        self._matcher = matcher
        self._owner = owner

    async def apply(self, obj: T, *, owned: bool, force: bool) -> ApplyResult[T]:
        """Apply ``obj`` unless the last apply of it still stands."""
        kind = _kind(obj)
        gvk = kind_of(obj)
        body = await self._body(obj, kind)
        if owned:
            set_controller_reference(self._owner(), body)
        namespace, name, _, _ = identity(body)
        key = NamespacedName(namespace, name)
        record = self._view.current(kind, key)
        current = record.object if record is not None else None
        if current is not None and self._matcher.matches(gvk, key, body, current):
            return ApplyResult(object=_like(obj, current), operation="unchanged")
        answer = await self._client.apply(body, namespace=namespace, force=force)
        self._ledger.keep_answer(answer)
        if self._view.is_complete(kind):  # else nothing would tell when it goes
            self._matcher.applied(gvk, key, body, answer)
        return ApplyResult(
            object=_like(obj, answer),
            operation=_operation(
                current, answer, absent_is_known=self._view.is_complete(kind)
            ),
        )

    async def create(self, obj: T, *, owned: bool) -> T:
        """Create ``obj``."""
        body = to_dict(obj)
        await self._place(body, _kind(obj))
        if owned:
            set_controller_reference(self._owner(), body)
        namespace, _, _, _ = identity(body)
        answer = await self._client.create(body, namespace=namespace)
        self._ledger.keep_answer(answer)
        return _like(obj, answer)

    async def update(self, obj: T) -> T:
        """Replace ``obj``, with every field that its type does not know."""
        namespace, name, _, version = identity(obj)
        body: Unstructured | None
        if isinstance(obj, dict):
            body = obj
        else:
            base = self._ledger.base_of(obj) or await self._live(obj)
            body = self._ledger.merged(obj, base)
        if body is None:
            return obj
        body["metadata"].setdefault("resourceVersion", version)
        answer = await self._client.update(body, namespace=namespace)
        self._matcher.forget(kind_of(obj), NamespacedName(namespace, name))
        return self._refresh(obj, answer)

    async def update_status(self, obj: T) -> T:
        """Send what changed in the status of ``obj``, if anything did."""
        base = self._ledger.base_of(obj) or await self._live(obj)
        patch = self._ledger.status_patch(obj, base)
        if patch is None:
            return obj
        kind = _kind(obj)
        namespace, name, _, _ = identity(obj)
        resource = await self._client.resource_for(kind)
        answer = await self._client.patch(
            kind_of(obj),
            name,
            patch,
            namespace=namespace if resource.namespaced else None,
            subresource="status" if "status" in resource.subresources else "",
        )
        return self._refresh(obj, answer)

    async def delete(
        self,
        obj: Object | Unstructured,
        *,
        unchanged: bool,
        propagation: Propagation | None,
    ) -> bool:
        """Delete ``obj``, and no successor of its name; False when it was gone."""
        namespace, name, uid, version = identity(obj)
        if unchanged and not version:
            raise ValueError(
                f"{kind_of(obj)} {name!r} has no resourceVersion: "
                "pass the object as it was read"
            )
        kind = _kind(obj)
        resource = await self._client.resource_for(kind)
        if resource.namespaced and not namespace:
            namespace = self._own_namespace(obj)
        # What was read and lost its uid on the way is no other object for that.
        target = NamespacedName(namespace if resource.namespaced else "", name)
        uid = uid or self._ledger.uid_of(resource.gvk, target)
        try:
            await self._client.delete(
                kind,
                name,
                namespace=namespace if resource.namespaced else None,
                uid=uid or None,
                resource_version=version if unchanged else None,
                propagation=propagation,
            )
        except NotFoundError:
            return False
        return True

    async def _body(self, obj: Object | Unstructured, kind: Kind) -> Unstructured:
        body = copy.deepcopy(obj) if isinstance(obj, dict) else to_dict(obj)
        await self._place(body, kind)
        for field in _BOOKKEEPING:
            body["metadata"].pop(field, None)
        resource = await self._client.resource_for(kind)
        if "status" in resource.subresources:
            # The main resource ignores it; in the configuration it would only make
            # equal configurations look different.
            body.pop("status", None)
        return body

    async def _place(self, body: Unstructured, kind: Kind) -> None:
        """Give a namespaced object a namespace: its own, else the reconciled one's."""
        metadata = body.setdefault("metadata", {})
        resource = await self._client.resource_for(kind)
        if resource.namespaced and not metadata.get("namespace"):
            metadata["namespace"] = self._own_namespace(body)

    def _own_namespace(self, obj: Object | Unstructured) -> str:
        namespace = identity(self._owner())[0]
        if not namespace:
            raise ValueError(
                f"{kind_of(obj)} {identity(obj)[1]!r} needs a namespace: "
                "the reconciled object has none to give"
            )
        return namespace

    async def _live(self, obj: Object | Unstructured) -> Unstructured:
        """Read what ``obj`` was made of, for an object that the cache did not give."""
        namespace, name, uid, version = identity(obj)
        live = await self._client.get(kind_of(obj), name, namespace=namespace or None)
        _, _, live_uid, live_version = identity(live)
        if (uid and uid != live_uid) or (version and version != live_version):
            raise ConflictError(
                "the object has been modified; read the latest version and try again",
                code=409,
                reason="Conflict",
                attempted=f"update {kind_of(obj)} {namespace}/{name}",
            )
        return live

    def _refresh(self, obj: T, answer: Unstructured) -> T:
        """Bring ``obj`` itself up to date, so that a second write of it can succeed."""
        self._ledger.keep_answer(answer)
        if isinstance(obj, dict):
            obj.clear()
            obj.update(copy.deepcopy(answer))
            return obj
        fresh = from_dict(type(obj), answer)
        for field in obj.__struct_fields__:
            setattr(obj, field, getattr(fresh, field))
        return obj


def _kind(obj: Object | Unstructured) -> Kind:
    return kind_of(obj) if isinstance(obj, dict) else type(obj)


def _like(obj: T, document: Unstructured) -> T:
    """Return ``document`` in the form of ``obj``."""
    if isinstance(obj, dict):
        return document  # type: ignore[return-value]  # a dict like obj
    return from_dict(type(obj), document)


def _operation(
    before: Unstructured | None, answer: Unstructured, *, absent_is_known: bool
) -> Operation:
    if before is not None:
        same = identity(before)[2:] == identity(answer)[2:]
        return "unchanged" if same else "configured"
    metadata: Unstructured = answer.get("metadata") or {}
    entries: list[Unstructured] = metadata.get("managedFields") or []
    times = {entry.get("time") for entry in entries}
    made_now = times == {metadata.get("creationTimestamp")}
    return "created" if absent_is_known or made_now else "configured"
