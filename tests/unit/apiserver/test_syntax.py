import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.apiserver._syntax import complaint, whole_surrogates


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unexpected end of JSON input"),
        ("[1,2", "unexpected end of JSON input"),
        ('"a', "unexpected end of JSON input"),
        ("x", "invalid character 'x' looking for beginning of value"),
        ("[1,]", "invalid character ']' looking for beginning of value"),
        ("{} {", "invalid character '{' after top-level value"),
        ('{} "', "invalid character '\"' after top-level value"),
        ("{a:1}", "invalid character 'a' looking for beginning of object key string"),
        (
            '{"a":1,}',
            "invalid character '}' looking for beginning of object key string",
        ),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a":01}', "invalid character '1' after object key:value pair"),
        ("[1 2]", "invalid character '2' after array element"),
        ("tr", "invalid character ' ' in literal true (expecting 'u')"),
        ("nope", "invalid character 'o' in literal null (expecting 'u')"),
        ("-", "invalid character ' ' in numeric literal"),
        ("1.x", "invalid character 'x' after decimal point in numeric literal"),
        ("1.5e+", "invalid character ' ' in exponent of numeric literal"),
        ("1.5.", "invalid character '.' after top-level value"),
        ('"\n"', r"invalid character '\n' in string literal"),
        (r'"\x"', "invalid character 'x' in string escape code"),
        (r'"\u12', r"invalid character ' ' in \u hexadecimal character escape"),
        ("{}\x07", r"invalid character '\a' after top-level value"),
        ("{'a':1}", r"invalid character '\'' looking for beginning of object key"),
        ("é", "invalid character 'Ã' looking for beginning of value"),
        ("[" * 10_001, "invalid character '[' exceeded max depth"),
        ('{"a":' * 10_001, "invalid character '{' exceeded max depth"),
        ('{"a":[' * 5_000, "unexpected end of JSON input"),
    ],
)
def test_complaint_is_in_gos_words(text: str, message: str) -> None:
    assert complaint(text.encode()).startswith(message)


@pytest.mark.parametrize(
    "text", ["1", " [] ", "-0.5E+10", '{"a":[1,{"b":null}],"c":"\\u00e9"}', "[" * 10]
)
def test_good_text_is_not_complained_of(text: str) -> None:
    whole = text + "]" * 10 if text == "[" * 10 else text
    assert complaint(whole.encode()) == ""


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    st.data(),
)
def test_what_python_reads_is_not_complained_of(
    value: object, data: st.DataObject
) -> None:
    body = json.dumps(value).replace("NaN", "0").replace("Infinity", "1").encode()
    assert complaint(body) == ""
    # And what Python does not read is: a text with a part missing.
    start = data.draw(st.integers(0, len(body)))
    torn = body[:start] + body[start + data.draw(st.integers(1, 3)) :]
    try:
        json.loads(torn, strict=True)
    except ValueError:
        assert complaint(torn)
    else:
        assert complaint(torn) == ""


def test_half_a_pair_is_replaced() -> None:
    body = rb'"\ud800 \ud83d\ude00 \udc00\ud83d \\ud800 \ud800\ud83d\ude00"'
    assert (
        json.loads(whole_surrogates(body)) == "\ufffd 😀 \ufffd\ufffd \\ud800 \ufffd😀"
    )


@pytest.mark.parametrize("text", [b"[],", b"1,", b'"",', b'"\\u0000",', b"{},", b"[["])
def test_time_is_linear(text: bytes) -> None:
    body = b"[" + text * (1_000_000 // len(text))
    before = time.process_time()
    assert complaint(body)
    assert time.process_time() - before < 5
