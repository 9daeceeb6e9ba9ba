"""What kubectl reads, taken from the decoder that it uses (apimachinery 0.36)."""

import json

import pytest

from homeostat._yaml import YamlError, dump_all, load, load_all

READ = [
    ("a: 2024-01-01", {"a": "2024-01-01"}),
    ("a: 12:30", {"a": "12:30"}),
    ("a: 1:30:30", {"a": "1:30:30"}),
    ("a: 1e3", {"a": 1000}),
    ("a: .5", {"a": 0.5}),
    ("a: 5.", {"a": 5}),
    ("a: 1.", {"a": 1}),
    ("a: -.5", {"a": -0.5}),
    ("a: +.5", {"a": 0.5}),
    ("a: 1e+3", {"a": 1000}),
    ("a: 1E3", {"a": 1000}),
    ("a: 1.5e3", {"a": 1500}),
    ("a: 1_000", {"a": 1000}),
    ("a: 1_000.5", {"a": 1000.5}),
    ("a: 0x1F", {"a": 31}),
    ("a: 0o17", {"a": 15}),
    ("a: 017", {"a": 15}),
    ("a: 08", {"a": 8}),
    ("a: 0b11", {"a": 3}),
    ("a: -0x1", {"a": -1}),
    ("a: +1", {"a": 1}),
    ("a: -0", {"a": 0}),
    ("a: yes", {"a": True}),
    ("a: Yes", {"a": True}),
    ("a: on", {"a": True}),
    ("a: off", {"a": False}),
    ("a: y", {"a": True}),
    ("a: n", {"a": False}),
    ("a: Y", {"a": True}),
    ("a: N", {"a": False}),
    ("a: no", {"a": False}),
    ("a: NO", {"a": False}),
    ("a: true", {"a": True}),
    ("a: TRUE", {"a": True}),
    ("a: True", {"a": True}),
    ("a: tRUE", {"a": "tRUE"}),
    ("a: null", {"a": None}),
    ("a: ~", {"a": None}),
    ("a: Null", {"a": None}),
    ("a:", {"a": None}),
    ("a: ''", {"a": ""}),
    ("a: =", {"a": "="}),
    ("a: 1.0", {"a": 1}),
    ("a: 1.10", {"a": 1.1}),
    ("a: 10.0", {"a": 10}),
    ("a: 100000000000000000000", {"a": 100000000000000000000}),
    ("a: 9223372036854775807", {"a": 9223372036854775807}),
    ("a: 9223372036854775808", {"a": 9223372036854775808}),
    ("a: 18446744073709551615", {"a": 18446744073709551615}),
    ("a: 18446744073709551616", {"a": 18446744073709552000}),
    ("a: 1e21", {"a": 1e21}),
    ("a: 123456789.5", {"a": 123456789.5}),
    ("a: 1e400", {"a": "1e400"}),
    ("a: '1'", {"a": "1"}),
    ("a: !!str 1", {"a": "1"}),
    ('a: !!int "3"', {"a": 3}),
    ("a: !!float 3", {"a": 3}),
    ('a: !!float "1e3"', {"a": 1000}),
    ('a: !!bool "yes"', {"a": True}),
    ("a: !!binary aGk=", {"a": "hi"}),
    ("a: !!set {x}", {"a": {"x": None}}),
    ("a: !!timestamp 2024-01-01", {"a": "2024-01-01"}),
    ("a: !foo x", {"a": "x"}),
    ('a: "\\u00e9"', {"a": "é"}),
    ("a: 2024-01-01T10:00:00Z", {"a": "2024-01-01T10:00:00Z"}),
    ("a: 0.1.2", {"a": "0.1.2"}),
    ("a: 1.2.3.4", {"a": "1.2.3.4"}),
    ("a: 0xZZ", {"a": "0xZZ"}),
    ("a: e3", {"a": "e3"}),
    ("a: 1e", {"a": "1e"}),
    ("a: .", {"a": "."}),
    ("a: 12e03", {"a": 12000}),
    ("a: 0e0", {"a": 0}),
    ("a: 685_230.15", {"a": 685230.15}),
    ("a: 190:20:30.15", {"a": "190:20:30.15"}),
    ("a: 0777", {"a": 511}),
    ("a: 0o8", {"a": "0o8"}),
    ("a: 1__0", {"a": 10}),
    ("a: 0x_1", {"a": 1}),
    ("a: 00", {"a": 0}),
    ("a: 1.5E-3", {"a": 0.0015}),
    ("a: +12e03", {"a": 12000}),
    ("a: -2E+05", {"a": -200000}),
    ("a: 12.e1", {"a": 120}),
    ("a: [1, a: b]", {"a": [1, {"a": "b"}]}),
    ("a: {b, c}", {"a": {"b": None, "c": None}}),
    ("a: &x {b: 1}", {"a": {"b": 1}}),
    ("a: >-\n  foo", {"a": "foo"}),
    ("1: x", {"1": "x"}),
    ("true: x", {"true": "x"}),
    ("yes: x", {"true": "x"}),
    ("1.5: x", {"1.5": "x"}),
    ("2024-01-01: x", {"2024-01-01": "x"}),
    ("1e3: x", {"1000": "x"}),
    ("a: 1\na: 2", {"a": 2}),
    ("a: &x 1\nb: *x", {"a": 1, "b": 1}),
    ("<<: {b: 1}\na: 2", {"a": 2, "b": 1}),
    ("x", "x"),
    ("[1]", [1]),
    ("- 1", [1]),
    ("5", 5),
    ("a: 1\n...", {"a": 1}),
    ("a: {<<: [{b: 1},{c: 2}], b: 3}", {"a": {"b": 3, "c": 2}}),
    (
        "base: &b {x: 1}\na:\n  <<: *b\n  y: 2",
        {"a": {"true": 2, "x": 1}, "base": {"x": 1}},
    ),
    ('a: "\\x00"', {"a": "\x00"}),
    ("08: x", {"8": "x"}),
    ("on: x", {"true": "x"}),
    ("1_000: x", {"1000": "x"}),
    ("0x10: x", {"16": "x"}),
    ("-1: x", {"-1": "x"}),
    ("1.0: x", {"1": "x"}),
    ("a: 1 # c", {"a": 1}),
    ("a: '#'", {"a": "#"}),
    ("a: |\n  x\n  y\nb: c", {"a": "x\ny\n", "b": "c"}),
]
REFUSED = [
    "a: .inf\n",
    "a: .nan\n",
    "a: -.inf\n",
    "a: -\n",
    "null: x",
    "? [a]\n: x",
    "a: *nope",
    "a: b: c",
    "a:\n\tb: 1",
    "~: x",
]
TEXTS = [
    "y", "n", "1e3", "0o17", "08", "2024-01-01", "12:30", "1_000", "null", "~", "",
    "yes", "=", "<<", "0x1F", ".5", "a: b", "#", "- x", "x\ny\n", "x\n", "  x\n y",
    " \n", "\t", "é", "\x00", "'", '"', "1.5", "+1", "-", ".", "*a", "&a", "!a", "%a",
    "@a", "`a", "? a", "{", "[", "a ", " a", "1:30:30", "on", "Off", ".inf",
    "\U0001f600",
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), READ)
def test_reads_as_kubectl(text: str, value: object) -> None:
    # json.dumps tells 1 from 1.0 and from True.
    read = json.dumps(load_all(text), sort_keys=True)
    assert read == json.dumps([value], sort_keys=True)


