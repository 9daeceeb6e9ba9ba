import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.client import _lines
from homeostat.client._lines import LineSplitter
from homeostat.errors import TransportError


def split(*chunks: bytes) -> list[bytes]:
    splitter = LineSplitter()
    found = [line for chunk in chunks for line in splitter.feed(chunk)]
    splitter.finish()
    return found


def test_line_across_chunks_is_one_line() -> None:
    assert split(b'{"a"', b":1", b"}\n{", b"}\n") == [b'{"a":1}', b"{}"]


def test_blank_lines_are_no_lines() -> None:
    assert split(b"\n\r\n{}\r\n\n") == [b"{}\r"]


def test_end_inside_a_line_is_an_error() -> None:
    with pytest.raises(TransportError, match="in the middle of an event"):
        split(b'{"a":1}\n{"b')


def test_line_beyond_any_object_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_lines, "MAX_LINE_BYTES", 10)
    with pytest.raises(TransportError, match="more than 10 bytes"):
        split(b"0123456", b"789012")


@given(
    st.lists(st.binary(min_size=1).filter(lambda b: b.strip() and b"\n" not in b)),
    st.integers(1, 7),
)
def test_lines_are_the_same_however_they_are_cut(lines: list[bytes], size: int) -> None:
    data = b"".join(line + b"\n" for line in lines)
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    assert split(*chunks) == lines
