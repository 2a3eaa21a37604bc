"""ECGs are read as millivolts and drawn at 25 mm a second and 10 mm a millivolt; odd ones are set aside."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset

from app.dicom.part10 import HeaderLimits
from app.imaging.display.ecg_paper import LEFT_MM, PIXELS_A_MM, STRIP_MM, TOP_MM, drawn_page, pages_of
from app.imaging.evidence.ecg import MOST_IN_ALL, MOST_VALUES, Ecg, ecg_of
from app.imaging.evidence.kinds import EvidenceFault, EvidenceKind, SetAside
from app.imaging.evidence.reading import evidence_of, read_evidence
from app.services.pictures.objects import CACHED_ECG_BYTES
from deploy.testbed.ct import part10
from tests.factories.evidence import ecg
from tests.shared_data import needs

LIMITS = HeaderLimits()
INK = 60


def read(ds: Dataset) -> Ecg:
    found = evidence_of(EvidenceKind.ECG, read_evidence(io.BytesIO(part10(ds)), EvidenceKind.ECG, LIMITS))
    assert isinstance(found, Ecg)
    return found


def test_values_are_millivolts_and_leads_have_their_names() -> None:
    (leads,) = read(ecg("1.2.3")).recorded
    assert leads.names == ("I", "aVR")
    assert leads.hz == 500
    assert leads.seconds == 12
    assert np.isclose(leads.values[0].max(), 1.0)
    assert np.allclose(leads.values[1], 0.5)


def test_a_beat_a_second_is_25_mm_apart_and_a_millivolt_10_mm_high() -> None:
    recorded = read(ecg("1.2.3", beats=60)).recorded
    assert pages_of(recorded) == 2
    picture = np.asarray(Image.open(io.BytesIO(drawn_page(recorded, 1))).convert("L"))
    middle = (TOP_MM + STRIP_MM // 2) * PIXELS_A_MM
    top_row = picture[middle - 10 * PIXELS_A_MM, LEFT_MM * PIXELS_A_MM + 60 :] < INK
    starts = np.flatnonzero(np.diff(top_row.astype(int)) == 1)
    assert len(starts) >= 8
    assert set(np.diff(starts)) <= {25 * PIXELS_A_MM - 1, 25 * PIXELS_A_MM, 25 * PIXELS_A_MM + 1}
    level = (picture[:, LEFT_MM * PIXELS_A_MM + 500] < INK).nonzero()[0]
    assert middle + (STRIP_MM - 5) * PIXELS_A_MM in range(level.min(), level.max() + 2)


def test_the_last_page_is_shorter_and_no_other_page_is_there() -> None:
    recorded = read(ecg("1.2.3", seconds=12)).recorded
    assert drawn_page(recorded, 2)
    for page in (0, -1, 3):
        with pytest.raises(IndexError):
            drawn_page(recorded, page)


def test_padding_breaks_the_trace() -> None:
    ds = ecg("1.2.3")
    ds.WaveformSequence[0].add_new(0x5400100A, "OW", np.array([500], "<i2").tobytes())
    (leads,) = read(ds).recorded
    assert np.isnan(leads.values[1]).all()
    assert drawn_page((leads,), 1)


def _sensitivity(value: str) -> Callable[[Dataset], None]:
    def change(ds: Dataset) -> None:
        ds.WaveformSequence[0].ChannelDefinitionSequence[0].ChannelSensitivity = value

    return change


def _group(**values: object) -> Callable[[Dataset], None]:
    def change(ds: Dataset) -> None:
        for keyword, value in values.items():
            setattr(ds.WaveformSequence[0], keyword, value)

    return change


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (_sensitivity("1e38"), EvidenceFault.NUMBERS_ODD),
        (_sensitivity("0"), EvidenceFault.NUMBERS_ODD),
        (_group(SamplingFrequency="0"), EvidenceFault.NUMBERS_ODD),
        (_group(SamplingFrequency="1e9"), EvidenceFault.NUMBERS_ODD),
        (_group(WaveformSampleInterpretation="MB"), EvidenceFault.NUMBERS_ODD),
        (_group(NumberOfWaveformChannels=65_535), EvidenceFault.TOO_MANY_PARTS),
        (_group(NumberOfWaveformSamples=4_000_000_000), EvidenceFault.TOO_MANY_PARTS),
        (_group(NumberOfWaveformSamples=1_000_000), EvidenceFault.UNREADABLE),
        (_group(NumberOfWaveformSamples=0), EvidenceFault.NUMBERS_ODD),
        (_group(ChannelDefinitionSequence=[]), EvidenceFault.UNREADABLE),
    ],
)
def test_what_makes_no_sense_is_set_aside(change: Callable[[Dataset], None], fault: EvidenceFault) -> None:
    ds = ecg("1.2.3")
    change(ds)
    with pytest.raises(SetAside) as aside:
        read(ds)
    assert aside.value.fault == fault


def test_groups_that_are_too_many_values_together_are_set_aside_before_they_are_read() -> None:
    ds = ecg("1.2.3")
    ds.WaveformSequence[0].NumberOfWaveformSamples = MOST_VALUES // 2
    ds.WaveformSequence = [ds.WaveformSequence[0]] * (MOST_IN_ALL // MOST_VALUES + 1)
    with pytest.raises(SetAside) as aside:
        read(ds)
    assert aside.value.fault == EvidenceFault.TOO_MANY_PARTS


def test_the_largest_ecg_that_is_read_fits_where_it_is_kept() -> None:
    assert MOST_IN_ALL * np.dtype("<f4").itemsize <= CACHED_ECG_BYTES


def test_an_answer_that_no_child_of_ours_gives_is_no_ecg() -> None:
    one = np.zeros(4, "<f4").tobytes()
    for parts in (
        [b"[]"],
        [b'[[["I"], 500, 5]]', one],
        [b'[[["I"], 0, 4]]', one],
        [b'[[["I"], 500, 4]]', np.full(4, np.inf, "<f4").tobytes()],
    ):
        with pytest.raises((ValueError, LookupError, TypeError)):
            ecg_of(parts)


def test_a_real_ecg_has_its_twelve_leads() -> None:
    path = needs("objects-a") / "waveform_ecg.dcm"
    with path.open("rb") as file:
        found = evidence_of(EvidenceKind.ECG, read_evidence(file, EvidenceKind.ECG, LIMITS))
    assert isinstance(found, Ecg)
    (leads,) = found.recorded
    assert leads.names == ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
    assert 0.5 < np.abs(leads.values).max() < 5
    assert drawn_page(found.recorded, 1)
