"""WebSockets without a socket."""

import pytest

from homeostat.apiserver._websocket import FrameReader, accept, binary

HEADERS = {
    "connection": "keep-alive, Upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-protocol": "v9, v5, v4",
}
MASK = b"\1\2\3\4"


def test_client_is_answered_as_the_rfc_has_it() -> None:
    lines = accept(HEADERS, ("v4", "v5")).decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 101 Switching Protocols"
    assert "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in lines
    assert [each for each in lines if "Protocol:" in each] == [
        "Sec-WebSocket-Protocol: v5"
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"connection": "keep-alive"},
        {"sec-websocket-version": "8"},
        {"sec-websocket-key": "?"},
        {"sec-websocket-key": "YQ=="},
    ],
)
def test_other_clients_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="WebSocket"):
        accept(HEADERS | wrong, ())


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_frame_tells_its_size(size: int) -> None:
    frame = binary(b"x" * size)
    assert not FrameReader().ends(frame)
    head = frame[: len(frame) - size]
    told = head[1] if len(head) == 2 else int.from_bytes(head[2:], "big")
    assert (head[0], told) == (0x82, size)


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_end_is_found_behind_other_frames(step: int) -> None:
    ping = b"\x89\x82" + MASK + b"hi"
    long = b"\x82\xfe\x00\x80" + MASK + b"\x88" * 128
    sent = ping + long + b"\x88\x80" + MASK
    reader = FrameReader()
    parts = [sent[n : n + step] for n in range(0, len(sent), step)]
    ends = [reader.ends(part) for part in parts]
    # The kind of a frame stands in its first byte, and is looked at with the second.
    assert ends.index(True) == (sent.index(b"\x88\x80" + MASK) + 1) // step
