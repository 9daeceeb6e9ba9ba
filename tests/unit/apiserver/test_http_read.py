"""Requests out of bytes, without a socket; what is right was asked of the real one."""

import pytest

from homeostat.apiserver._http_chunks import ChunkError
from homeostat.apiserver._http_head import HttpError
from homeostat.apiserver._http_read import MAX_HEAD_BYTES, RequestReader

LIMIT = 1000


def read(data: bytes, step: int = 0) -> list[tuple[str, bytes]]:
    """Return paths and bodies of the requests in some bytes, fed so many at a time."""
    reader = RequestReader(LIMIT)
    found: list[tuple[str, bytes]] = []
    for start in range(0, len(data), step or len(data)):
        reader.feed(data[start : start + (step or len(data))])
        while head := reader.head or reader.read_head():
            body = reader.read_body()
            if body is None:
                break
            found.append((head.path, body))
            if reader.cut:
                return found
    return found


def get(*headers: bytes, target: bytes = b"/a") -> bytes:
    lines = [b"GET " + target + b" HTTP/1.1", b"Host: x", *headers, b"", b""]
    return b"\r\n".join(lines)


def post(body: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"POST /a HTTP/1.1", b"Host: x", *headers, b"", b""]) + body


CHUNKED = b"Transfer-Encoding: chunked"


@pytest.mark.parametrize("step", [1, 2, 3, 7, 0])
def test_requests_are_the_same_however_they_come(step: int) -> None:
    sent = (
        get()
        + post(b"{}", b"Content-Length: 2")
        + b"\r\n"  # of a client that ends its body with one
        + post(b"2\r\n{}\r\n1;x=y\r\n!\r\n0\r\nX: y\r\n\r\n", CHUNKED)
        + get(target=b"/b").replace(b"\r\n", b"\n")
        + post(b"3\r\nabc\r\n0\r\n\r\n", CHUNKED)
    )
    expected = [("/a", b""), ("/a", b"{}"), ("/a", b"{}!"), ("/b", b""), ("/a", b"abc")]
    assert read(sent, step) == expected


@pytest.mark.parametrize("step", [1, 0])
@pytest.mark.parametrize(
    "sent",
    [
        post(b"x" * 1001, b"Content-Length: 2000"),
        post(b"190\r\n" + b"x" * 400 + b"\r\n3e8\r\n" + b"x" * 1000, CHUNKED),
    ],
)
def test_of_a_body_that_is_too_large_no_more_is_read(sent: bytes, step: int) -> None:
    assert read(sent, step) == [("/a", b"x" * 1001)]


@pytest.mark.parametrize(
    ("chunks", "text"),
    [
        (b"\r\n", "empty hex number for chunk length"),
        (b"xx\r\n", "invalid byte in chunk length"),
        (b"-1\r\n", "invalid byte in chunk length"),
        (b"00000000000000001\r\n", "http chunk length too large"),
        (b"1\nx\r\n0\r\n\r\n", "chunked line ends with bare LF"),
        (b"1\r\r\nx\r\n0\r\n\r\n", "invalid CR in chunked line"),
        (b"1\r\nxx\r\n", "malformed chunked encoding"),
        (b"1;" + b"a" * 5000, "header line too long"),
        (b"0\r\nfoo\r\n\r\n", 'malformed MIME header: missing colon: "foo"'),
        (
            (b"1;" + b"a" * 4000 + b"\r\nx\r\n") * 5,
            "chunked encoding contains too much non-data",
        ),
    ],
)
def test_chunks_are_refused_in_the_words_of_go(chunks: bytes, text: str) -> None:
    with pytest.raises(ChunkError, match=f"^{text}$"):
        read(post(chunks, CHUNKED))


@pytest.mark.parametrize("end", [b"", b"\r\n"])
def test_head_is_refused_when_it_is_too_long(end: bytes) -> None:
    with pytest.raises(HttpError) as caught:
        read(get(b"x: " + b"a" * MAX_HEAD_BYTES)[:-4] + end, 1 << 16)
    assert caught.value.status == 431


def test_headers_are_by_lower_case_names_and_the_first_counts() -> None:
    reader = RequestReader(LIMIT)
    names = (b"Impersonate-Group: a", b"impersonate-group: b")
    reader.feed(get(b"ACCEPT:  a/b \t", b"accept: c/d", *names, b"X-Y: a\r\n  b"))
    head = reader.read_head()
    assert head is not None
    assert dict(head.fields.headers) == {
        "host": "x",
        "accept": "a/b",
        "impersonate-group": "a\nb",
        "x-y": "a b",
    }


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/a%2fb+c", "/a/b+c", ()),
        (b"/%ff\xff", "/\ufffd\ufffd", ()),
        (b"http://h:1/a?b=c", "/a", (("b", "c"),)),
        (b"x:y", "", ()),
        (b"/a?b+%20=%3d&&c&d=%zz&e;f=1", "/a", (("b  ", "="), ("c", ""))),
    ],
)
def test_target_is_unquoted(target: bytes, path: str, query: object) -> None:
    reader = RequestReader(LIMIT)
    reader.feed(get(target=target))
    head = reader.read_head()
    assert head is not None
    assert (head.path, head.query) == (path, query)


@pytest.mark.parametrize(
    ("version", "connection", "keeps"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"foo, Close", False),
        (b"1.2", b"", True),
        (b"1.0", b"", False),
        (b"1.0", b"Keep-Alive", True),
        (b"1.0", b"keep-alive, close", False),
    ],
)
def test_connection_stays_or_not(
    version: bytes, connection: bytes, *, keeps: bool
) -> None:
    reader = RequestReader(LIMIT)
    sent = get(b"Connection: " + connection) if connection else get()
    reader.feed(sent.replace(b"HTTP/1.1", b"HTTP/" + version))
    head = reader.read_head()
    assert head is not None
    assert head.fields.keep is keeps
