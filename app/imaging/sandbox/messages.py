"""Answers of a child to its parent over one socket: plain bytes with bounded lengths. The parent must not trust a child
that has met hostile bytes. What is asked is in `protocol` and `header_protocol`.
"""

from __future__ import annotations

import socket
import struct
import time

READY = b"ready"
MAX_ANSWER_BYTES = 256 * 1024 * 1024
MAX_PARTS = 64
_ANSWER = struct.Struct(">BI")  # kind, parts; then a length for each part
_LENGTH = struct.Struct(">Q")


class BrokenAnswer(Exception):
    """The child died, was late, or broke the protocol."""


def send_answer(connection: socket.socket, kind: int, parts: list[bytes]) -> None:
    lengths = b"".join(_LENGTH.pack(len(part)) for part in parts)
    connection.sendall(_ANSWER.pack(kind, len(parts)) + lengths + b"".join(parts))


def receive_answer(connection: socket.socket, deadline: float) -> tuple[int, list[bytes]]:
    """The parent receives kind and parts of an answer. Raises BrokenAnswer. `deadline`: a time of `time.monotonic`."""
    kind, parts = _ANSWER.unpack(receive(connection, _ANSWER.size, deadline))
    if parts > MAX_PARTS:
        raise BrokenAnswer
    lengths = struct.unpack(f">{parts}Q", receive(connection, _LENGTH.size * parts, deadline))
    if sum(lengths) > MAX_ANSWER_BYTES:
        raise BrokenAnswer
    return kind, [receive(connection, length, deadline) for length in lengths]


def receive(connection: socket.socket, count: int, deadline: float | None = None) -> bytes:
    """Exactly `count` bytes. Raises BrokenAnswer when the other side ends first or the deadline passes."""
    buffer = bytearray(count)
    view, filled = memoryview(buffer), 0
    while filled < count:
        if deadline is not None:
            connection.settimeout(max(deadline - time.monotonic(), 1e-6))
        try:
            got = connection.recv_into(view[filled:])
        except OSError:
            raise BrokenAnswer from None
        if not got:
            raise BrokenAnswer
        filled += got
    return bytes(buffer)
