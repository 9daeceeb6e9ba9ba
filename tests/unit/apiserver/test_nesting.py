import json
import time

import pytest

from homeostat.apiserver._nesting import MAX_DEPTH, cut


def _nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def test_what_is_not_too_deep_stays() -> None:
    body = b'{"a":[1,"]}[",{"b":"\\"["}]}'
    assert cut(body) == body
    assert cut(_nested(MAX_DEPTH)) == _nested(MAX_DEPTH)


def test_what_is_deeper_becomes_null() -> None:
    value = json.loads(cut(b'{"a":1,"x":' + _nested(5_000) + b',"b":[2]}'))
    assert (value["a"], value["b"]) == (1, [2])
    depth, item = 1, value["x"]
    while item:
        depth, item = depth + 1, item[0]
    assert (depth, item) == (MAX_DEPTH, None)


@pytest.mark.parametrize("text", [b"[]", b'""', b'"\\""', b"[[[[]]]]"])
def test_time_is_linear(text: bytes) -> None:
    body = b"[" + text * (1_000_000 // len(text)) + b"]"
    before = time.process_time()
    assert cut(body) == body
    assert time.process_time() - before < 5
