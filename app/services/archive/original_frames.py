"""One frame of a stored original, read without parsing its header."""

from __future__ import annotations

from app.archive.sealed import DataKey, SealedArchive
from app.imaging.header.frame_index import FrameIndex
from app.imaging.header.image_index import inflated_frame
from app.models import Instance


def original_frame(archive: SealedArchive, data_key: DataKey, instance: Instance, frame: int) -> bytes:
    """The encoded bytes of one frame, read from the sealed original without parsing its header.

    Only an object whose whole dataset is deflated has no frame index and must be read whole.
    """
    if instance.frame_index is None:
        whole = archive.open(instance.object_key, instance.object_version, data_key)
        return inflated_frame(whole, frame)
    pieces = FrameIndex.from_bytes(instance.frame_index).pieces(frame)
    return b"".join(
        archive.open_range(instance.object_key, instance.object_version, data_key, start, length, size=instance.size)
        for start, length in pieces
    )
