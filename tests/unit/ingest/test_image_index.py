"""The image index made at ingest: offsets that lead to the very pixels, and odd images that are kept all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.imaging.header.frame_index import FrameIndex
from app.imaging.header.image_header import ImageHeader
from app.services.ingest.incoming import Stored
from deploy.testbed.ct import ct_file
from deploy.testbed.shared_data import files_of
from tests.factories.ingest_rig import IngestRig
from tests.shared_data import needs


@pytest.fixture
def rig(tmp_path: Path) -> IngestRig:
    return IngestRig(tmp_path)


def test_the_frame_offsets_lead_to_the_pixels(rig: IngestRig) -> None:
    pixels = bytes(range(128)) + bytes(128)
    data = ct_file(NumberOfFrames=2, PixelData=pixels)
    rig.receive(data)
    (row,) = rig.instances()
    assert row.number_of_frames == 2
    assert row.frame_index is not None
    assert row.image_header is not None
    ((start, length),) = FrameIndex.from_bytes(row.frame_index).pieces(1)
    assert data[start : start + length] == pixels[128:]
    assert ImageHeader.from_json(row.image_header).rows == 8


def test_an_image_nobody_can_show_is_stored_with_its_reason(rig: IngestRig) -> None:
    (outcome,) = rig.receive(ct_file(BitsAllocated=13))
    assert isinstance(outcome, Stored)
    (row,) = rig.instances()
    assert row.image_header is None
    assert (row.not_shown_reason, row.not_shown_note) == ("bits_odd", None)


def test_real_images_of_all_kinds_get_their_index(rig: IngestRig) -> None:
    needs("transfer-syntaxes-a")
    outcomes = rig.receive(*(path.read_bytes() for path in files_of("us-xa-cine-a") + files_of("cr-dx-chest-a")))
    assert all(isinstance(outcome, Stored) for outcome in outcomes)
    assert all(row.image_header and row.frame_index and row.number_of_frames for row in rig.instances())
