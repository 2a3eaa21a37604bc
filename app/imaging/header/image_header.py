"""What the renderer must know of an image. It is read once at ingest and kept as JSON. It holds nothing personal.

`reading` reads it from a DICOM header; `frame_index` says where the frames are. No pydicom here: decoding children
import this file, and pydicom would slow down their start.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from app.imaging.header.lut import Lut
from app.imaging.header.overlay import Overlay
from app.imaging.header.presentation import Presentation
from app.imaging.header.region import Region

READING = 8
"""Rises when more or other things are read off a header. Headers of an older reading are read anew when their pictures
are prepared again."""
FOR_PROCESSING, FOR_PRESENTATION = "FOR PROCESSING", "FOR PRESENTATION"
"""What an X-ray is meant for (PS3.3 C.8.11.1)."""

_COUNTS = ("rows", "columns", "number_of_frames", "samples_per_pixel", "bits_allocated", "bits_stored", "high_bit")


@dataclass(frozen=True)
class FrameValues:
    """Values that may differ between frames: rescale, window and position (functional groups of PS3.3 C.7.6.16)."""

    slope: float = 1.0
    intercept: float = 0.0
    windows: tuple[tuple[float, float], ...] = ()
    """(center, width) pairs of the header."""
    window_names: tuple[str, ...] = ()
    """What the device calls them, in their order; empty where it says nothing."""
    voi_function: str = "LINEAR"
    position: tuple[float, float, float] | None = None
    """Image Position (Patient), mm."""
    orientation: tuple[float, float, float, float, float, float] | None = None
    location: float | None = None
    """Slice Location, mm; of frames without a position only."""
    b_value: float | None = None
    """How strongly diffusion weighs, s/mm²: slices of one place differ in it."""
    spacing: tuple[float, float] | None = None
    """Pixel Spacing: mm in the patient between rows, and between columns."""
    echo_ms: float | None = None
    """Echo Time; with the four below it tells images of one place apart."""
    time_point: float | None = None
    """Temporal Position Identifier, or Index."""
    cardiac_phase: float | None = None
    """Percent of the heart's cycle."""
    acquisition: float | None = None
    """Acquisition Number."""
    flavour: str = ""
    """What Image Type says behind its first two values: of an in-phase, an opposed-phase, a water and a fat image."""

    def to_json(self) -> dict[str, Any]:
        return {item.name: value for item in fields(self) if (value := getattr(self, item.name)) != item.default}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> FrameValues:
        values = dict(plain)
        values["windows"] = tuple((center, width) for center, width in values.get("windows", ()))
        for name in ("position", "orientation", "spacing", "window_names"):
            if values.get(name) is not None:
                values[name] = tuple(values[name])
        return cls(**values)


