"""What is asked of the renderer: a frame, and the pictures wanted of it. Making them is `pictures`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.imaging.display.window import Window
from app.imaging.header.image_header import ImageHeader


@dataclass(frozen=True)
class RenderSpec:
    """One picture wanted of a frame. `longest` pixels on the longer side; `max_bytes` lowers the quality in steps,
    and then the size."""

    fmt: str = "jpg"
    longest: int | None = None
    window: Window | None = None
    quality: int = 85
    max_bytes: int | None = None
    viewport: tuple[int, int, int, int] | None = None
    """Source region x, y, width, height in pixels (PS3.18 8.3.5.1.3)."""


@dataclass(frozen=True)
class RenderTask:
    """One frame and the pictures wanted of it.

    `frame`: its encoded bytes, or how to read them if they turn out to be needed; that may raise, and the error is
    the caller's own. `token` names the frame for as long as its bytes are the same: under a token a child keeps the
    decoded pixels a while, so that another window decodes nothing again.

    `whole` names an object that is deflated as a whole: then `frame` gives the object's bytes. One child at a time
    inflates it, once, and keeps it a while. Without `specs` the answer is the frame's own bytes.
    """

    header: ImageHeader | None
    frame: bytes | Callable[[], bytes]
    number: int
    specs: tuple[RenderSpec, ...]
    token: str | None = None
    whole: str | None = None

    def read(self) -> bytes:
        return self.frame if isinstance(self.frame, bytes) else self.frame()
