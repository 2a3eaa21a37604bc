"""Small inputs made after public bug reports: their pictures have the values that were expected there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.imaging.codecs.decode import decode_frame
from tests.integration.imaging.test_real_images import first_frame, shown
from tests.shared_data import needs


def expected(folder: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((folder / "expected.json").read_text())
    return values


@pytest.mark.parametrize(("case", "kind"), [("jpeg-colour-labels", "rgb"), ("xa-modality-lut", "grey")])
def test_the_picture_has_the_expected_colours(case: str, kind: str) -> None:
    folder = needs(f"cases-a/{case}")
    for name, values in expected(folder).items():
        found = shown(folder / name)[values["png_row"], values["png_columns"]]
        distance = np.abs(found.astype(int) - np.array(values[kind]))
        assert distance.max() <= values["tolerance"], name


def test_lossy_values_beyond_the_stored_bits_are_shown_at_the_nearest_end() -> None:
    folder = needs("cases-a/lossy-beyond-bits-stored")
    for name, values in expected(folder).items():
        header, frame = first_frame(folder / name)
        low, high = values["stored_range"]
        unbounded = decode_frame(type(header)(**{**vars(header), "bits_stored": 16, "high_bit": 15}), frame).pixels
        assert int(unbounded.max()) == values["decoded_max"]
        assert int(((unbounded < low) | (unbounded > high)).sum()) == values["pixels_outside"]
        assert (decode_frame(header, frame).pixels == unbounded.clip(low, high)).all()
        assert (shown(folder / name)[unbounded > high] == 255).all()
