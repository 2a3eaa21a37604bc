"""What the archive's index keeps of an image, so that no request parses a header. The reading itself is app/imaging."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from pydicom.dataset import Dataset


@dataclass(frozen=True)
class ImageIndex:
    """`header` and `frames` are None for an object without pixels, or one that cannot be shown (with the reason)."""

    header: dict[str, Any] | None = None
    frames: bytes | None = None
    number_of_frames: int = 0
    not_shown_reason: str | None = None


ImageIndexer = Callable[[Dataset, str, BinaryIO], ImageIndex]
"""(data set before the pixels, transfer syntax UID, the Part-10 file) -> ImageIndex; raises nothing for odd images."""


def not_indexed(dataset: Dataset, transfer_syntax_uid: str, file: BinaryIO) -> ImageIndex:
    """For an archive that keeps objects and shows no pictures."""
    return ImageIndex(not_shown_reason="not indexed")