@pytest.mark.parametrize("text", REFUSED)
def test_refuses_as_kubectl_with_the_line(text: str) -> None:
    with pytest.raises(YamlError, match=r"^line \d+: ") as caught:
        load_all(text)
    assert caught.value.line >= 1


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_that_was_written_is_read_as_that_text(text: str) -> None:
    document = {"a": text, text: [text]}
    assert load_all(dump_all([document])) == [document]


def test_documents_are_split_and_empty_ones_left_out() -> None:
    assert load_all("---\na: 1\n---\n---\n# c\n---\nb: 2\n") == [{"a": 1}, {"b": 2}]


def test_of_one_document_the_rest_is_not_read() -> None:
    assert load("a: 1\n---\nb: [") == {"a": 1}
    assert load('{"a": 1} x') == {"a": 1}
    assert load("---\n---\na: 1") is None
    assert load("# c\n") is None


def test_a_character_that_may_not_be_is_found_on_its_line() -> None:
    with pytest.raises(YamlError, match=r"^line 2: .* characters are not allowed$"):
        load_all("a: é\nb: \x01")


def test_concatenated_json_is_read() -> None:
    assert load_all('{"a": "\\ud83d\\ude00"}\n{"b": 2}') == [
        {"a": "\U0001f600"},
        {"b": 2},
    ]


def test_documents_are_written_in_block_style_in_their_order() -> None:
    text = dump_all([{"b": [{"c": "1"}], "a": {}}, {"script": "x\ny\n"}])
    assert text == "b:\n- c: '1'\na: {}\n---\nscript: |\n  x\n  y\n"


def test_an_alias_is_a_copy() -> None:
    (document,) = load_all("a: &x {b: 1}\nc: *x")
    document["a"]["b"] = 2
    assert document["c"] == {"b": 1}
    shared = {"x": 1}
    assert "&" not in dump_all([{"a": shared, "b": shared}])


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "{" * 100_000, '{"a":' * 100_000, "- " * 50_000 + "x"]
)
def test_deep_nesting_is_an_error_not_a_crash(text: str) -> None:
    with pytest.raises(YamlError, match="nested"):
        load_all(text)


def test_aliases_of_aliases_are_bounded() -> None:
    lines = ["a0: &a0 [1,1,1,1,1,1,1,1,1,1]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(YamlError, match="more than"):
        load_all("\n".join(lines))


def test_an_alias_inside_its_own_anchor_is_refused() -> None:
    with pytest.raises(YamlError, match="contains itself"):
        load_all("a: &x [*x]")
