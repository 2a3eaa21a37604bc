"""The child's side of `sandbox`: it takes frames from its socket, answers with pictures, and ends with its parent.

Before the first byte arrives, the child binds its `hands`. Hostile pixels can kill only this process. The parent's side
is in `process` and `pool`.
"""

from __future__ import annotations

import os
import socket
import sys

import imagecodecs
from PIL import Image

from app.caches.lru import LruCache
from app.imaging.codecs.deflated_object import MOST_INFLATED_BYTES, InflatedObject, inflated_object
from app.imaging.display.pictures import KeptPixels, draw, frame_decoded, kept_pixels
from app.imaging.errors import BadRegion, ImagingError
from app.imaging.sandbox.hands import bind_hands, limit_processor_time
from app.imaging.sandbox.messages import READY, send_answer
from app.imaging.sandbox.protocol import BAD_REGION, FRAME_WANTED, PICTURES, REFUSED, Request, receive_request

# imagecodecs loads a codec at its first use. That must happen while the child can still open files.
CODECS = ("packbits", "jpeg8", "jpegls", "jpeg2k", "zstd", "bitshuffle", "delta")


KeptObjects = LruCache[str, InflatedObject]
"""Recently inflated objects by name (`RenderTask.whole`)."""


def serve(connection: socket.socket, time_limit_s: int) -> None:
    """Answer requests until the parent closes the socket.

    The child ends when memory runs out. Else the next frame might fail for lack of memory, although it is good.
    """
    kept, objects = kept_pixels(), kept_objects()
    while (asked := receive_request(connection)) is not None:
        limit_processor_time(time_limit_s)
        kind, parts = answer(kept, objects, *asked)
        send_answer(connection, kind, parts)


def kept_objects() -> KeptObjects:
    return LruCache(MOST_INFLATED_BYTES, weight=lambda found: len(found.plain))


def answer(kept: KeptPixels, objects: KeptObjects, request: Request, frame: bytes) -> tuple[int, list[bytes]]:
    """Kind and parts of the answer to one request. Raises MemoryError."""
    has_pixels = request.token is not None and kept.get(request.token) is not None and request.specs != ()
    has_object = request.whole is not None and objects.get(request.whole) is not None
    if (request.token or request.whole) and not frame and not has_pixels and not has_object:
        return FRAME_WANTED, []
    try:
        if request.whole is not None and not has_pixels:
            keyword = request.header.pixel_keyword
            found = objects.computed(request.whole, lambda: inflated_object(frame, keyword))
            frame = found.frame(request.header, request.number)
        if not request.specs:
            return PICTURES, [frame]
        decoded = frame_decoded(kept, request.header, frame, request.number, request.token)
        return PICTURES, draw(decoded, request.header, request.number, request.specs)
    except BadRegion as error:
        return BAD_REGION, [str(error).encode()]
    except ImagingError as error:
        return REFUSED, [str(error).encode()]
    except MemoryError:
        raise
    except Exception as error:  # numpy and Pillow meet odd headers; their error texts might quote pixels
        return REFUSED, [f"cannot be drawn: {type(error).__name__}".encode()]


def load_codecs() -> None:
    for name in CODECS:
        getattr(imagecodecs, f"{name}_decode")
    Image.init()


def main() -> None:
    memory_limit_bytes, time_limit_s = int(sys.argv[1]), int(sys.argv[2])
    connection = socket.socket(fileno=0)
    load_codecs()
    bind_hands(memory_limit_bytes)
    connection.sendall(READY)
    try:
        serve(connection, time_limit_s)
    except (MemoryError, OSError):
        os._exit(1)
    os._exit(0)
