"""Owner references: whose object this is, for the garbage collector and for `owns`."""

from typing import Any, cast

from homeostat.api._codec import from_dict, kind_of, to_dict
from homeostat.api._kinds import JSON, Unstructured
from homeostat.api._metadata import Object, OwnerReference

__all__ = [
    "AlreadyOwnedError",
    "controller_of",
    "owner_references",
    "set_controller_reference",
    "set_owner_reference",
]


class AlreadyOwnedError(ValueError):
    """The object has another controller.

    Attributes:
        owner: The controller that it has.
    """

    def __init__(self, message: str, owner: OwnerReference) -> None:
        super().__init__(message)
        self.owner = owner


def owner_references(obj: Object | Unstructured) -> list[OwnerReference]:
    """Return the owner references of an object; a dict's are the caller's own."""
    if isinstance(obj, Object):
        return obj.metadata.owner_references
    found: list[JSON] = _metadata(obj).get("ownerReferences") or []
    return from_dict(list[OwnerReference], found)


def controller_of(obj: Object | Unstructured) -> OwnerReference | None:
    """Return the reference to the controlling owner, None when there is none."""
    return next((ref for ref in owner_references(obj) if ref.controller), None)


def set_controller_reference(
    owner: Object | Unstructured,
    child: Object | Unstructured,
    *,
    block_owner_deletion: bool = True,
) -> None:
    """Make ``owner`` the one controller of ``child``, in place.

    Args:
        owner: Must have a name and a uid: an object that the server returned.
        child: Changed in place. A reference that the owner already has is replaced.
        block_owner_deletion: Whether a foreground deletion of the owner waits for the
            child. A server with OwnerReferencesPermissionEnforcement wants the right to
            update the owner's finalizers for it.

    Raises:
        AlreadyOwnedError: Another object controls the child.
        ValueError: The owner has no uid, or lives in another namespace.

    Source: controller-runtime ``controllerutil.SetControllerReference``.
    """
    ref = _reference(owner, child)
    ref.controller, ref.block_owner_deletion = True, block_owner_deletion
    current = controller_of(child)
    if current is not None and not _same(current, ref):
        raise AlreadyOwnedError(
            f"{_describe(child)} is already controlled by "
            f"{current.api_version} {current.kind} {current.name}",
            current,
        )
    _upsert(child, ref)


def set_owner_reference(
    owner: Object | Unstructured,
    child: Object | Unstructured,
    *,
    block_owner_deletion: bool = False,
) -> None:
    """Make ``owner`` one of the owners of ``child``, in place, without control.

    The child goes when its last owner goes. See ``set_controller_reference``.

    Raises:
        ValueError: The owner has no uid, or lives in another namespace.
    """
    ref = _reference(owner, child)
    if block_owner_deletion:
        ref.block_owner_deletion = True
    _upsert(child, ref)


def _metadata(obj: Unstructured) -> dict[str, Any]:
    metadata = obj.get("metadata")
    return cast("dict[str, Any]", metadata) if isinstance(metadata, dict) else {}


def _identity(obj: Object | Unstructured) -> tuple[str, str, str]:
    if isinstance(obj, Object):
        meta = obj.metadata
        return meta.namespace, meta.name or meta.generate_name, meta.uid
    wire = _metadata(obj)
    name = wire.get("name") or wire.get("generateName") or ""
    return wire.get("namespace") or "", name, wire.get("uid") or ""


def _describe(obj: Object | Unstructured) -> str:
    namespace, name, _ = _identity(obj)
    return (
        f"{kind_of(obj)} {namespace}/{name}" if namespace else f"{kind_of(obj)} {name}"
    )


def _reference(
    owner: Object | Unstructured, child: Object | Unstructured
) -> OwnerReference:
    namespace, name, uid = _identity(owner)
    if not name or not uid:
        raise ValueError(
            f"{_describe(owner)} has no uid: only an object that the server returned "
            "can own another"
        )
    child_namespace = _identity(child)[0]
    if namespace and child_namespace != namespace:
        # The garbage collector would look for the owner in the child's namespace, not
        # find it, and delete the child.
        where = f"namespace {child_namespace}" if child_namespace else "no namespace"
        raise ValueError(
            f"{_describe(child)} has {where}: its owner {_describe(owner)} must be in "
            "the same namespace or cluster-scoped"
        )
    gvk = kind_of(owner)
    return OwnerReference(
        api_version=gvk.api_version, kind=gvk.kind, name=name, uid=uid
    )


def _same(left: OwnerReference, right: OwnerReference) -> bool:
    """Whether two references name one owner, whatever its version or uid."""
    return _group_kind_name(left) == _group_kind_name(right)


def _group_kind_name(ref: OwnerReference) -> tuple[str, str, str]:
    return ref.api_version.rpartition("/")[0], ref.kind, ref.name


def _upsert(child: Object | Unstructured, ref: OwnerReference) -> None:
    refs = owner_references(child)
    for at, present in enumerate(refs):
        if _same(present, ref):
            if ref.controller is None and present.uid == ref.uid:
                ref.controller = present.controller
                ref.block_owner_deletion = (
                    ref.block_owner_deletion or present.block_owner_deletion
                )
            refs[at] = ref
            break
    else:
        refs.append(ref)
    if not isinstance(child, Object):
        metadata = child.setdefault("metadata", {})
        metadata["ownerReferences"] = [to_dict(one) for one in refs]
