"""JPEG, WebP and AVIF for the prepared pictures: at the same likeness to the shown pixels, how many bytes, how long to
make and to open, and when a phone has the picture on a slow line.

Likeness is SSIM (Wang et al. 2004, windows of 8 x 8). Of each format the smallest quality counts that is at least as
alike as our JPEG of quality 85. One core; opened by Pillow here, and four times as slowly on the phone.
"""

from __future__ import annotations

import io
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from app.dicom.part10 import HeaderLimits
from app.imaging.codecs.decode import decode_frame
from app.imaging.codecs.encode import encode, fit
from app.imaging.display.window import Shown, to_display
from app.imaging.header.examined import examined
from app.imaging.header.frame_index import FrameIndex
from app.imaging.header.image_header import ImageHeader
from bench.rounds import processor_seconds
from bench.skipped import Skipped
from bench.slices import one_core
from deploy.testbed.shared_data import files_of

SIDE = 8
JPEG_QUALITY = 85
QUALITIES = range(50, 100, 5)
LINE_BYTES_S, PHONE = 1.6e6 / 8, 4.0
SOURCES = {
    "CT 512": ("ct-chest-nlst-101287", "**/ct/*", 3, 1024),
    "MR": ("mr-brain-t1-datalad", "**/mr/*", 3, 1024),
    "X-ray": ("cr-dx-chest-a", "**/RG*", 2, 1024),
    "mammogram": ("mg-a", "**/MG*", 1, 1024),
    "preview of CT": ("ct-chest-nlst-101287", "**/ct/*", 3, 256),
}
"""Data set, which of its files, how many of them, and the longest side of the picture."""


def _saved(fmt: str, **options: int) -> Callable[[Shown, int], bytes]:
    def save(shown: Shown, quality: int) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(shown).save(buffer, fmt, quality=quality, **options)
        return buffer.getvalue()

    return save


FORMATS: dict[str, Callable[[Shown, int], bytes]] = {
    "JPEG": lambda shown, quality: encode(shown, "jpg", quality),
    "WebP, effort 2": _saved("WEBP", method=2),
    "WebP, effort 4": _saved("WEBP", method=4),
    "AVIF, speed 8": _saved("AVIF", speed=8, max_threads=1),
}


@dataclass(frozen=True)
class Made:
    size: int
    encode_ms: float
    decode_ms: float
    likeness: float

    @property
    def there_ms(self) -> float:
        """From the answer's begin to pixels, on 1.6 Mbit/s and a processor a quarter as fast."""
        return 1000 * self.size / LINE_BYTES_S + PHONE * self.decode_ms


def run() -> None:
    with one_core():
        for name, (folder, pattern, count, longest) in SOURCES.items():
            pictures = [fit(each, longest) for each in shown_of(folder, pattern, count)]
            goals = [alike(shown, opened(encode(shown, "jpg", JPEG_QUALITY))) for shown in pictures]
            print(f"  {name}, {len(pictures)} pictures, SSIM {statistics.mean(goals):.4f}")
            for fmt, make in FORMATS.items():
                made = [smallest(shown, make, goal) for shown, goal in zip(pictures, goals, strict=True)]
                size, took, opens, there = (
                    statistics.mean(values)
                    for values in zip(*((m.size, m.encode_ms, m.decode_ms, m.there_ms) for m in made), strict=True)
                )
                print(
                    f"    {fmt:<16}{size / 1000:7.1f} kB, made in {took:7.2f} ms, opened in {opens:5.2f} ms, "
                    f"there after {there:5.0f} ms"
                )


def shown_of(folder: str, pattern: str, count: int) -> Iterator[Shown]:
    """Some pictures of a data set, from its whole length. Raises Skipped."""
    paths = [path for path in files_of(folder) if path.match(pattern)]
    if len(paths) < count:
        raise Skipped(f"the shared data set {folder} is not on this machine")
    for path in paths[len(paths) // (2 * count) :: len(paths) // count][:count]:
        yield shown_of_file(path)


def shown_of_file(path: Path) -> Shown:
    with path.open("rb") as file:
        image = examined(file, HeaderLimits()).image
    if image.header is None or image.frames is None:
        raise RuntimeError(f"{path.name} has no frames")
    header, data = ImageHeader.from_json(image.header), path.read_bytes()
    pieces = FrameIndex.from_bytes(image.frames).pieces(0)
    return to_display(decode_frame(header, b"".join(data[at : at + length] for at, length in pieces)), header)


def smallest(shown: Shown, make: Callable[[Shown, int], bytes], goal: float) -> Made:
    """With the least quality that is as alike as `goal`, else with the greatest one."""
    for quality in QUALITIES:
        picture = make(shown, quality)
        likeness = alike(shown, opened(picture))
        if likeness >= goal:
            break
    taken = [processor_seconds(lambda q=quality: make(shown, q)) for _ in range(5)]
    opens = [processor_seconds(lambda p=picture: opened(p)) for _ in range(5)]
    return Made(len(picture), 1000 * statistics.median(taken), 1000 * statistics.median(opens), likeness)


def opened(picture: bytes) -> Shown:
    image = Image.open(io.BytesIO(picture))
    return np.asarray(image.convert("L") if image.mode != "L" else image)


def alike(one: Shown, other: Shown) -> float:
    """SSIM of two grey pictures of one size, 1 for the same."""
    x, y = one.astype(np.float64), other.astype(np.float64)
    mean_x, mean_y = means(x), means(y)
    var_x, var_y = means(x * x) - mean_x**2, means(y * y) - mean_y**2
    both = means(x * y) - mean_x * mean_y
    first, second = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    above = (2 * mean_x * mean_y + first) * (2 * both + second)
    below = (mean_x**2 + mean_y**2 + first) * (var_x + var_y + second)
    return float((above / below).mean())


def means(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Of every window of SIDE x SIDE pixels."""
    sums = np.pad(values, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    found: npt.NDArray[np.float64] = (
        sums[SIDE:, SIDE:] - sums[:-SIDE, SIDE:] - sums[SIDE:, :-SIDE] + sums[:-SIDE, :-SIDE]
    )
    return found / SIDE**2
