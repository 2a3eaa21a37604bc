"""What may differ from frame to frame, off a DICOM header: rescale, windows, place, b-value (PS3.3 C.7.6.16)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydicom import Dataset

from app.dicom.element_values import text_of, value_of
from app.imaging.header.image_header import FrameValues
from app.imaging.header.numbers import in_their_places, number_of, numbers_of

FUNCTIONAL_GROUPS = (
    "PixelValueTransformationSequence",
    "FrameVOILUTSequence",
    "PlanePositionSequence",
    "PlaneOrientationSequence",
    "PixelMeasuresSequence",
    "MRDiffusionSequence",
    "MREchoSequence",
    "FrameContentSequence",
    "CardiacSynchronizationSequence",
)
MOST_WINDOWS = 8
"""The most windows that are kept for a frame: shared values are stored again with each frame."""
NAME_CHARACTERS = 16
_VALUE_BYTES = 1024
_APART = {
    "echo_ms": ("EchoTime", "EffectiveEchoTime"),
    "time_point": ("TemporalPositionIdentifier", "TemporalPositionIndex"),
    "cardiac_phase": ("NominalPercentageOfCardiacPhase",),
    "acquisition": ("AcquisitionNumber",),
}
PRIVATE_B_VALUES = (
    (0x0019, "SIEMENS MR HEADER", 0x0C),
    (0x0043, "GEMS_PARM_01", 0x39),
    (0x2001, "Philips Imaging DD 001", 0x03),
    (0x0065, "Image Private Header", 0x09),  # United Imaging
)
"""Group, creator and element of what scanners wrote before the standard had an attribute for it, and still do."""
GE_FLAG = 1_000_000_000
"""GE adds it to some b-values."""


def frame_values(ds: Dataset, frames: int) -> tuple[FrameValues, tuple[FrameValues, ...]]:
    """The shared values, and the values of each frame when frames differ. A frame's own group wins (PS3.3 C.7.6.16)."""
    shared = _plain_values(ds)
    if shared.b_value is None and text_of(ds, "Modality", most_bytes=_VALUE_BYTES) == "MR":
        shared = replace(shared, b_value=_private_b_value(ds))
    for group in value_of(ds, "SharedFunctionalGroupsSequence") or []:
        shared = _grouped(group, shared)
    groups = value_of(ds, "PerFrameFunctionalGroupsSequence") or []
    if len(groups) != frames:
        return shared, ()
    per_frame = tuple(_grouped(group, shared) for group in groups)
    return (per_frame[0], ()) if all(values == per_frame[0] for values in per_frame) else (shared, per_frame)


def _grouped(group: Dataset, base: FrameValues) -> FrameValues:
    for name in FUNCTIONAL_GROUPS:
        for item in value_of(group, name) or []:
            base = _plain_values(item, base)
    return base


def _plain_values(ds: Dataset, base: FrameValues | None = None) -> FrameValues:
    """Rescale, window and position of a data set or functional group. Missing values come from `base`."""
    base = base or FrameValues()
    pairs = _windows(ds)
    windows, names = tuple(pairs.values())[:MOST_WINDOWS], _names(ds)
    if names and windows:
        names = tuple(names[number] if number < len(names) else "" for number in pairs)[:MOST_WINDOWS]
    slope, intercept = number_of(_value(ds, "RescaleSlope")), number_of(_value(ds, "RescaleIntercept"))
    b_value = number_of(_value(ds, "DiffusionBValue"))
    position, orientation = (
        numbers_of(_value(ds, "ImagePositionPatient")),
        numbers_of(_value(ds, "ImageOrientationPatient")),
    )
    return FrameValues(
        slope=base.slope if slope is None or slope == 0 else slope,
        intercept=base.intercept if intercept is None else intercept,
        windows=windows or base.windows,
        window_names=names if windows else base.window_names,
        voi_function=text_of(ds, "VOILUTFunction", most_bytes=_VALUE_BYTES)[:16] or base.voi_function,
        location=number_of(_value(ds, "SliceLocation")) if len(position) != 3 else base.location,
        b_value=base.b_value if b_value is None else b_value,
        position=(position[0], position[1], position[2]) if len(position) == 3 else base.position,
        spacing=_spacing(ds) or base.spacing,
        **_apart(ds, base),
        orientation=tuple(orientation) if len(orientation) == 6 else base.orientation,  # type: ignore[arg-type]
    )


def _windows(ds: Dataset) -> dict[int, tuple[float, float]]:
    """Center and width by their place among the header's. One that lacks either, or has no width, is left out."""
    centers, widths = in_their_places(_value(ds, "WindowCenter")), in_their_places(_value(ds, "WindowWidth"))
    return {
        number: (center, width)
        for number, (center, width) in enumerate(zip(centers, widths, strict=False))
        if center is not None and width is not None and width > 0
    }


def _names(ds: Dataset) -> tuple[str, ...]:
    """Of the windows (PS3.3 C.11.2.1.2), cut to what a button holds. Characters that are no text are left out."""
    found = _value(ds, "WindowCenterWidthExplanation")
    names = [found] if isinstance(found, str) else list(found or ())
    return tuple("".join(filter(str.isprintable, str(name))).strip()[:NAME_CHARACTERS] for name in names)


def _apart(ds: Dataset, base: FrameValues) -> dict[str, Any]:
    """What tells images of one place apart (PS3.3 C.8.3.1, C.7.6.16.2.2, C.8.13.5.4, C.7.6.18.1)."""
    found: dict[str, Any] = {}
    for name, keywords in _APART.items():
        values = (number_of(_value(ds, keyword)) for keyword in keywords)
        found[name] = next((value for value in values if value is not None), getattr(base, name))
    kinds = text_of(ds, "ImageType", most_bytes=_VALUE_BYTES)
    found["flavour"] = "\\".join(_image_type(ds)[2:])[:64] if kinds else base.flavour
    return found


def _image_type(ds: Dataset) -> list[str]:
    found = _value(ds, "ImageType")
    return [found] if isinstance(found, str) else [str(value) for value in found or ()]


def _spacing(ds: Dataset) -> tuple[float, float] | None:
    spacing = numbers_of(_value(ds, "PixelSpacing"))
    return (spacing[0], spacing[1]) if len(spacing) == 2 and min(spacing) > 0 else None


def _value(ds: Dataset, keyword: str) -> Any:
    return value_of(ds, keyword, most_bytes=_VALUE_BYTES)


def _private_b_value(ds: Dataset) -> float | None:
    for group, creator, element in PRIVATE_B_VALUES:
        try:
            value = ds.private_block(group, creator)[element].value
        except KeyError:
            continue
        if isinstance(value, bytes):
            value = value.decode("ascii", "replace").strip("\0 ").split("\\")[0]
        if found := numbers_of(value):
            return found[0] % GE_FLAG
    return None
