"""What is asked of a child that reads headers, over one socket, and the kinds of its answers. What they mean is in
`header_process` and `header_child`.

A request is a count of files, which come as descriptors, and a question. Without a question one file means "examine
it", two "say how alike they are". A question is about a stored object: the first file is its start, the second what
lies behind its pixels (`app/imaging/header/stored_header`), or about metadata that came in
(`app/imaging/header/described_objects`), or it asks to read one file as evidence of a kind (app/imaging/evidence). An
answer is JSON and bytes; the parent checks each part
(`header_answers`).
"""

from __future__ import annotations

import io
import os
import socket
import struct
from collections.abc import Sequence
from enum import IntEnum
from typing import BinaryIO

from app.imaging.evidence.kinds import EvidenceKind
from app.imaging.sandbox.messages import BrokenAnswer, receive

MOST_FILES = 2
MOST_QUESTION_BYTES = 65_536
_HEAD = struct.Struct(">BI")  # files, bytes of the question
_READ_AT_ONCE_BYTES, _READ_AHEAD_BYTES = 1024 * 1024, 65_536


class Answer(IntEnum):
    """The kinds of answers."""

    EXAMINED = 0
    LIKENESS = 1
    REFUSED = 2
    OUT_OF_MEMORY = 3
    STORED = 4
    EVIDENCE = 5
    SET_ASIDE = 6


_EVIDENCE = b"evidence "


def question_of_evidence(kind: EvidenceKind) -> bytes:
    """Asks to read one file as evidence of a kind."""
    return _EVIDENCE + kind.encode()


def evidence_in(question: bytes) -> EvidenceKind | None:
    """The kind that such a question names; None for another question."""
    return EvidenceKind(question.removeprefix(_EVIDENCE).decode()) if question.startswith(_EVIDENCE) else None


def send_request(connection: socket.socket, files: Sequence[int], question: bytes = b"") -> None:
    """The parent sends. `files`: open descriptors. Raises BrokenAnswer when the child is gone."""
    try:
        socket.send_fds(connection, [_HEAD.pack(len(files), len(question))], list(files))
        connection.sendall(question)
    except OSError:
        raise BrokenAnswer from None


def receive_request(connection: socket.socket) -> tuple[list[BinaryIO], bytes] | None:
    """The child receives the files of a request, which it closes, and the question; None when the parent is gone.
    Raises OSError when a file did not arrive, and BrokenAnswer when the parent ends meanwhile."""
    head, descriptors, *_ = socket.recv_fds(connection, _HEAD.size, MOST_FILES)
    if not head:
        return None
    count, length = _HEAD.unpack(head + receive(connection, _HEAD.size - len(head)))
    if len(descriptors) != count or length > MOST_QUESTION_BYTES:
        raise OSError("a file did not arrive")
    question = receive(connection, length)
    return [_opened(number) for number in descriptors], question


def _opened(descriptor: int) -> BinaryIO:
    """A small file is read at once: a header is read in some hundred steps, and each costs less in memory."""
    file = io.FileIO(descriptor)
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if size > _READ_AT_ONCE_BYTES:
        return io.BufferedReader(file, _READ_AHEAD_BYTES)
    with file:
        return io.BytesIO(file.read(size))
