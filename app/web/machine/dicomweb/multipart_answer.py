"""Sends a `multipart/related` answer part by part: only the current piece is in memory (PS3.18 8.6.1.2). Reading a
multipart body is in `multipart_related`."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from flask import Response, stream_with_context

from app.dicom.status import MIB


@dataclass(frozen=True)
class AnswerPart:
    content_type: str
    location: str
    pieces: Iterable[bytes]


class FileContent:
    """The content of a file from where it stands, piece by piece. Closing it closes the file, also before a piece was
    taken: a generator would not have begun, and would close nothing."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if piece := self._file.read(MIB):
            return piece
        self.close()
        raise StopIteration

    def close(self) -> None:
        self._file.close()


def multipart_answer(parts: Iterable[AnswerPart], root: str) -> Response:
    """`root` is the parts' media type. An error while sending ends the connection without the closing boundary."""
    boundary = secrets.token_hex(16)
    response = Response(stream_with_context(_body(parts, boundary)))
    response.headers["Content-Type"] = f'multipart/related; type="{root}"; boundary={boundary}'
    return response


def _body(parts: Iterable[AnswerPart], boundary: str) -> Iterator[bytes]:
    for part in parts:
        head = f"--{boundary}\r\nContent-Type: {part.content_type}\r\nContent-Location: {part.location}\r\n\r\n"
        try:
            yield head.encode()
            yield from part.pieces
            yield b"\r\n"
        finally:
            if isinstance(part.pieces, FileContent):
                part.pieces.close()
    yield f"--{boundary}--\r\n".encode()
