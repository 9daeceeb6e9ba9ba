"""What an answer is written in: by which clause of Accept, for whom, how small."""

import gzip
import json
from typing import Any

import pytest
import yaml

from tests.harness.objects import config_map
from tests.harness.server import Server

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.fixture
async def path(server: Server) -> str:
    """The path of a ConfigMap."""
    (await server.post(server.core("configmaps"), config_map("a", {"x": "1"}))).ok(201)
    return server.core("configmaps/a")


@pytest.mark.parametrize(
    ("accept", "media", "kind"),
    [
        ("", "json", "ConfigMap"),
        ("*/*", "json", "ConfigMap"),
        ("application/json;charset=utf-8", "json", "ConfigMap"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "json", "ConfigMap"),
        ("application/json;q=0.1,application/yaml", "yaml", "ConfigMap"),
        ("application/yaml;q=0,application/json;q=0.1", "json", "ConfigMap"),
        # What is named goes before what is not, whatever its quality.
        ("*/*;q=0.8, application/yaml;q=0.5", "yaml", "ConfigMap"),
        ("application/yaml", "yaml", "ConfigMap"),
        (TABLE, "json", "Table"),
        (TABLE.replace(";", " ; "), "json", "Table"),
        (TABLE.replace("json", "yaml"), "yaml", "Table"),
        (TABLE.replace("application/json", "*/*"), "json", "Table"),
        (TABLE.replace("Table", "Nope") + ",application/json", "json", "ConfigMap"),
        (TABLE.replace("v=v1", "v=v2") + ",application/yaml", "yaml", "ConfigMap"),
    ],
)
async def test_first_clause_that_is_served(
    server: Server, path: str, accept: str, media: str, kind: str
) -> None:
    answer = await server.get(path, headers={"accept": accept})
    assert answer.status == 200
    assert answer.headers["content-type"] == f"application/{media}"
    read = json.loads(answer.body) if media == "json" else yaml.safe_load(answer.body)
    assert read["kind"] == kind


@pytest.mark.parametrize(
    ("accept", "reason"),
    [
        ("text/html", "406: Not Acceptable"),
        ("*", "406: Not Acceptable"),
        ("application/*", "406: Not Acceptable"),
        ("application/JSON", "406: Not Acceptable"),
        (TABLE.replace("Table", "Nope"), "only the following media types are accepted"),
        ("application/json;as=Table", "only the following media types are accepted"),
        ("application/json;stream=x", "only the following media types are accepted"),
        ("application/json;v=v1", "only the following media types are accepted"),
    ],
)
async def test_nothing_that_is_served(
    server: Server, path: str, accept: str, reason: str
) -> None:
    answer = await server.get(path, headers={"accept": accept})
    answer.refused(406, "NotAcceptable")
    assert answer.json["message"].startswith(reason)


@pytest.mark.parametrize(
    ("headers", "query", "pretty"),
    [
        ({}, {}, False),
        ({}, {"pretty": "true"}, True),
        ({}, {"pretty": "false"}, False),
        ({"accept": "application/json;pretty=1"}, {"pretty": "0"}, True),
        ({"user-agent": "curl/8"}, {}, True),
        ({"user-agent": "curl/8"}, {"pretty": "0"}, False),
    ],
)
async def test_pretty_for_people(
    server: Server, path: str, headers: Any, query: Any, pretty: bool
) -> None:
    answer = await server.get(path, headers=headers, **query)
    lines = json.dumps(answer.ok(), indent=2)
    short = json.dumps(answer.json, separators=(",", ":")) + "\n"
    assert answer.text == (lines if pretty else short)


async def test_refusals_are_encoded_too(server: Server) -> None:
    path = server.core("configmaps/none")
    as_yaml = await server.get(path, headers={"accept": "application/yaml"})
    assert as_yaml.headers["content-type"] == "application/yaml"
    assert yaml.safe_load(as_yaml.body)["reason"] == "NotFound"
    # A refusal has no other form, and so is for people.
    as_table = await server.get(path, headers={"accept": TABLE})
    assert as_table.text == json.dumps(as_table.json, indent=2)
    discovery = await server.get("/apis/apps", headers={"accept": "application/yaml"})
    assert yaml.safe_load(discovery.body)["kind"] == "APIGroup"


async def test_large_answers_are_compressed(server: Server) -> None:
    path = server.core("configmaps")
    (await server.post(path, config_map("a", {"x": "y" * 140_000}))).ok(201)
    plain = await server.get(path, headers={"accept-encoding": "identity"})
    packed = await server.get(path, headers={"accept-encoding": "br, gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    # An HTTP client has unpacked it by now.
    sent = packed.body
    assert plain.body == (sent if sent[:1] == b"{" else gzip.decompress(sent))
    small = await server.get(
        path, headers={"accept-encoding": "gzip"}, fieldSelector="metadata.name=none"
    )
    assert "content-encoding" not in small.headers
