"""A client that needs little time beside the server: keep-alive connections on raw sockets, one request at a time on
each. No measuring.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import islice

TIME_LIMIT_S = 60


class Connection:
    def __init__(self, port: int, header: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=TIME_LIMIT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._tail = f" HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{header}\r\n"

    def ask(self, path: str) -> None:
        self._socket.sendall(f"GET {path}{self._tail}".encode())

    def answer(self) -> bytes:
        """The body of the next answer. Raises RuntimeError unless the answer is a 200 with a Content-Length."""
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head = data[:end].lower()
        if not head.startswith(b"http/1.1 200 "):
            raise RuntimeError(data[:end].decode("latin-1"))
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        pieces, missing = [data[end + 4 :]], length - (len(data) - end - 4)
        while missing > 0:
            pieces.append(self._more())
            missing -= len(pieces[-1])
        return b"".join(pieces)

    def _more(self) -> bytes:
        data = self._socket.recv(262_144)
        if not data:
            raise RuntimeError("the server closed the connection")
        return data

    def close(self) -> None:
        self._socket.close()


def fetch_all(port: int, paths: Sequence[str], header: str = "", connections: int = 1) -> list[bytes]:
    """GET every path, `connections` at a time; returns the bodies in order. `header`: lines that end in CR LF."""
    bodies = []
    with ExitStack() as stack:
        lines = [Connection(port, header) for _ in range(connections)]
        for line in lines:
            stack.callback(line.close)
        waiting = iter(paths)
        for line, path in zip(lines, islice(waiting, connections), strict=False):
            line.ask(path)
        for number in range(len(paths)):
            line = lines[number % connections]
            bodies.append(line.answer())
            following = next(waiting, None)
            if following is not None:
                line.ask(following)
    return bodies
