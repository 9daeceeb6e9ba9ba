"""Tables: what ``kubectl get`` shows, cell by cell."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from homeostat.k8s import resources
from tests.contract.printed import TABLES, Printed, printed
from tests.harness.objects import config_map, deployment, pod
from tests.harness.server import Server, attempts
from tests.harness.widgets import CRDS, crd, establish

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
AS_TABLE = {"accept": TABLE}
INITIAL = {
    "sendInitialEvents": True,
    "resourceVersionMatch": "NotOlderThan",
    "allowWatchBookmarks": True,
    "fieldSelector": "metadata.name!=kube-root-ca.crt",
}

_AGO = re.compile(r'"(AGO|MICRO) (\d+)"')


def _filled(server: Server, value: Any) -> Any:
    """Return an object of this test: in its namespace, with times of today."""
    now = datetime.now(UTC)

    def time(match: re.Match[str]) -> str:
        when = now - timedelta(seconds=int(match[2]))
        micro = ".000000" if match[1] == "MICRO" else ""
        return f'"{when:%Y-%m-%dT%H:%M:%S}{micro}Z"'

    text = json.dumps(value).replace("NS", server.namespace)
    return json.loads(_AGO.sub(time, text))


def _masked(server: Server, cells: list[Any]) -> list[Any]:
    masked: list[Any] = []
    for cell in cells:
        if isinstance(cell, str):
            shown = re.sub(r"^\d+s$", "AGE", server.plain(cell))
            shown = re.sub(r"[0-9a-f-]{36}", "UID", shown)
            masked.append(re.sub(r"^20\d\d-.*Z$", "TIME", shown))
        else:
            masked.append(cell)
    return masked


async def _cells(server: Server, shown: Printed) -> list[Any]:
    path, body = _filled(server, [shown.path, shown.body])
    made = (await server.post(path, body)).ok(201)
    name = made["metadata"]["name"]
    where = f"{path}/{name}"
    if shown.status is not None:
        change = {"status": _filled(server, shown.status)}
        (await server.merge(f"{where}/status", change)).ok()
    if shown.deleted:
        (await server.delete(where)).ok()
    table = (await server.get(where, headers=AS_TABLE)).ok()
    await server.delete(where, gracePeriodSeconds=0)
    (row,) = table["rows"]
    assert row["object"]["metadata"]["name"] == name
    return _masked(server, row["cells"])


SUBJECTS = (
    "access",
    "cluster",
    "configuration",
    "network",
    "scaling",
    "storage",
    "workloads",
)


@pytest.mark.parametrize("subject", SUBJECTS)
async def test_cells_of_each_kind(server: Server, subject: str) -> None:
    objects = printed(subject)
    found = [await _cells(server, each) for each in objects]
    assert found == [each.cells for each in objects]


async def test_status_of_pods(server: Server) -> None:
    for each in printed("pods"):
        found = (await _cells(server, each))[:4]
        # Between the writing of a time and its showing a second or two may pass.
        assert found in [_later(each.cells, by) for by in range(4)]


def _later(cells: list[Any], seconds: int) -> list[Any]:
    def shifted(found: re.Match[str]) -> str:
        return f"{int(found[1]) + seconds}s ago"

    return [re.sub(r"(\d+)s ago", shifted, str(cell)) for cell in cells]


async def test_columns_of_each_kind(server: Server) -> None:
    golden = (TABLES / "columns.txt").read_text().splitlines()
    found = [
        f"{resource.gvk.api_version} {resource.plural}: "
        + await _columns(server, resource.path(_where(server, resource.namespaced)))
        for resource in resources()
        if "list" in resource.verbs
    ]
    assert found == golden


def _where(server: Server, namespaced: bool) -> str:
    return server.namespace if namespaced else ""


async def _columns(server: Server, path: str) -> str:
    table = (await server.get(path, headers=AS_TABLE, limit=1)).ok()
    return "|".join(
        ("*" if column["priority"] else "")
        + column["name"]
        + ("" if column["type"] == "string" else f":{column['type']}")
        + ("" if not column["format"] else f"/{column['format']}")
        for column in table["columnDefinitions"]
    )


@pytest.fixture
async def a(server: Server) -> Any:
    """A ConfigMap of the name a."""
    path = server.core("configmaps")
    return (await server.post(path, config_map("a", {"x": "1"}))).ok(201)


async def test_list_is_a_table_with_its_metadata(server: Server, a: Any) -> None:
    (await server.post(server.core("configmaps"), config_map("b"))).ok(201)
    query = {"limit": 1, "fieldSelector": ""}
    answer = await server.get(server.core("configmaps"), headers=AS_TABLE, **query)
    table = answer.ok()
    assert answer.headers["content-type"] == "application/json"
    assert list(table) == [
        "kind",
        "apiVersion",
        "metadata",
        "columnDefinitions",
        "rows",
    ]
    assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    assert list(table["metadata"]) == [
        "resourceVersion",
        "continue",
        "remainingItemCount",
    ]
    partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
    (row,) = table["rows"]
    assert row["object"] == {**partial, "metadata": a["metadata"]}


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
@pytest.mark.parametrize("include", ["None", "Metadata", "Object"])
async def test_rows_include_what_is_asked_for(
    server: Server, a: Any, include: str, version: str
) -> None:
    headers = {"accept": TABLE.replace("v=v1", f"v={version}")}
    path = server.core("configmaps/a")
    table = (await server.get(path, headers=headers, includeObject=include)).ok()
    assert table["metadata"] == {"resourceVersion": a["metadata"]["resourceVersion"]}
    api_version = f"meta.k8s.io/{version}"
    assert table["apiVersion"] == api_version
    partial = {"kind": "PartialObjectMetadata", "apiVersion": api_version}
    expected = {
        "None": None,
        "Metadata": {**partial, "metadata": a["metadata"]},
        "Object": a,
    }
    (row,) = table["rows"]
    assert row["object"] == expected[include]


async def test_unknown_part_is_not_included(server: Server, a: Any) -> None:
    path = server.core("configmaps/a")
    text = (
        'Unable to convert to Table as requested: includeObject: Invalid value: "X": '
        "must be 'Metadata', 'Object', 'None', or empty"
    )
    answer = await server.get(path, headers=AS_TABLE, includeObject="X")
    answer.refused(400, "BadRequest", text)


async def test_ended_pod_says_so_beside_its_cells(server: Server) -> None:
    path = server.core("pods")
    (await server.post(path, pod("p"))).ok(201)
    (await server.merge(f"{path}/p/status", {"status": {"phase": "Failed"}})).ok()
    (row,) = (await server.get(f"{path}/p", headers=AS_TABLE)).ok()["rows"]
    assert row["conditions"] == [
        {
            "type": "Completed",
            "status": "True",
            "reason": "Failed",
            "message": "The pod failed.",
        }
    ]


async def test_empty_lists_have_rows_or_null(server: Server) -> None:
    pods = (await server.get(server.core("pods"), headers=AS_TABLE)).ok()
    limits = (await server.get(server.core("limitranges"), headers=AS_TABLE)).ok()
    assert (pods["rows"], limits["rows"]) == ([], None)


async def test_scale_and_status_are_tables_too(server: Server) -> None:
    (await server.post(server.apps("deployments"), deployment("d", replicas=2))).ok(201)
    scale = (
        await server.get(server.apps("deployments/d/scale"), headers=AS_TABLE)
    ).ok()
    status = await server.get(server.apps("deployments/d/status"), headers=AS_TABLE)
    assert _masked(server, scale["rows"][0]["cells"]) == ["d", 2, 0, "AGE"]
    assert status.ok()["rows"][0]["cells"][:2] == ["d", "0/2"]


async def test_what_is_written_comes_back_as_table(server: Server) -> None:
    path = server.core("configmaps")
    made = (await server.post(path, config_map("n"), headers=AS_TABLE)).ok(201)
    assert made["rows"][0]["cells"][:2] == ["n", 0]
    gone = (await server.delete(f"{path}/n", headers=AS_TABLE)).ok()
    assert gone["kind"] == "Status"


async def test_watch_defines_columns_once(server: Server, a: Any) -> None:
    path = server.core("configmaps")
    async with server.watch(path, headers=AS_TABLE, **INITIAL) as watch:
        _, first = await watch.next()
        kind, mark = await watch.next()
        (await server.delete(f"{path}/a")).ok()
        deleted, last = await watch.next()
    assert [c["name"] for c in first["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert first["metadata"]["resourceVersion"] == a["metadata"]["resourceVersion"]
    assert kind == "BOOKMARK"
    assert (mark["columnDefinitions"], last["columnDefinitions"]) == (None, None)
    (row,) = mark["rows"]
    assert row["cells"] == ["", 0, "<unknown>"]
    assert row["object"]["kind"] == "PartialObjectMetadata"
    ends = row["object"]["metadata"]["annotations"]
    assert ends == {"k8s.io/initial-events-end": "true"}
    assert (deleted, last["rows"][0]["cells"][0]) == ("DELETED", "a")


async def test_watch_has_rows_as_asked_for(server: Server, a: Any) -> None:
    path = server.core("configmaps")
    query = {**INITIAL, "includeObject": "None"}
    async with server.watch(path, headers=AS_TABLE, **query) as watch:
        _, first = await watch.next()
        _, mark = await watch.next()
    assert first["rows"][0]["object"] is None
    # But for what ends the initial events, whose object says so.
    assert mark["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    headers = {"accept": "application/yaml"}
    async with server.watch(path, headers=headers) as refused:
        assert refused.status == 406


# Type, path, and the cell.
COLUMNS: list[tuple[str, str, Any]] = [
    ("string", ".spec.s", "text"),
    ("string", ".spec.i", "3"),
    ("string", ".spec.f", "2.5"),
    ("string", ".spec.big", "1.2345675e+06"),
    ("string", ".spec.b", "true"),
    ("string", ".spec.none", "<no value>"),
    ("string", ".spec.empty", ""),
    ("string", ".spec.m", '{"a":[1,"\\u003cx\\u003e"],"z":1}'),
    ("string", ".spec.l", '["p",{"x":1},"q"]'),
    ("string", ".spec.l[0]", "p"),
    ("string", ".spec.l[-1]", "q"),
    ("string", ".spec.l[9]", None),
    ("string", ".spec.l[*]", "p"),
    ("string", ".spec.l[*].x", "1"),
    ("string", ".spec.l[1,0].x", "1"),
    ("string", ".spec.l[1:]", '{"x":1}'),
    ("string", ".spec.l[::2]", "p"),
    ("string", ".spec.html", "<a&b>"),
    ("string", ".metadata.labels.a\\.b/c", "L"),
    ("string", ".metadata.labels['a\\.b/c']", "L"),
    ("string", '.status.conditions[?(@.type=="Ready")].status', "True"),
    ("string", ".status.conditions[?(@.type=='Nope')].status", None),
    ("string", ".status.conditions[?(@.n>1)].type", "Ready"),
    ("string", ".status.conditions[?(@.n>1.5)].type", None),
    ("string", ".status.conditions[?(@.message)].type", "Ready"),
    ("string", ".status.conditions[?(@.b==true)].type", "Ready"),
    ("string", ".spec.m[?(@.a)]", None),
    ("string", ".status..n", "1"),
    ("string", ".spec.x.y.z", None),
    ("string", ".spec.s.t", None),
    ("string", ".a b", None),
    ("integer", ".spec.i", 3),
    ("integer", ".spec.f", 2),
    ("integer", ".spec.s", None),
    ("integer", ".spec.none", None),
    ("number", ".spec.i", 3),
    ("number", ".spec.f", 2.5),
    ("boolean", ".spec.b", True),
    ("boolean", ".spec.s", None),
    ("date", ".spec.s", "<invalid>"),
    ("date", ".spec.day", "<invalid>"),
    ("date", ".spec.empty", "<unknown>"),
    ("date", ".spec.time", "90m"),
    ("date", ".metadata.creationTimestamp", "AGE"),
]
_THING = {
    "metadata": {"name": "t", "labels": {"a.b/c": "L"}},
    "spec": {
        "s": "text",
        "i": 3,
        "f": 2.5,
        "big": 1234567.5,
        "b": True,
        "none": None,
        "empty": "",
        "html": "<a&b>",
        "day": "2020-01-01",
        "time": "AGO 5400",
        "m": {"z": 1, "a": [1, "<x>"]},
        "l": ["p", {"x": 1}, "q"],
    },
    "status": {
        "conditions": [
            {"type": "A", "status": "X", "n": 1, "b": False},
            {"type": "Ready", "status": "True", "n": 2, "message": "m", "b": True},
        ]
    },
}


async def _define(server: Server, name: str, columns: Any, **version: Any) -> str:
    """Define things with columns, and return their path."""
    group = f"{name}.{server.namespace}.example.com"
    more = {"additionalPrinterColumns": columns, **version}
    await establish(server, crd(group, version=more))
    path = server.path(f"{group}/v1", "things")
    async for _ in attempts():
        if (await server.get(path)).status == 200:
            break
    return path


async def test_cells_of_custom_columns(server: Server) -> None:
    columns = [
        {"name": f"{kind} {path}", "type": kind, "jsonPath": path}
        for kind, path, _ in COLUMNS
    ]
    scale = {"specReplicasPath": ".spec.i", "statusReplicasPath": ".status.r"}
    path = await _define(server, "a", columns, subresources={"scale": scale})
    group_version = path.removeprefix("/apis/").partition("/namespaces")[0]
    head = {"apiVersion": group_version, "kind": "Thing"}
    (await server.post(path, {**head, **_filled(server, _THING)})).ok(201)
    table = (await server.get(path, headers=AS_TABLE)).ok()
    cells = _masked(server, table["rows"][0]["cells"])
    assert dict(zip(columns_of(table), cells, strict=True)) == {
        "Name": "t",
        **{f"{kind} {path}": cell for kind, path, cell in COLUMNS},
    }
    scaled = (await server.get(f"{path}/t/scale", headers=AS_TABLE)).ok()
    assert columns_of(scaled) == ["Name", "Desired", "Available", "Age"]
    assert _masked(server, scaled["rows"][0]["cells"]) == ["t", 3, 0, "AGE"]


def columns_of(table: Any) -> list[str]:
    """Return the names of a table's columns."""
    return [column["name"] for column in table["columnDefinitions"]]


