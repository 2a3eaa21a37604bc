"""Frames of stored instances: read from the sealed original, and drawn by the decoding children.

What a fault of theirs means to the services is decided here alone. A frame that does not decode, takes too long or too
much memory is no error: it shows nothing. Without a decoder nothing is known of the frame: try again later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from app.archive.sealed import DataKey, SealedArchive
from app.errors import StoreUnavailable
from app.imaging.errors import DecoderUnavailable, UndecodableFrame
from app.imaging.header.frame_index import FrameIndex
from app.imaging.header.image_index import inflated_frame
from app.imaging.sandbox.pool import RenderPool, RenderTask
from app.models import Instance


def original_frame(archive: SealedArchive, data_key: DataKey, instance: Instance, frame: int) -> bytes:
    """The encoded bytes of one frame, counted from 0, read from the sealed original without parsing its header.

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


def drawn(renderer: RenderPool, task: RenderTask) -> bytes:
    """The one picture that `task` wants; empty when its frame cannot be shown.

    Raises BadRegion, StoreUnavailable, and whatever reading the frame raises.
    """
    with _decoder_needed():
        try:
            return renderer.render(task)[0]
        except UndecodableFrame:
            return b""


def all_drawn(renderer: RenderPool, tasks: Iterable[RenderTask]) -> Iterator[list[bytes]]:
    """The pictures of many frames, in order, one for each spec; empty ones of a frame that cannot be shown.

    Raises StoreUnavailable, and whatever reading a frame raises.
    """
    with _decoder_needed():
        yield from renderer.render_all(tasks)


@contextmanager
def _decoder_needed() -> Iterator[None]:
    try:
        yield
    except DecoderUnavailable:
        raise StoreUnavailable("no decoder is available") from None
