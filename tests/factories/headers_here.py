"""Reads headers in this process, where a test is about what follows and not about the children that read them."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import BinaryIO

from app.dicom.part10 import HeaderLimits
from app.dicom.same_content import Likeness, likeness
from app.errors import RefusedObject
from app.imaging.header.examined import Examined, examined


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
