"""Frames of stored instances: read from the sealed original, and drawn by the decoding children.

Only this module decides what a fault of the children means. A frame that cannot be decoded, or takes too much time or
memory, is not an error: its picture is empty. When no decoder is available, StoreUnavailable is raised: try again
later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from app.archive.sealed import DataKey, SealedArchive
from app.errors import StoreUnavailable
from app.imaging.codecs.decode import DECODED
from app.imaging.errors import ChildUnavailable, UndecodableFrame
from app.imaging.header.frame_index import FrameIndex
from app.imaging.header.image_header import ImageHeader
from app.imaging.sandbox.pool import Account, RenderPool, RenderSpec, RenderTask
from app.models import Instance

SHOWN_SYNTAXES = DECODED
"""The transfer syntaxes whose frames can be drawn; of others the bytes are kept alone."""


def frame_task(
    archive: SealedArchive,
    data_key: DataKey,
    instance: Instance,
    header: ImageHeader | None,
    number: int,
    specs: tuple[RenderSpec, ...],
    token: str | None = None,
) -> RenderTask:
    """The task to draw frame `number` (from 0) in a decoding child. The bytes are read when a child needs them.

    An object whose whole data set is deflated has no frame index: it is read whole, and a child inflates it once.
    """
    if instance.frame_index is None:
        key, version = instance.object_key, instance.object_version
        return RenderTask(
            header, lambda: archive.open(key, version, data_key), number, specs, token, f"{key}:{version}"
        )
    return RenderTask(header, lambda: _indexed_frame(archive, data_key, instance, number), number, specs, token)


def original_frame(
    archive: SealedArchive,
    renderer: RenderPool,
    data_key: DataKey,
    instance: Instance,
    header: ImageHeader | None,
    number: int,
) -> bytes:
    """The encoded bytes of one frame, counted from 0, read from the sealed original without parsing its header.

    Empty when the object does not hold them. Raises IndexError, StoreUnavailable.
    """
    if instance.frame_index is None:
        return drawn(renderer, frame_task(archive, data_key, instance, header, number, ()))
    return _indexed_frame(archive, data_key, instance, number)


def _indexed_frame(archive: SealedArchive, data_key: DataKey, instance: Instance, number: int) -> bytes:
    pieces = FrameIndex.from_bytes(instance.frame_index or b"").pieces(number)
    return b"".join(
        archive.open_range(instance.object_key, instance.object_version, data_key, start, length, size=instance.size)
        for start, length in pieces
    )


def drawn(renderer: RenderPool, task: RenderTask) -> bytes:
    """The one picture that `task` wants; empty when its frame cannot be shown.

    Raises BadRegion, StoreUnavailable, and the errors of reading the frame.
    """
    with _decoder_needed():
        try:
            return renderer.render(task)[0]
        except UndecodableFrame:
            return b""


def all_drawn(renderer: RenderPool, tasks: Iterable[RenderTask], account: Account) -> Iterator[list[bytes]]:
    """The pictures of many frames, in order, one for each spec. They are empty for a frame that cannot be shown, and
    for the frames that are left when the account is used up.

    Raises StoreUnavailable, and the errors of reading a frame.
    """
    with _decoder_needed():
        yield from renderer.render_all(tasks, account)


@contextmanager
def _decoder_needed() -> Iterator[None]:
    try:
        yield
    except ChildUnavailable:
        raise StoreUnavailable("no decoder is available") from None
