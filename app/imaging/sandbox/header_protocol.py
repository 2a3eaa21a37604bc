"""What is asked of a child that reads headers, over one socket, and the kinds of its answers. What they mean is in
`header_process` and `header_child`.

A request is a count of files, which come as descriptors, and what is asked of one file: "examine it", or to read it as
evidence of a kind. Two files mean "say how alike they are". An answer is JSON of which the parent checks each part
(`header_answers`, app/imaging/evidence).
"""

from __future__ import annotations

import io
import os
import socket
from collections.abc import Sequence
from enum import IntEnum
from typing import BinaryIO

from app.imaging.evidence.kinds import EvidenceKind
from app.imaging.sandbox.messages import BrokenAnswer

MOST_FILES = 2
_HEAD_BYTES = 2
_READ_AT_ONCE_BYTES, _READ_AHEAD_BYTES = 1024 * 1024, 65_536


class Answer(IntEnum):
    """The kinds of answers."""

    EXAMINED = 0
    LIKENESS = 1
    REFUSED = 2
    OUT_OF_MEMORY = 3
    EVIDENCE = 4
    SET_ASIDE = 5


_KINDS = tuple(EvidenceKind)


def send_request(connection: socket.socket, files: Sequence[int], kind: EvidenceKind | None = None) -> None:
    """The parent sends. `files`: open descriptors. `kind`: how to read evidence; None: examine or compare. Raises
    BrokenAnswer when the child is gone."""
    try:
        asked = 0 if kind is None else 1 + _KINDS.index(kind)
        socket.send_fds(connection, [bytes([len(files), asked])], list(files))
    except OSError:
        raise BrokenAnswer from None


def receive_request(connection: socket.socket) -> tuple[list[BinaryIO], EvidenceKind | None] | None:
    """The child receives the files of a request, which it closes, and how to read them; None when the parent is gone.
    Raises OSError when a file did not arrive."""
    head, descriptors, *_ = socket.recv_fds(connection, _HEAD_BYTES, MOST_FILES)
    if not head:
        return None
    if len(head) != _HEAD_BYTES or len(descriptors) != head[0]:
        raise OSError("a file did not arrive")
    return [_opened(number) for number in descriptors], _KINDS[head[1] - 1] if head[1] else None


def _opened(descriptor: int) -> BinaryIO:
    """A small file is read at once: a header is read in some hundred steps, and each costs less in memory."""
    file = io.FileIO(descriptor)
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if size > _READ_AT_ONCE_BYTES:
        return io.BufferedReader(file, _READ_AHEAD_BYTES)
    with file:
        return io.BytesIO(file.read(size))
