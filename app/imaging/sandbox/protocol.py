"""What is asked of a decoding child, over one socket. What it means is in `process` and `child`, answers in `messages`.

A request is pickled: the child may trust its parent.
"""

from __future__ import annotations

import pickle
import socket
import struct
from dataclasses import dataclass

from app.imaging.display.render_spec import RenderSpec
from app.imaging.header.image_header import ImageHeader
from app.imaging.sandbox.messages import BrokenAnswer, receive

PICTURES, REFUSED, BAD_REGION, FRAME_WANTED = range(4)
"""The kinds of answers."""
_REQUEST = struct.Struct(">IQ")  # bytes of the pickle, bytes of the frame


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
