from typing import Any

import pytest

from homeostat.schema import (
    OMITTED,
    FieldError,
    aggregate,
    causes,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
    too_many,
    type_invalid,
)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (invalid("a.b", 11, "too big"), "a.b: Invalid value: 11: too big"),
        (invalid("a", "x", ""), 'a: Invalid value: "x"'),
        (invalid("a", 'q"\n\x01\u00e9', "d"), 'a: Invalid value: "q\\"\\n\\x01é": d'),
        (invalid("a", 1.5, "d"), "a: Invalid value: 1.5: d"),
        (invalid("a", 1e21, "d"), "a: Invalid value: 1e+21: d"),
        (invalid("a", 100.0, "d"), "a: Invalid value: 100: d"),
        (invalid("a", 1234567.0, "d"), "a: Invalid value: 1.234567e+06: d"),
        (invalid("a", 1234567, "d"), "a: Invalid value: 1234567: d"),
        (invalid("a", 0.00001, "d"), "a: Invalid value: 1e-05: d"),
        (invalid("a", True, "d"), "a: Invalid value: true: d"),
        (invalid("a", None, "d"), "a: Invalid value: null: d"),
        (
            invalid("a", {"b": [1, "<"], "a": 1e-9}, "d"),
            'a: Invalid value: {"a":1e-9,"b":[1,"\\u003c"]}: d',
        ),
        (required("a", ""), "a: Required value"),
        (required("a", "why"), "a: Required value: why"),
        (forbidden("a", "why"), "a: Forbidden: why"),
        (duplicate("a[1]", "x"), 'a[1]: Duplicate value: "x"'),
        (type_invalid("a", "string", "d"), 'a: Invalid value: "string": d'),
        (
            not_supported("a", "z", ["b", "c"]),
            'a: Unsupported value: "z": supported values: "b", "c"',
        ),
        (not_supported("a", 3, []), "a: Unsupported value: 3"),
        (too_long("a", 1), "a: Too long: may not be more than 1 byte"),
        (too_long("a", 5), "a: Too long: may not be more than 5 bytes"),
        (too_long("a", -1), "a: Too long: value is too long"),
        (too_many("a", 3, 1), "a: Too many: 3: must have at most 1 item"),
        (too_many("a", 3, 2), "a: Too many: 3: must have at most 2 items"),
        (too_many("a", -1, -1), "a: Too many: has too many items"),
        (FieldError("FieldValueNotFound", "a", OMITTED), "a: Not found"),
    ],
)
def test_error_reads_as_the_server_words_it(error: FieldError, text: str) -> None:
    assert str(error) == text


def test_cause_carries_the_message_without_the_field() -> None:
    assert causes([required("spec.a")]) == [
        {
            "reason": "FieldValueRequired",
            "message": "Required value",
            "field": "spec.a",
        }
    ]


@pytest.mark.parametrize(
    ("errors", "text"),
    [
        ([], ""),
        ([required("a")], "a: Required value"),
        ([required("a"), required("a")], "a: Required value"),
        ([required("a"), required("b")], "[a: Required value, b: Required value]"),
    ],
)
def test_aggregate_lists_each_text_once(errors: Any, text: str) -> None:
    assert aggregate(errors) == text
