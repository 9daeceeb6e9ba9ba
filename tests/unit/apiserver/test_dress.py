"""Answers as YAML read back as what they were."""

import json
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from homeostat._transport import HttpRequest, HttpResponse
from homeostat._yaml import load
from homeostat.apiserver._dress import dressed

_REQUEST = HttpRequest(
    method="GET", path="/api/v1", headers={"accept": "application/yaml"}
)
_ODD = (
    "|y|No|null|~|1e3|0x1|12:30|a: b|a #b|- a|a\nb|2020-01-01|2020-01-01T00:00:00Z"
    "|=|<<|.inf|+1|a |é|/x y|\x7f|\u2028"
)
_TEXTS = st.text(max_size=8) | st.sampled_from(_ODD.split("|"))
_VALUES: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(-5, 5)
    | _TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3)
    ),
    max_leaves=12,
)


def _written(value: Any) -> str:
    body = json.dumps(value).encode()
    headers = {"content-type": "application/json"}
    answer = dressed(_REQUEST, HttpResponse(status=200, headers=headers, body=body))
    assert answer.headers["content-type"] == "application/yaml"
    return answer.body.decode()


@given(st.dictionaries(_TEXTS, _VALUES, max_size=3))
def test_yaml_reads_back(value: Any) -> None:
    text = _written(value)
    assert load(text) == value
    assert yaml.safe_load(text) == value


def test_yaml_looks_as_go_writes_it() -> None:
    value = {"kind": "A", "items": [{"b": [1, [2]], "a": {}}, []], "m": {"x": "1"}}
    assert _written(value) == (
        'items:\n- a: {}\n  b:\n  - 1\n  - - 2\n- []\nkind: A\nm:\n  x: "1"\n'
    )
