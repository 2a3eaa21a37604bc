"""Reads headers in this process, where a test is about what follows and not about the children that read them."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterable, Sequence
from typing import BinaryIO

from app.dicom.part10 import HeaderLimits
from app.dicom.same_content import Likeness, likeness
from app.errors import RefusedObject
from app.imaging.header.described_objects import answer_described
from app.imaging.header.examined import Examined, examined
from app.imaging.header.stored_header import StoredAnswer, StoredBytes, answer_of
from app.imaging.sandbox.header_answers import parts_of_stored, stored_of


class HeadersHere:
    def __init__(self, limits: HeaderLimits | None = None) -> None:
        self.limits = limits or HeaderLimits()

    def examine(self, file: BinaryIO) -> Examined:
        return examined(file, self.limits)

    def examine_all(self, files: Iterable[BinaryIO]) -> Generator[Examined | RefusedObject]:
        for file in files:
            try:
                yield self.examine(file)
            except RefusedObject as fault:
                yield fault

    def likeness(self, mine: BinaryIO, other: BinaryIO) -> Likeness:
        return likeness(mine, other, self.limits)

    def stored(self, asked: StoredBytes) -> StoredAnswer:
        told = answer_of(asked.question, io.BytesIO(asked.start), asked.behind, self.limits)
        return stored_of(parts_of_stored(told))

    def described(self, question: bytes, files: Sequence[BinaryIO]) -> StoredAnswer:
        return stored_of(parts_of_stored(answer_described(question, files)))

    def stored_all(self, asked: Iterable[StoredBytes | Exception]) -> Generator[StoredAnswer | Exception]:
        for one in asked:
            try:
                yield one if isinstance(one, Exception) else self.stored(one)
            except RefusedObject as fault:
                yield fault