@dataclass(frozen=True)
class ImageHeader:
    """Everything that is needed to decode and show the frames of one object."""

    transfer_syntax_uid: str
    modality: str
    rows: int
    columns: int
    number_of_frames: int
    samples_per_pixel: int
    photometric_interpretation: str
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    planar_configuration: int = 0
    pixel_keyword: str = "PixelData"
    words_swapped: bool = False
    """8-bit pixels stored as big-endian 16-bit words (OW in PS3.5 A.3)."""
    padding: tuple[float, float] | None = None
    """Lowest and highest stored value that is padding, PS3.3 C.7.5.1.1.2."""
    presentation_lut_shape: str = ""
    modality_lut: Lut | None = None
    voi_lut: Lut | None = None
    palette: tuple[Lut, Lut, Lut] | None = None
    shared: FrameValues = field(default_factory=FrameValues)
    per_frame: tuple[FrameValues, ...] = ()
    """Empty when all frames have the shared values."""
    pixel_spacing: tuple[float, float] | None = None
    """mm between rows, mm between columns; at the detector when the header knows no other."""
    pixel_aspect: float = 1.0
    """The height of a pixel to its width."""
    overlays: tuple[Overlay, ...] = ()
    concatenation_uid: str = ""
    """Of an object that is one part of a longer one (PS3.3 C.7.6.16.2.2.4); `in_concatenation` counts from 1."""
    in_concatenation: int = 0
    frame_of_reference_uid: str = ""
    """Positions of two objects can be compared only in one frame of reference."""
    instance_number: int | None = None
    frame_time_ms: float | None = None
    """Milliseconds from frame to frame of a film."""
    regions: tuple[Region, ...] = ()
    """Of ultrasound, each calibrated for itself."""
    presentation: Presentation | None = None
    """How a presentation state wants it shown; put here for drawing, and never stored with the image."""
    laterality: str = ""
    """L, R or B: the side of the body, of paired parts."""
    projection: str = ""
    """Of a projection how the rays went: CC or MLO of a mammogram, PA or LAT of a chest."""
    patient_orientation: tuple[str, str] | None = None
    """Of an image without a place in the patient: where rows and columns lead to, in letters of PS3.3 C.7.6.1.1.1."""
    presentation_intent: str = ""
    """Of an X-ray: FOR PRESENTATION, or FOR PROCESSING: to be computed with, not looked at (PS3.3 C.8.11.1)."""
    exposures: tuple[str, ...] = ()
    """Of an X-ray with an intent: what names its exposure. Images with one of these in common are of one exposure."""
    sources: tuple[str, ...] = ()
    """Of an X-ray for presentation: the SOP Instance UIDs of the images that it was made of."""
    reading: int = 1
    """The `READING` that made it."""

    def values(self, frame: int) -> FrameValues:
        """The values of frame `frame`, from 0."""
        return self.per_frame[frame] if self.per_frame else self.shared

    def of_frame(self, frame: int) -> ImageHeader:
        """The header with the values of one frame only, so it is small even when the object has many frames."""
        return replace(self, shared=self.values(frame), per_frame=()) if self.per_frame else self

    def to_json(self) -> dict[str, Any]:
        """The header in JSON types. Fields with their default value are left out."""
        plain = {item.name: value for item in fields(self) if (value := getattr(self, item.name)) != _default(item)}
        for name in ("modality_lut", "voi_lut"):
            if name in plain:
                plain[name] = asdict(plain[name])
        if "palette" in plain:
            plain["palette"] = [asdict(lut) for lut in plain["palette"]]
        if "overlays" in plain:
            plain["overlays"] = [asdict(overlay) for overlay in plain["overlays"]]
        if "regions" in plain:
            plain["regions"] = [asdict(region) for region in plain["regions"]]
        if "shared" in plain:
            plain["shared"] = self.shared.to_json()
        if "per_frame" in plain:
            plain["per_frame"] = [values.to_json() for values in self.per_frame]
        return plain

    @classmethod
    def from_child(cls, plain: dict[str, Any]) -> ImageHeader:
        """The header that a child says, its counts checked. Raises ValueError, LookupError, TypeError and
        AttributeError."""
        found = cls.from_json(plain)
        if not all(type(getattr(found, name)) is int for name in _COUNTS):
            raise ValueError
        return found

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> ImageHeader:
        values = dict(plain)
        values.pop("lossy", None)  # older releases stored this field
        values["shared"] = FrameValues.from_json(values.get("shared", {}))
        values["per_frame"] = tuple(FrameValues.from_json(item) for item in values.get("per_frame", ()))
        for name in ("padding", "pixel_spacing", "patient_orientation", "exposures", "sources"):
            if values.get(name) is not None:
                values[name] = tuple(values[name])
        for name in ("modality_lut", "voi_lut"):
            if values.get(name) is not None:
                values[name] = Lut(**values[name])
        values["overlays"] = tuple(Overlay(**overlay) for overlay in values.get("overlays", ()))
        values["regions"] = tuple(Region(**region) for region in values.get("regions", ()))
        if values.get("palette") is not None:
            values["palette"] = tuple(Lut(**lut) for lut in values["palette"])
        return cls(**values)


def _default(item: Any) -> Any:
    return FrameValues() if item.name == "shared" else item.default
