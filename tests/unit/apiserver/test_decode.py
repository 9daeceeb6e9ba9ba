import pytest

from homeostat.apiserver._decode_json import decode_json, duplicates
from homeostat.apiserver._decode_yaml import decode_yaml, yaml_duplicates
from homeostat.apiserver._nesting import MalformedError, TooDeepError


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "unexpected end of JSON input"),
        (b'{"a":', "unexpected end of JSON input"),
        (b'{"a":x}', "invalid character 'x' looking for beginning of value"),
        (b"{} x", "invalid character 'x' after top-level value"),
        (b"[" * 2_000 + b"]" * 2_000, "exceeded max depth"),
        (b"[" * 20_000, "exceeded max depth"),
    ],
)
def test_malformed_json_is_told_in_gos_words(body: bytes, text: str) -> None:
    with pytest.raises(MalformedError, match=text):
        decode_json("Widget", body, custom=True)


def test_duplicates_have_paths() -> None:
    body = b'{"a":1,"b":[{"c":1,"c":2}],"a":3}'
    assert duplicates(body) == ["b[0].c", "a"]
    assert duplicates(b'{"a":{"a":1}}') == []


def test_yaml_duplicates_are_found_in_block_style() -> None:
    assert yaml_duplicates(b"a: 1\nb:\n  c: 1\n  c: 2\n") == ["c"]
    assert yaml_duplicates(b"l:\n- a: 1\n- a: 2\n") == []


def test_aliases_cannot_blow_a_document_up() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    previous = "a"
    for name in "bcdefgh":
        lines.append(f"{name}: &{name} [{', '.join([f'*{previous}'] * 10)}]")
        previous = name
    with pytest.raises(MalformedError, match=r"values|aliasing"):
        decode_yaml("\n".join(lines).encode())


def test_yaml_keys_become_text() -> None:
    assert decode_yaml(b"1: a\ntrue: b\n") == {"1": "a", "true": "b"}


def test_duplicates_of_what_is_no_json_are_not_looked_for() -> None:
    assert duplicates(b"{a: 1, a: 2}") == []


def test_deep_yaml_is_refused() -> None:
    with pytest.raises(TooDeepError):
        decode_yaml(b"[" * 150 + b"]" * 150)
