"""An ``etcd`` for envtest: it is healthy, and that is all that is asked of it.

The API server beside it keeps its objects itself. Nothing of the library is imported.
"""

import signal
import socket
import sys
from types import FrameType
from urllib.parse import urlsplit

__all__: list[str] = []

_HEALTHY = b'{"health":"true","reason":""}'
_PATIENCE = 1.0  # seconds, with a client that asks nothing
_URLS = "--listen-client-urls="


def main() -> None:
    """Answer until SIGTERM."""
    given = [each.removeprefix(_URLS) for each in sys.argv if each.startswith(_URLS)]
    first = (given or ["http://127.0.0.1:2379"])[-1].split(",")[0]
    where = urlsplit(first)
    if where.scheme != "http":
        sys.exit(f"etcd: cannot listen at {first}: only http:// is served")

    def end(_number: int, _frame: FrameType | None) -> None:
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    with socket.create_server((where.hostname or "", where.port or 2379)) as server:
        while True:
            _answer(server.accept()[0])


def _answer(connection: socket.socket) -> None:
    with connection:
        connection.settimeout(_PATIENCE)
        try:
            words = connection.recv(4096).split(maxsplit=2)
            if words[1:2] == [b"/health"]:
                status, body = b"200 OK", _HEALTHY
            else:
                status, body = b"404 Not Found", b"this is no etcd: it has no data\n"
            head = b"HTTP/1.1 %b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
            connection.sendall(head % (status, len(body)) + body)
        except OSError:
            pass  # whoever asked is gone


if __name__ == "__main__":
    main()
