"""Pictures of a frame: size in bytes, region, and the pixels kept for the next window."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from app.imaging.display.pictures import draw, frame_decoded, kept_pixels
from app.imaging.display.render_spec import RenderSpec
from app.imaging.errors import BadRegion
from tests.factories.images import frame, image_header

GREY = image_header(rows=300, columns=400, bits_allocated=8, bits_stored=8, high_bit=7, signed=False)


def size_of(picture: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(picture)).size


@pytest.mark.parametrize("samples", [1, 3])
def test_even_noise_fits_into_the_bytes_of_a_preview(samples: int) -> None:
    shape = (300, 400) if samples == 1 else (300, 400, 3)
    noise = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    (picture,) = draw(frame(noise), GREY, 0, [RenderSpec(longest=256, quality=75, max_bytes=10_240)])
    assert len(picture) <= 10_240
    assert size_of(picture) == (256, 192)


@pytest.mark.parametrize("shape", [(256, 256), (256, 256, 3), (512, 512), (1, 4000)])
def test_nothing_but_black_and_white_noise_fits_too(shape: tuple[int, ...]) -> None:
    noise = np.random.default_rng(1).integers(0, 2, shape, np.uint8) * 255
    (picture,) = draw(frame(noise), GREY, 0, [RenderSpec(longest=256, quality=75, max_bytes=10_240)])
    assert len(picture) <= 10_240


def test_a_small_picture_is_never_enlarged() -> None:
    (picture,) = draw(frame(np.zeros((300, 400), np.uint8)), GREY, 0, [RenderSpec(longest=2048)])
    assert size_of(picture) == (400, 300)


def test_a_region_is_cut_out_and_a_region_outside_is_refused() -> None:
    pixels = np.zeros((300, 400), np.uint8)
    pixels[100:110, 50:60] = 255
    (picture,) = draw(frame(pixels), GREY, 0, [RenderSpec(fmt="png", viewport=(50, 100, 10, 10))])
    assert np.asarray(Image.open(io.BytesIO(picture))).min() == 255
    for outside in ((400, 0, 5, 5), (0, 300, 5, 5), (-5, 0, 3, 3), (0, 0, 0, 5)):
        with pytest.raises(BadRegion):
            draw(frame(pixels), GREY, 0, [RenderSpec(viewport=outside)])


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match="no such format"):
        draw(frame(np.zeros((4, 4), np.uint8)), GREY, 0, [RenderSpec(fmt="bmp")])


def test_the_oldest_pixels_give_way_when_the_bytes_are_used_up() -> None:
    kept = kept_pixels(limit=250)

    def keep(token: str | None, size: int) -> None:
        header = image_header(rows=1, columns=size, bits_allocated=8, bits_stored=8, high_bit=7, signed=False)
        assert frame_decoded(kept, header, bytes(size), 0, token).nbytes == size

    for token in ("a", "b"):
        keep(token, 100)
    assert kept.get("a") is not None
    keep("c", 100)
    assert (kept.get("a") is None, kept.get("b") is None, kept.get("c") is None) == (False, True, False)
    keep("too large", 251)
    assert kept.get("too large") is None
    assert kept.get("a") is not None
    keep(None, 100)
    assert kept.get("c") is not None


def test_pixels_kept_under_a_token_are_not_decoded_again() -> None:
    kept = kept_pixels()
    pixels = frame_decoded(kept, GREY, bytes(300 * 400), 0, "a")
    assert frame_decoded(kept, GREY, b"does not decode", 0, "a") is pixels
