from collections.abc import Iterable
from typing import Any

import pytest

from homeostat import Context, Request, SyncContext, Watch, controller
from homeostat.api import GroupVersionKind
from homeostat.cache import Reader, Record
from homeostat.controller import KindController, predicate
from homeostat.controller._declaration import is_async

THING = GroupVersionKind("x.dev", "v1", "Thing")
POD = GroupVersionKind("", "v1", "Pod")


async def keep_things(_thing: dict[str, Any], _ctx: Context) -> None:
    """Keep them."""


def things(**options: Any) -> KindController[dict[str, Any]]:
    made: KindController[dict[str, Any]] = controller(THING, **options)(keep_things)
    return made


def test_the_name_is_the_functions_unless_given() -> None:
    assert things().name == "keep-things"
    assert things(name="things").name == "things"
    assert things().__doc__ == "Keep them."


@pytest.mark.parametrize("name", ["-x", "a b", "x" * 64, "a/b"])
def test_names_that_cannot_be_field_managers_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="controller name"):
        things(name=name)


@pytest.mark.parametrize(
    "options", [{"max_concurrent_reconciles": 0}, {"deadline": 0}, {"deadline": -1.0}]
)
def test_options_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        things(**options)


def test_a_reconciler_takes_an_object_and_a_context() -> None:
    async def wrong(_thing: dict[str, Any]) -> None: ...

    with pytest.raises(TypeError, match=r"wrong must take two arguments, \(obj, ctx\)"):
        controller(THING)(wrong)  # type: ignore[arg-type]


def test_a_finalizer_needs_a_domain_and_is_declared_once() -> None:
    made = things()
    with pytest.raises(ValueError, match="needs a domain"):
        made.finalizer("cleanup")
    made.finalizer("x.dev/cleanup")(keep_things)
    with pytest.raises(ValueError, match="declared twice"):
        made.finalizer("x.dev/cleanup")


def test_declarations_share_nothing() -> None:
    one, two = things(), things()
    one.finalizer("x.dev/cleanup")(keep_things)
    assert not two.declaration.finalizers


def test_functions_that_must_not_wait_are_refused_when_they_are_async() -> None:
    async def to(_record: Record, _reader: Reader) -> Iterable[Request]:
        return []

    async def wanted(_old: Record | None, _new: Record | None) -> bool:
        return True

    with pytest.raises(TypeError, match="never waits"):
        Watch(POD, to=to)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="never waits"):
        predicate(wanted)  # type: ignore[arg-type]


def test_def_and_async_def_are_told_apart_callable_objects_too() -> None:
    class Reconciler:
        async def __call__(self, _thing: dict[str, Any], _ctx: Context) -> None: ...

    def blocking(_thing: dict[str, Any], _ctx: SyncContext) -> None: ...

    assert is_async(keep_things)
    assert is_async(Reconciler())
    assert not is_async(blocking)


def test_rules_follow_from_the_declaration() -> None:
    made = things(owns=[POD], reads=[GroupVersionKind("", "v1", "Node")])
    verbs = {(r.group, name): r.verbs for r in made.rules() for name in r.resources}
    assert verbs["", "nodes"] == ("get", "list", "watch")
    assert "patch" in verbs["", "pods"]
    assert verbs["x.dev", "things"] == ("get", "list", "watch")
    made.finalizer("x.dev/cleanup")(keep_things)
    assert any("patch" in r.verbs for r in made.rules() if "things" in r.resources)
