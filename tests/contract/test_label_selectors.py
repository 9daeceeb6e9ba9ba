"""labelSelector: every operator, and the parser's words."""

import pytest

from tests.harness.objects import config_map, names
from tests.harness.server import Server

LABELS: dict[str, dict[str, str]] = {
    "e": {"x": "1"},
    "d": {"x": "2"},
    "c": {"x": "3", "y": ""},
    "b": {"y": "b"},
    "a": {},
}


@pytest.fixture
async def path(server: Server) -> str:
    """A path with a labelled ConfigMap for each entry of LABELS."""
    for name, labels in LABELS.items():
        body = config_map(name, labels=labels)
        (await server.post(server.core("configmaps"), body)).ok(201)
    return server.core("configmaps")


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("", "abcde"),
        ("x", "cde"),
        ("!x", "ab"),
        ("x=1", "e"),
        ("x==1", "e"),
        (" x = 1 ", "e"),
        ("x!=1", "abcd"),
        ("x!=", "abcde"),
        ("x in (1,2)", "de"),
        ("x in (1, 2)", "de"),
        ("x in (,1)", "e"),
        ("x notin (1,2)", "abc"),
        ("x notin (3),y", "b"),
        ("x,y", "c"),
        ("!x,y", "b"),
        ("x>1", "cd"),
        ("x<3", "de"),
        ("x>0,x<3", "de"),
        ("y=", "c"),
        ("y in ()", "c"),
        ("nope=1", ""),
    ],
)
async def test_selector_selects(
    server: Server, path: str, selector: str, expected: str
) -> None:
    document = (await server.get(path, labelSelector=selector)).ok()
    assert names(document) == list(expected)


FOUND = "unable to parse requirement: found "


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("x in (1", FOUND + "'', expected: ',' or ')'"),
        ("x=1,", "found '', expected: identifier after ','"),
        ("a b", FOUND + "'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("=", "found '=', expected: !, identifier, or 'end of string'"),
        (",", "found ',', expected: !, identifier, or 'end of string'"),
        ("x===1", FOUND + "'=', expected: identifier"),
        ("x in 1", FOUND + "'1' expected: '('"),
        ("!", FOUND + "'', expected: identifier"),
        (
            "x>a",
            (
                'unable to parse requirement: values[0]: Invalid value: "a": for'
                " 'Gt',"
                " 'Lt' operators, the value must be an integer"
            ),
        ),
        (
            "x=-",
            (
                'unable to parse requirement: values[0][x]: Invalid value: "-": a valid'
                " label must be an empty string or consist of alphanumeric characters,"
                " '-',"
                " '_' or '.', and must start and end with an alphanumeric character"
                " (e.g."
                " 'MyValue',  or 'my_value',  or '12345', regex used for validation is"
                " '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
            ),
        ),
        (
            "a/b/c=1",
            (
                'unable to parse requirement: <nil>: Invalid value: "a/b/c": a valid'
                " label"
                " key must consist of alphanumeric characters, '-', '_' or '.', and"
                " must"
                " start and end with an alphanumeric character (e.g. 'MyName',  or"
                " 'my.name',  or '123-abc', regex used for validation is"
                " '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS"
                " subdomain prefix and '/' (e.g. 'example.com/MyName')"
            ),
        ),
        (
            "X.y/z=1",
            (
                'unable to parse requirement: <nil>: Invalid value: "X.y/z": prefix'
                " part a"
                " lowercase RFC 1123 subdomain must consist of lower case alphanumeric"
                " characters, '-' or '.', and must start and end with an alphanumeric"
                " character (e.g. 'example.com', regex used for validation is"
                r" '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
            ),
        ),
    ],
)
@pytest.mark.parametrize("verb", ["list", "delete"])
async def test_bad_selector_is_a_bad_request(
    server: Server, selector: str, message: str, verb: str
) -> None:
    method = {"list": "GET", "delete": "DELETE"}[verb]
    path = server.core("configmaps")
    answer = await server.request(method, path, labelSelector=selector)
    answer.refused(400, "BadRequest", message)


async def test_bad_selector_refuses_a_watch(server: Server) -> None:
    answer = await server.try_watch(server.core("configmaps"), labelSelector="a b")
    answer.refused(400, "BadRequest")
