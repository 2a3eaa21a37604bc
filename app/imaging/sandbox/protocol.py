"""The messages between the parent and a decoding child, over one socket. What they mean is in `process` and `child`.

A request is pickled: the child may trust its parent. An answer is plain bytes with bounded lengths: the parent must
not trust a child that has decoded hostile pixels.
"""

from __future__ import annotations

import pickle
import socket
import struct
import time
from dataclasses import dataclass

from app.imaging.display.render_spec import RenderSpec
from app.imaging.header.image_header import ImageHeader

READY = b"ready"
PICTURES, REFUSED, BAD_REGION, FRAME_WANTED = range(4)
MAX_ANSWER_BYTES = 256 * 1024 * 1024
MAX_PARTS = 64
_REQUEST = struct.Struct(">IQ")  # bytes of the pickle, bytes of the frame
_ANSWER = struct.Struct(">BI")  # kind, parts; then a length for each part
_LENGTH = struct.Struct(">Q")


class BrokenAnswer(Exception):
    """The child died, was late, or broke the protocol."""


@dataclass(frozen=True)
class Request:
    """The fields of `RenderTask` without `frame`. The frame's bytes follow the request, without a copy; they are empty
    when the child probably keeps the pixels or their object."""

    header: ImageHeader
    number: int
    specs: tuple[RenderSpec, ...]
    token: str | None
    whole: str | None = None


def send_request(connection: socket.socket, request: Request, frame: bytes) -> None:
    """The parent sends. Raises BrokenAnswer when the child is gone or takes longer than the socket's time-out."""
    head = pickle.dumps(request, pickle.HIGHEST_PROTOCOL)
    try:
        connection.sendall(_REQUEST.pack(len(head), len(frame)) + head)
        connection.sendall(frame)
    except OSError:
        raise BrokenAnswer from None


def receive_request(connection: socket.socket) -> tuple[Request, bytes] | None:
    """The child receives a request and its frame; None when the parent is gone."""
    try:
        head, frame = _REQUEST.unpack(receive(connection, _REQUEST.size))
        request: Request = pickle.loads(receive(connection, head))  # noqa: S301 - from our own parent
        return request, receive(connection, frame)
    except BrokenAnswer:
        return None


def send_answer(connection: socket.socket, kind: int, parts: list[bytes]) -> None:
    lengths = b"".join(_LENGTH.pack(len(part)) for part in parts)
    connection.sendall(_ANSWER.pack(kind, len(parts)) + lengths + b"".join(parts))


def receive_answer(connection: socket.socket, deadline: float) -> tuple[int, list[bytes]]:
    """The parent receives kind and parts of an answer. Raises BrokenAnswer. `deadline`: a time of `time.monotonic`."""
    kind, parts = _ANSWER.unpack(receive(connection, _ANSWER.size, deadline))
    if parts > MAX_PARTS:
        raise BrokenAnswer
    lengths = [_LENGTH.unpack(receive(connection, _LENGTH.size, deadline))[0] for _ in range(parts)]
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
