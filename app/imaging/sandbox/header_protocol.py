"""What is asked of a child that reads headers, over one socket, and the kinds of its answers. What they mean is in
`header_process` and `header_child`.

A request is a count of files, which come as descriptors: with one file it means "examine it", with two "say how alike
they are". An answer is JSON of which the parent checks each part (`header_answers`).
"""

from __future__ import annotations

import io
import os
import socket
from collections.abc import Sequence
from enum import IntEnum
from typing import BinaryIO

from app.imaging.sandbox.messages import BrokenAnswer

MOST_FILES = 2
_READ_AT_ONCE_BYTES, _READ_AHEAD_BYTES = 1024 * 1024, 65_536


class Answer(IntEnum):
    """The kinds of answers."""

    EXAMINED = 0
    LIKENESS = 1
    REFUSED = 2
    OUT_OF_MEMORY = 3


def send_request(connection: socket.socket, files: Sequence[int]) -> None:
    """The parent sends. `files`: open descriptors. Raises BrokenAnswer when the child is gone."""
    try:
        socket.send_fds(connection, [bytes([len(files)])], list(files))
    except OSError:
        raise BrokenAnswer from None


def receive_request(connection: socket.socket) -> list[BinaryIO] | None:
    """The child receives the files of a request, which it closes; None when the parent is gone. Raises OSError when a
    file did not arrive."""
    count, descriptors, *_ = socket.recv_fds(connection, 1, MOST_FILES)
    if not count:
        return None
    if len(descriptors) != count[0]:
        raise OSError("a file did not arrive")
    return [_opened(number) for number in descriptors]


def _opened(descriptor: int) -> BinaryIO:
    """A small file is read at once: a header is read in some hundred steps, and each costs less in memory."""
    file = io.FileIO(descriptor)
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if size > _READ_AT_ONCE_BYTES:
        return io.BufferedReader(file, _READ_AHEAD_BYTES)
    with file:
        return io.BytesIO(file.read(size))
