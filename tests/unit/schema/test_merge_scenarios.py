"""Ownership through sequences of writes: the scenarios of structured-merge-diff."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from homeostat.api import Schema
from homeostat.schema import (
    FieldConflictError,
    SchemaMismatchError,
    apply_managed,
    parse_schema,
    path_text,
    update_managed,
)

TEXT = {"type": "string"}
NUMBER = {"type": "number"}
PORTS = {
    "type": "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["port", "protocol"],
    "items": {
        "type": "object",
        "properties": {
            "port": NUMBER,
            "protocol": {"type": "string", "default": "TCP"},
            "name": TEXT,
        },
    },
}
ITEM = {"type": "object", "properties": {"name": TEXT, "value": NUMBER, "b": TEXT}}
NAMED = {
    "type": "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
    "items": ITEM,
}
STRUCT = {"type": "object", "properties": {"numeric": NUMBER, "string": TEXT}}
ROOT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "numeric": NUMBER,
        "string": TEXT,
        "bool": {"type": "boolean"},
        "set": {"type": "array", "x-kubernetes-list-type": "set", "items": TEXT},
        "atomic": {"type": "array", "items": TEXT},
        "list": NAMED,
        "ports": PORTS,
        "map": {"type": "object", "additionalProperties": TEXT},
        "maps": {"type": "object", "additionalProperties": STRUCT},
        "sets": {
            "type": "object",
            "additionalProperties": {
                "type": "array",
                "x-kubernetes-list-type": "set",
                "items": TEXT,
            },
        },
        "struct": STRUCT,
    },
}
GRANULAR = parse_schema(ROOT)
ATOMIC = parse_schema(
    {
        **ROOT,
        "properties": {
            **ROOT["properties"],
            "struct": {**STRUCT, "x-kubernetes-map-type": "atomic"},
        },
    }
)


@dataclass
class World:
    """One object, and the hands that write to it."""

    schema: Schema | None = GRANULAR
    live: dict[str, Any] | None = None
    entries: list[dict[str, Any]] = field(default_factory=list)
    clock: int = 0

    def _facts(self, manager: str) -> dict[str, Any]:
        self.clock += 1
        now = f"2024-01-01T00:{self.clock // 60:02d}:{self.clock % 60:02d}Z"
        return {
            "schema": self.schema,
            "manager": manager,
            "api_version": "v1",
            "now": now,
        }

    def _store(self, value: dict[str, Any], entries: list[dict[str, Any]]) -> None:
        self.entries = entries
        metadata = {"name": "o", "managedFields": entries}
        self.live = {**value, "metadata": metadata}

    def apply(self, manager: str, *, force: bool = False, **fields: Any) -> None:
        config = {"apiVersion": "v1", "kind": "O", "metadata": {"name": "o"}, **fields}
        merged, entries = apply_managed(
            self.live, config, force=force, **self._facts(manager)
        )
        self._store(merged, entries)

    def update(self, manager: str, **fields: Any) -> None:
        new = {"apiVersion": "v1", "kind": "O", "metadata": {"name": "o"}, **fields}
        self._store(new, update_managed(self.live, new, **self._facts(manager)))

    def conflicts(self, manager: str, **fields: Any) -> list[tuple[str, str]]:
        with pytest.raises(FieldConflictError) as caught:
            self.apply(manager, **fields)
        return [(who, path_text(path)) for who, path in caught.value.conflicts]

    @property
    def fields(self) -> dict[str, Any]:
        assert self.live is not None
        known = {"apiVersion", "kind", "metadata"}
        return {key: value for key, value in self.live.items() if key not in known}

    @property
    def owners(self) -> dict[str, Any]:
        return {e["manager"]: e["fieldsV1"] for e in self.entries}


def test_apply_twice_adds_and_keeps() -> None:
    world = World()
    world.apply("one", numeric=1, string="string")
    world.apply("one", numeric=1, string="string", bool=False)
    assert world.fields == {"numeric": 1, "string": "string", "bool": False}
    assert world.owners == {"one": {"f:bool": {}, "f:numeric": {}, "f:string": {}}}


def test_apply_twice_removes_what_it_no_longer_says() -> None:
    world = World()
    world.apply("one", numeric=1, string="string", bool=False)
    world.apply("one", string="new string")
    assert world.fields == {"string": "new string"}
    assert world.owners == {"one": {"f:string": {}}}


def test_update_without_overlap_shares_the_object() -> None:
    world = World()
    world.apply("default", numeric=1, string="string")
    world.update("controller", numeric=1, string="string", bool=True)
    world.apply("default", numeric=2, string="string")
    assert world.fields == {"numeric": 2, "string": "string", "bool": True}
    assert world.owners == {
        "default": {"f:numeric": {}, "f:string": {}},
        "controller": {"f:bool": {}},
    }


def test_updated_field_conflicts_until_forced() -> None:
    world = World()
    world.apply("default", numeric=1, string="string")
    world.update("controller", numeric=1, string="controller string", bool=True)
    assert world.conflicts("default", numeric=2, string="user string") == [
        ('"controller" using v1', ".string")
    ]
    world.apply("default", force=True, numeric=2, string="user string")
    assert world.fields == {"numeric": 2, "string": "user string", "bool": True}
    assert world.owners == {
        "default": {"f:numeric": {}, "f:string": {}},
        "controller": {"f:bool": {}},
    }


def test_same_value_is_no_conflict_but_shared() -> None:
    world = World()
    world.apply("one", numeric=1)
    world.apply("two", numeric=1)
    assert world.owners == {"one": {"f:numeric": {}}, "two": {"f:numeric": {}}}
    assert world.conflicts("two", numeric=2) == [('"one"', ".numeric")]
    world.apply("two", force=True, numeric=2)
    assert world.owners == {"two": {"f:numeric": {}}}


def test_shared_field_stays_until_the_last_owner_leaves() -> None:
    world = World()
    world.apply("one", numeric=1, string="s")
    world.apply("two", numeric=1)
    world.apply("one", string="s")
    assert world.fields == {"numeric": 1, "string": "s"}
    world.apply("two")
    assert world.fields == {"string": "s"}
    assert world.owners == {"one": {"f:string": {}}}


def test_field_shared_with_an_updater_stays() -> None:
    world = World()
    world.apply("one", map={"a": "x"})
    world.update("updater", map={"a": "y", "b": "z"})
    world.apply("one", force=True, map={"a": "y"})
    world.apply("one")
    assert world.fields == {"map": {"a": "y", "b": "z"}}
    assert world.owners == {"updater": {"f:map": {"f:a": {}, "f:b": {}}}}


def test_forced_field_stays_removed_from_its_former_owner() -> None:
    world = World()
    world.apply("one", map={"a": "x", "b": "x"})
    world.apply("two", force=True, map={"a": "y"})
    world.apply("two")
    assert world.fields == {"map": {"b": "x"}}
    assert world.owners == {"one": {"f:map": {"f:b": {}}}}


def test_set_items_are_owned_one_by_one() -> None:
    world = World()
    world.apply("one", set=["a", "b"])
    world.apply("two", set=["b", "c"])
    world.apply("one", set=["a"])
    assert world.fields == {"set": ["a", "b", "c"]}
    world.apply("one", set=["d"])
    assert sorted(world.fields["set"]) == ["b", "c", "d"]
    assert world.owners == {
        "one": {"f:set": {'v:"d"': {}}},
        "two": {"f:set": {'v:"b"': {}, 'v:"c"': {}}},
    }


@pytest.mark.parametrize(
    ("live", "config", "merged"),
    [
        (list("abcd"), list("abcd"), list("abcd")),
        (list("abcd"), list("dcba"), list("dcba")),
        (list("abd"), list("ac"), list("acbd")),
        (list("abcde"), list("eb"), list("aebcd")),
        (list("ab"), list("xaby"), list("xaby")),
        (list("aceg"), list("bdf"), list("acegbdf")),
        (list("1234"), list("1425"), list("13425")),
    ],
)
def test_merged_list_respects_both_orders(
    live: list[str], config: list[str], merged: list[str]
) -> None:
    world = World()
    world.apply("one", set=live)
    world.apply("two", set=config)
    got = world.fields["set"]
    assert sorted(got) == sorted({*live, *config})
    wanted = [each for each in got if each in config]
    assert wanted == config
    assert sorted(got) == sorted(merged)


def test_map_list_items_merge_by_key() -> None:
    world = World()
    world.apply("one", list=[{"name": "a", "value": 1}, {"name": "b", "value": 2}])
    world.apply("two", list=[{"name": "c", "value": 3}, {"name": "b", "b": "x"}])
    assert {each["name"]: each for each in world.fields["list"]} == {
        "a": {"name": "a", "value": 1},
        "b": {"name": "b", "value": 2, "b": "x"},
        "c": {"name": "c", "value": 3},
    }
    world.apply("one", list=[{"name": "a", "value": 1}])
    # The item stays, for two owns it; what only one owned goes.
    assert {"name": "b", "b": "x"} in world.fields["list"]


def test_item_goes_with_its_applier_whatever_an_updater_added_to_it() -> None:
    world = World()
    world.apply("one", list=[{"name": "a"}, {"name": "b", "value": 1}])
    world.update("ctl", list=[{"name": "a"}, {"name": "b", "value": 1, "b": "x"}])
    world.apply("one", list=[{"name": "a"}])
    assert world.fields == {"list": [{"name": "a"}]}
    assert "ctl" not in world.owners


def test_item_that_another_applies_keeps_what_an_updater_added() -> None:
    world = World()
    world.apply("one", list=[{"name": "a"}, {"name": "b", "value": 1}])
    world.apply("two", list=[{"name": "b"}])
    world.update("ctl", list=[{"name": "a"}, {"name": "b", "value": 1, "b": "x"}])
    world.apply("one", list=[{"name": "a"}])
    assert world.fields == {"list": [{"name": "a"}, {"name": "b", "b": "x"}]}


def test_emptied_struct_keeps_what_an_updater_added() -> None:
    world = World()
    world.apply("one", struct={"string": "a"})
    world.update("ctl", struct={"string": "a", "numeric": 1})
    world.apply("one", struct={})
    assert world.fields == {"struct": {"numeric": 1}}


def test_null_struct_is_owned_as_it_is() -> None:
    world = World()
    world.apply("one", struct={"string": "a"})
    world.apply("one", struct=None)
    assert world.fields == {"struct": None}
    assert world.owners == {"one": {"f:struct": {}}}


def test_absent_key_takes_its_default() -> None:
    world = World()
    world.apply("one", ports=[{"port": 80}, {"port": 80, "protocol": "UDP"}])
    assert world.owners == {
        "one": {
            "f:ports": {
                'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}},
                'k:{"port":80,"protocol":"UDP"}': {
                    ".": {},
                    "f:port": {},
                    "f:protocol": {},
                },
            }
        }
    }


def test_defaulted_key_meets_the_one_written_out() -> None:
    world = World()
    world.apply("one", ports=[{"port": 80, "protocol": "TCP", "name": "foo"}])
    assert world.conflicts("two", ports=[{"port": 80, "name": "bar"}]) == [
        ('"one"', '.ports[port=80,protocol="TCP"].name')
    ]


@pytest.mark.parametrize(
    "ports",
    [
        [{"port": 80}, {"port": 80}],
        [{"port": 80}, {"port": 80, "protocol": "TCP"}],
    ],
)
def test_repeated_keys_are_refused(ports: list[Any]) -> None:
    with pytest.raises(SchemaMismatchError, match="duplicate entries for key"):
        World().apply("one", ports=ports)


def test_integer_and_float_keys_are_one_item() -> None:
    world = World()
    world.apply("one", ports=[{"port": 80, "name": "x"}])
    world.apply("two", ports=[{"port": 80.0, "name": "x"}])
    assert len(world.fields["ports"]) == 1


def test_atomic_list_is_taken_whole() -> None:
    world = World()
    world.apply("one", atomic=["a", "b"])
    world.apply("one", atomic=["a"])
    assert world.fields == {"atomic": ["a"]}
    assert world.conflicts("two", atomic=["a", "c"]) == [('"one"', ".atomic")]
    assert world.owners == {"one": {"f:atomic": {}}}


def test_nested_maps_are_owned_by_leaf() -> None:
    world = World()
    world.apply("one", maps={"a": {"numeric": 1}})
    world.apply("two", maps={"a": {"string": "x"}, "b": {}})
    assert world.owners == {
        "one": {"f:maps": {"f:a": {".": {}, "f:numeric": {}}}},
        "two": {"f:maps": {"f:a": {".": {}, "f:string": {}}, "f:b": {}}},
    }
    world.apply("two", maps={"b": {}})
    assert world.fields == {"maps": {"a": {"numeric": 1}, "b": {}}}


def test_map_of_sets_drops_the_emptied_entry() -> None:
    world = World()
    world.apply("one", sets={"a": ["x"], "b": ["y"]})
    world.apply("one", sets={"a": ["x", "z"]})
    assert world.fields == {"sets": {"a": ["x", "z"]}}


def test_struct_goes_with_its_last_field() -> None:
    world = World()
    world.apply("one", struct={"numeric": 1}, string="keep")
    world.apply("one", string="keep")
    assert world.fields == {"string": "keep"}


def test_removal_by_update_takes_it_from_every_owner() -> None:
    world = World()
    world.apply("one", map={"a": "1", "b": "2"})
    world.update("ctl", map={"b": "2"})
    assert world.owners == {"one": {"f:map": {"f:b": {}}}}


def test_update_that_changes_nothing_owns_nothing() -> None:
    world = World()
    world.apply("one", numeric=1)
    before = world.entries
    world.update("ctl", numeric=1)
    assert world.entries == before


def test_apply_that_changes_nothing_keeps_its_time() -> None:
    world = World()
    world.apply("one", numeric=1, set=["a"])
    before = world.entries
    world.apply("one", numeric=1, set=["a"])
    assert world.entries == before


def test_struct_that_became_atomic_conflicts_whole() -> None:
    world = World()
    world.apply("one", struct={"numeric": 1})
    world.schema = ATOMIC
    assert world.conflicts("two", struct={"string": "s"}) == [('"one"', ".struct")]
    world.apply("two", force=True, struct={"string": "s"})
    assert world.fields == {"struct": {"string": "s"}}
    assert world.owners == {"two": {"f:struct": {}}}


def test_struct_that_became_granular_is_shared_by_field() -> None:
    world = World(schema=ATOMIC)
    world.apply("one", struct={"numeric": 1, "string": "a"})
    assert world.conflicts("two", struct={"string": "b"}) == [('"one"', ".struct")]
    world.schema = GRANULAR
    world.apply("two", struct={"string": "b"})
    assert world.fields == {"struct": {"numeric": 1, "string": "b"}}
    assert world.owners == {
        "one": {"f:struct": {}},
        "two": {"f:struct": {"f:string": {}}},
    }


def test_without_schema_maps_are_granular_and_lists_atomic() -> None:
    world = World(schema=None)
    world.apply("one", a={"b": 1, "l": [{"name": "x"}]})
    world.apply("two", a={"c": {"d": True}})
    assert world.owners == {
        "one": {"f:a": {".": {}, "f:b": {}, "f:l": {}}},
        "two": {"f:a": {".": {}, "f:c": {".": {}, "f:d": {}}}},
    }
    world.apply("one", a={"l": [{"name": "y"}]})
    assert world.fields == {"a": {"l": [{"name": "y"}], "c": {"d": True}}}


def test_untyped_value_may_change_its_kind() -> None:
    world = World(schema=None)
    world.apply("one", a={"b": 1})
    world.apply("one", a="text")
    assert world.fields == {"a": "text"}
    world.apply("one", a=[1, {"b": 2}])
    assert world.fields == {"a": [1, {"b": 2}]}
    assert world.owners == {"one": {"f:a": {}}}


def test_stored_duplicates_are_kept_and_owned_as_one() -> None:
    world = World()
    twice = [{"port": 80, "name": "1"}, {"port": 80, "name": "2"}]
    world.update("ctl", ports=twice)
    assert world.owners == {
        "ctl": {"f:ports": {".": {}, 'k:{"port":80,"protocol":"TCP"}': {}}}
    }
    world.apply("one", ports=[{"port": 443}])
    assert world.fields["ports"] == [*twice, {"port": 443}]


def test_first_apply_to_an_untracked_object_names_what_was_there() -> None:
    world = World()
    world.live = {
        "apiVersion": "v1",
        "kind": "O",
        "metadata": {"uid": "1"},
        "string": "s",
    }
    world.apply("one", numeric=1)
    assert world.owners == {
        "one": {"f:numeric": {}},
        "before-first-apply": {"f:string": {}},
    }


def test_eleventh_updater_makes_the_oldest_ancient() -> None:
    world = World()
    for number in range(12):
        data = {f"k{each:02d}": "v" for each in range(number + 1)}
        world.update(f"m{number:02d}", map=data)
    assert len(world.entries) == 10
    ancient: dict[str, Any] = {
        "f:map": {".": {}, "f:k00": {}, "f:k01": {}, "f:k02": {}}
    }
    assert world.owners["ancient-changes"] == ancient
