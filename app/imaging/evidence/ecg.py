"""Waveforms of an ECG (PS3.3 C.10.9) as millivolts. Drawing them is in app/imaging/display/ecg_paper."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from app.dicom.bulk_values import bulk_value
from app.dicom.element_values import value_of
from app.dicom.part10 import ParsedFile
from app.imaging.evidence.checks import demand, items_of, number, plain, short_text, text, whole
from app.imaging.evidence.kinds import EvidenceFault, SetAside

Millivolts = npt.NDArray[np.float32]
MOST_GROUPS, MOST_CHANNELS, MOST_VALUES = 16, 32, 4_000_000
MOST_IN_ALL = 16_000_000
"""Values of all groups together: so what is read of an object fits where it is kept, and is not read for each page."""
SAMPLING_HZ = (1.0, 100_000.0)
MOST_MILLIVOLTS = 1e6
_TYPES = {"SS": "<i2", "US": "<u2", "SB": "i1", "UB": "u1", "SL": "<i4", "UL": "<u4"}
_MILLIVOLTS = {"nV": 1e-6, "uV": 1e-3, "mV": 1.0, "V": 1e3}
_LEAD = re.compile(r"[Ll]ead ([A-Za-z0-9]{1,6})")


@dataclass(frozen=True)
class Leads:
    """Leads that were recorded together, each with a name; `values`: one row a lead, NaN where nothing was measured."""

    names: tuple[str, ...]
    hz: float
    values: Millivolts

    @property
    def seconds(self) -> float:
        return float(self.values.shape[1] / self.hz)


@dataclass(frozen=True)
class Ecg:
    """What was recorded, one group of leads after the other; what a device derived of it is left out."""

    recorded: tuple[Leads, ...]

    @property
    def nbytes(self) -> int:
        return sum(leads.values.nbytes for leads in self.recorded)


def read_ecg(parsed: ParsedFile) -> list[bytes]:
    """Raises SetAside."""
    groups = items_of(parsed.dataset, "WaveformSequence")
    if len(groups) > MOST_GROUPS:
        raise SetAside(EvidenceFault.TOO_MANY_PARTS)
    originals = [at for at, group in enumerate(groups) if short_text(group, "WaveformOriginality", 16) != "DERIVED"]
    wanted = originals or range(len(groups))
    if sum(_values(groups[at]) for at in wanted) > MOST_IN_ALL:
        raise SetAside(EvidenceFault.TOO_MANY_PARTS)
    found = [_leads(parsed, groups[at], at) for at in wanted]
    if not found:
        raise SetAside(EvidenceFault.UNREADABLE)
    heads = [[list(leads.names), leads.hz, leads.values.shape[1]] for leads in found]
    return [plain(heads), *(leads.values.astype("<f4").tobytes() for leads in found)]


def ecg_of(parts: list[bytes]) -> Ecg:
    """Raises ValueError and others for what no child of ours says."""
    said, *values = parts
    heads = json.loads(said)
    demand(0 < len(heads) == len(values) <= MOST_GROUPS)
    found = []
    for (names, hz, samples), raw in zip(heads, values, strict=True):
        demand(0 < len(names) <= MOST_CHANNELS and SAMPLING_HZ[0] <= number(hz) <= SAMPLING_HZ[1])
        millivolts = np.frombuffer(raw, "<f4").reshape(len(names), whole(samples, 1, MOST_VALUES))
        demand(not np.isinf(millivolts).any())
        found.append(Leads(tuple(text(name, 16) for name in names), number(hz), millivolts))
    demand(sum(leads.values.size for leads in found) <= MOST_IN_ALL)
    return Ecg(tuple(found))


def _values(group: Dataset) -> int:
    channels, samples = _counts(group)
    return channels * samples


def _counts(group: Dataset) -> tuple[int, int]:
    """How many channels a group has, and how many samples each of them."""
    return int(value_of(group, "NumberOfWaveformChannels")), int(value_of(group, "NumberOfWaveformSamples"))


def _leads(parsed: ParsedFile, group: Dataset, at: int) -> Leads:
    channels, samples = _counts(group)
    hz, kind = float(value_of(group, "SamplingFrequency")), short_text(group, "WaveformSampleInterpretation", 16)
    if not 0 < channels <= MOST_CHANNELS or samples * channels > MOST_VALUES:
        raise SetAside(EvidenceFault.TOO_MANY_PARTS)
    if not SAMPLING_HZ[0] <= hz <= SAMPLING_HZ[1] or samples < 1 or kind not in _TYPES:
        raise SetAside(EvidenceFault.NUMBERS_ODD)
    definitions = items_of(group, "ChannelDefinitionSequence")
    raw = np.frombuffer(bulk_value(parsed.dataset, f"54000100/{at + 1}/54001010") or b"", _TYPES[kind])
    if len(definitions) != channels or raw.size < samples * channels:
        raise SetAside(EvidenceFault.UNREADABLE)
    stored = raw[: samples * channels].reshape(samples, channels).T
    values = np.stack([_millivolts(row, definition) for row, definition in zip(stored, definitions, strict=True)])
    padding = bulk_value(parsed.dataset, f"54000100/{at + 1}/5400100A") or b""
    if len(padding) >= raw.itemsize:
        values[stored == np.frombuffer(padding[: raw.itemsize], raw.dtype)[0]] = np.nan
    return Leads(tuple(_names(definitions)), hz, values)


def _millivolts(stored: npt.NDArray[np.generic], definition: Dataset) -> Millivolts:
    """PS3.3 C.10.9.1.4.2: the stored value times sensitivity and correction, plus the baseline."""
    units = [short_text(unit, "CodeValue", 16) for unit in items_of(definition, "ChannelSensitivityUnitsSequence")]
    unit = _MILLIVOLTS.get(units[0]) if units else None
    if unit is None:  # without a sensitivity nobody can say how high a beat is
        raise SetAside(EvidenceFault.NUMBERS_ODD)
    scale = float(value_of(definition, "ChannelSensitivity")) * _or(
        definition, "ChannelSensitivityCorrectionFactor", 1.0
    )
    baseline = _or(definition, "ChannelBaseline", 0.0)
    if not (math.isfinite(scale) and math.isfinite(baseline) and scale):
        raise SetAside(EvidenceFault.NUMBERS_ODD)
    with np.errstate(over="ignore", invalid="ignore"):
        found = (stored.astype(np.float64) * scale + baseline) * unit
    if not np.abs(found).max() <= MOST_MILLIVOLTS:
        raise SetAside(EvidenceFault.NUMBERS_ODD)
    return found.astype(np.float32)


def _or(ds: Dataset, keyword: str, default: float) -> float:
    found = value_of(ds, keyword)
    return default if found is None else float(found)


def _names(definitions: list[Dataset]) -> Iterator[str]:
    for at, definition in enumerate(definitions, 1):
        meanings = [short_text(code, "CodeMeaning", 64) for code in items_of(definition, "ChannelSourceSequence")]
        name = short_text(definition, "ChannelLabel", 16) or (meanings[0] if meanings else "")
        lead = _LEAD.match(name)
        yield (lead[1] if lead else name[:16]) or str(at)
