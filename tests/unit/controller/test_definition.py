from collections.abc import Iterable
from typing import Any

import pytest

from homeostat import Context, Request, SyncContext, Watch, by_owner, controller
from homeostat.api import GroupVersionKind, Selector
from homeostat.cache import Reader, Record
from homeostat.controller import KindController, by_name, predicate
from homeostat.controller._declaration import is_async
from homeostat.k8s import core_v1

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


class Plain:
    """A class that is no kind."""


KIND_MISTAKES: list[tuple[Any, str]] = [
    (["Pod"], "takes a class or a GroupVersionKind, not 'Pod'"),
    ([Plain], "Plain is none: decorate it with @custom_resource"),
    ([core_v1.Pod()], "takes a class or a GroupVersionKind, not a Pod"),
    ([None], "takes a class or a GroupVersionKind, not None"),
    ([Watch(POD, to=by_name())], "takes a class or a GroupVersionKind, not a Watch"),
    ("Pod", "takes a class or a GroupVersionKind, not 'Pod'"),
    (core_v1.Pod, r"=\[Pod\]"),
    (POD, r"=\[GroupVersionKind"),
]


@pytest.mark.parametrize("option", ["owns", "reads"])
@pytest.mark.parametrize(("kinds", "message"), KIND_MISTAKES)
def test_what_is_no_kind_is_refused_where_it_is_declared(
    option: str, kinds: Any, message: str
) -> None:
    with pytest.raises(TypeError, match=f"^{option}=.*{message}"):
        things(**{option: kinds})


@pytest.mark.parametrize(
    ("kind", "message"),
    [("Pod", "not 'Pod'"), (Plain, "Plain is none"), (core_v1.Pod(), "not a Pod")],
)
def test_what_is_no_kind_is_refused_wherever_one_is_asked_for(
    kind: Any, message: str
) -> None:
    with pytest.raises(TypeError, match=f"^@controller .*{message}"):
        controller(kind)
    with pytest.raises(TypeError, match=f"^Watch .*{message}"):
        Watch(kind, to=by_name())
    with pytest.raises(TypeError, match=f"^by_owner .*{message}"):
        by_owner(kind)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"watches": [POD]}, r"^watches= takes Watch\(...\), not GroupVersionKind"),
        ({"watches": [core_v1.Pod]}, r"^watches= takes Watch\(...\), not Pod"),
        ({"watches": Watch(POD, to=by_name())}, r"^watches= takes a list"),
        ({"permissions": ["pods"]}, r"^permissions= takes Rule\(...\), not 'pods'"),
        ({"predicate": len}, "^predicate= takes a Predicate, not .* len: "),
    ],
)
def test_options_that_hold_something_else_are_refused(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        things(**options)


@pytest.mark.parametrize(
    ("selectors", "message"),
    [
        ({"labels": "a in"}, r"^Watch\(labels='a in'\): "),
        ({"labels": "a b"}, r"^Watch\(labels='a b'\): "),
        ({"fields": "spec.nodeName"}, r"^Watch\(fields='spec.nodeName'\): "),
    ],
)
def test_selectors_are_parsed_where_they_are_written(
    selectors: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Watch(POD, to=by_name(), **selectors)


@pytest.mark.parametrize("selectors", [{"labels": {"a": "b"}}, {"fields": None}])
def test_selectors_are_texts(selectors: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="takes a text"):
        Watch(POD, to=by_name(), **selectors)


def test_good_selectors_are_kept() -> None:
    watch = Watch(
        POD, to=by_name(), labels=Selector.parse("a=b"), fields="spec.nodeName=n1"
    )
    assert (watch.labels, watch.fields) == ("a=b", "spec.nodeName=n1")


def test_a_watch_takes_a_map_function_and_a_predicate() -> None:
    with pytest.raises(TypeError, match="make one of a function with @predicate"):
        Watch(POD, to=by_name(), predicate=len)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="takes a map function"):
        Watch(POD, to="label")  # type: ignore[arg-type]


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
