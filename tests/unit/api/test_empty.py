"""What a typed object leaves out when it is sent."""

from typing import Any

import msgspec
import pytest

from homeostat.api import Field, Model, ObjectMeta, encode, from_dict, to_dict


class Limits(Model, omit_empty=True):
    cpu: str = ""
    memory: str = ""


class Counts(Model, omit_empty=True):
    ready: int = Field(default_factory=int)


class Level(Model, omit_empty=True):
    level: int = 3


class Part(Model, omit_empty=True):
    name: str = ""
    limits: Limits = Field(default_factory=Limits)
    pointer: Limits | None = None
    counts: Counts = Field(default_factory=Counts)
    inner: "Part | None" = None
    either: "Limits | bool | None" = None
    many: "Part | list[Part] | None" = None
    free: Any = None


class Outer(Model, omit_empty=True):
    part: Part = Field(default_factory=Part)
    level: Level = Field(default_factory=Level)


class Holder(Model):
    """A user's own: what it holds is sent, what is in there may be left out."""

    part: Part = Field(default_factory=Part)
    parts: list[Part] = []
    by_name: dict[str, list[Part]] = {}


class Heir(Outer):
    size: int = 1


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (Part(name="p"), {"name": "p"}),
        (Part(limits=Limits(cpu="1")), {"limits": {"cpu": "1"}}),
        (Part(limits=Limits()), {}),
        (Part(pointer=Limits()), {"pointer": {}}),
        (Part(inner=Part(inner=Part())), {"inner": {"inner": {}}}),
        (Part(either=Limits()), {"either": {}}),
        (Part(either=False), {"either": False}),
        (Part(many=Part()), {"many": {}}),
        (Part(many=[Part(name="a"), Part()]), {"many": [{"name": "a"}, {}]}),
        (
            Part(free={"limits": {}, "counts": {}}),
            {"free": {"limits": {}, "counts": {}}},
        ),
        # what becomes empty is empty: the innermost goes first
        (Outer(), {"level": {"level": 3}}),
        (Outer(part=Part(limits=Limits())), {"level": {"level": 3}}),
        # zeros that are always sent make no struct that was set
        (Part(counts=Counts()), {}),
        (Part(counts=Counts(ready=1)), {"counts": {"ready": 1}}),
        (Counts(), {"ready": 0}),
        # items and values are there on purpose
        (
            Holder(parts=[Part()], by_name={"a": [Part(limits=Limits())]}),
            {"part": {}, "parts": [{}], "byName": {"a": [{}]}},
        ),
        (Heir(), {"level": {"level": 3}, "size": 1}),
    ],
)
def test_structs_that_nobody_set_are_not_sent(value: Model, sent: Any) -> None:
    assert to_dict(value) == sent
    assert msgspec.json.decode(encode(value)) == sent


def test_what_is_left_out_comes_back_when_it_is_read() -> None:
    value = Outer(part=Part(name="a", inner=Part(counts=Counts(ready=2))))
    assert from_dict(Outer, to_dict(value)) == value
    assert from_dict(Outer, {}) == Outer()


def test_a_value_of_another_type_in_the_place_of_a_struct_is_sent_as_it_is() -> None:
    part = Part()
    part.limits = ["a"]  # type: ignore[assignment]
    assert to_dict(part) == {"limits": ["a"]}
    part.limits = {"cpu": ""}  # type: ignore[assignment]
    assert to_dict(part) == {"limits": {"cpu": ""}}


def test_empty_metadata_of_an_object_is_not_sent() -> None:
    class Pair(Model, omit_empty=True):
        metadata: ObjectMeta = Field(default_factory=ObjectMeta)

    assert encode(Pair()) == b"{}"
    assert encode(Pair(metadata=ObjectMeta(name="a"))) == b'{"metadata":{"name":"a"}}'


def test_a_struct_overridden_in_a_subclass_follows_the_subclass() -> None:
    class Own(Outer):
        part: Part = Field(default_factory=Part)

    assert to_dict(Own()) == {"part": {}, "level": {"level": 3}}


def test_dicts_are_sent_as_they_are() -> None:
    wire: dict[str, Any] = {"spec": {"strategy": {}}, "status": {}}
    assert to_dict(wire) == wire
    assert msgspec.json.decode(encode(wire)) == wire
