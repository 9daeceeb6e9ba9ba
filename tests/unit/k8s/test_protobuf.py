"""Bodies that the real libraries made, and bodies that nobody's library makes."""

import base64
import json
import shutil
from typing import Any

import pytest

from homeostat.api import GroupVersionKind
from homeostat.apiserver._normal import normalise
from homeostat.k8s import WireError, from_protobuf, resources, schema_of
from homeostat.k8s._table import server_version, table
from tests.harness.protobuf import body, field
from tools.k8s import messages, protos
from tools.k8s.gotypes import module_cache

KEPT = messages.read()
CASES: list[dict[str, Any]] = [json.loads(line) for line in KEPT.splitlines()]
CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
DEEP = GroupVersionKind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")


def _go_is_here() -> bool:
    if not shutil.which("go"):
        return False
    version = "v0." + server_version().removeprefix("v1.")
    return (module_cache() / "k8s.io" / f"client-go@{version}").is_dir()


needs_go = pytest.mark.skipif(not _go_is_here(), reason="needs Go and its modules")


@pytest.mark.parametrize("kind", messages.kinds(), ids=lambda kind: kind[2])
def test_a_body_is_what_its_json_is(kind: list[str]) -> None:
    gvk = GroupVersionKind(*kind)
    schema = schema_of(gvk)
    assert schema is not None
    cases = [case for case in CASES if case["kind"] == kind]
    assert {case["name"] for case in cases} >= {"empty", "zeros", "full", "some"}
    for case in cases:
        expected = case["json"]
        assert not normalise(expected, schema, gvk.kind)
        assert from_protobuf(base64.b64decode(case["protobuf"]), gvk) == expected


def test_every_kind_that_is_served_has_bodies() -> None:
    made = {GroupVersionKind(*kind) for kind in messages.kinds()}
    assert {resource.gvk for resource in resources()} <= made


@pytest.mark.kube
@needs_go
def test_bodies_are_what_the_libraries_make_today() -> None:
    assert messages.make() == KEPT


@pytest.mark.kube
@needs_go
def test_the_table_has_the_numbers_of_the_proto_files() -> None:
    assert protos.differences(table()) == []


@pytest.mark.parametrize("gvk", [CONFIG_MAP, DEEP], ids=str)
def test_a_body_that_is_cut_short_is_refused_or_read(gvk: GroupVersionKind) -> None:
    case = next(c for c in CASES if (c["kind"][2], c["name"]) == (gvk.kind, "zeros"))
    whole = base64.b64decode(case["protobuf"])
    for stop in range(0, len(whole), max(1, len(whole) // 500)):
        try:
            from_protobuf(whole[:stop], gvk)
        except WireError:
            continue


def test_a_body_with_any_byte_changed_is_refused_or_read() -> None:
    case = next(c for c in CASES if (c["kind"][2], c["name"]) == ("Service", "zeros"))
    whole = base64.b64decode(case["protobuf"])
    for place in range(len(whole)):
        for byte in (0, 7, 127, 128, 255, whole[place] ^ 1):
            changed = whole[:place] + bytes([byte]) + whole[place + 1 :]
            try:
                from_protobuf(changed, GroupVersionKind("", "v1", "Service"))
            except WireError:
                continue


def test_a_bomb_of_messages_is_refused() -> None:
    raw = b""
    # More levels than frames, even where a custom resource made room for itself.
    for _ in range(6_000):
        raw = field(28, raw)
    # spec.versions[].schema.openAPIV3Schema.not.not.not...
    for number in (1, 4, 7, 2):
        raw = field(number, raw)
    with pytest.raises(WireError, match="nested too deeply"):
        from_protobuf(body("", "", raw), DEEP)


def test_a_length_that_lies_takes_no_memory() -> None:
    for size in (b"\xff" * 4 + b"\x07", b"\xff" * 8 + b"\x7f"):
        with pytest.raises(WireError, match=r"unexpected EOF|negative length"):
            from_protobuf(body("v1", "ConfigMap", b"\x0a" + size), CONFIG_MAP)


def test_numbers_come_packed_or_one_by_one() -> None:
    pod = GroupVersionKind("", "v1", "Pod")
    # spec.securityContext.supplementalGroups
    for groups in (field(4, b"\x01\x02"), b"\x20\x01\x20\x02"):
        read = from_protobuf(body("", "", field(2, field(14, groups))), pod)
        assert read["spec"]["securityContext"]["supplementalGroups"] == [1, 2]


def test_what_comes_twice_is_merged_or_replaced() -> None:
    name, labels = field(1, b"a"), field(11, field(1, b"x"))
    raw = field(1, name + labels) + field(1, field(1, b"b"))
    assert from_protobuf(body("", "", raw), CONFIG_MAP)["metadata"] == {
        "name": "b",
        "labels": {"x": ""},
    }