async def test_definitions_of_custom_columns(server: Server) -> None:
    text = {"type": "string", "jsonPath": ".spec.a"}
    columns = [
        {"name": "A", **text, "description": "told", "priority": 1, "format": "byte"},
        {"name": "B", **text},
        {"name": "C", "type": "string", "jsonPath": ".spec["},
        {"name": "D", **text},
    ]
    path = await _define(server, "b", columns)
    table = (await server.get(path, headers=AS_TABLE)).ok()
    # None from the first one on that cannot be read.
    assert table["columnDefinitions"][1:] == [
        {
            "name": "A",
            "type": "string",
            "format": "byte",
            "description": "told",
            "priority": 1,
        },
        {
            "name": "B",
            "type": "string",
            "format": "",
            "description": (
                "Custom resource definition column (in JSONPath format): .spec.a"
            ),
            "priority": 0,
        },
    ]
    plain = await _define(server, "c", [])
    assert columns_of((await server.get(plain, headers=AS_TABLE)).ok()) == [
        "Name",
        "Age",
    ]


FORMATS = "byte,date,date-time,double,float,int32,int64,password"


async def test_columns_are_checked(server: Server) -> None:
    columns = [{"name": "", "type": "text", "format": "name", "jsonPath": "spec"}]
    group = f"d.{server.namespace}.example.com"
    answer = await server.post(
        CRDS, crd(group, version={"additionalPrinterColumns": columns})
    )
    details = answer.refused(422, "Invalid")
    assert [(c["field"], c["message"]) for c in details["causes"]] == [
        ("spec.additionalPrinterColumns[0].name", "Required value"),
        (
            "spec.additionalPrinterColumns[0].type",
            'Invalid value: "text": must be one of boolean,date,integer,number,string',
        ),
        (
            "spec.additionalPrinterColumns[0].format",
            f'Invalid value: "name": must be one of {FORMATS}',
        ),
        (
            "spec.additionalPrinterColumns[0].JSONPath",
            'Invalid value: "spec": must be a simple json path starting with .',
        ),
    ]
