"""Reads the image header from a parsed DICOM object, checked and bounded. `image_header` says what a header holds.

Look-up tables are read in `lut_reading`.
"""

from __future__ import annotations

from typing import Any

from pydicom import Dataset
from pydicom.multival import MultiValue

from app.dicom.element_values import text_of, value_of
from app.imaging.errors import NotAnImage, NotShown, UnsupportedImage
from app.imaging.header.image_header import FrameValues, ImageHeader
from app.imaging.header.lut_reading import read_lut, read_palette

MAX_SIDE = 32_768
MAX_FRAME_PIXELS = 64 * 1024 * 1024
MAX_FRAMES = 20_000
MAX_OBJECT_PIXELS = 4 * 1024 * 1024 * 1024
PIXEL_ELEMENTS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
ONE_SAMPLE = frozenset({"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"})
THREE_SAMPLES = frozenset({"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"})
FUNCTIONAL_GROUPS = (
    "PixelValueTransformationSequence",
    "FrameVOILUTSequence",
    "PlanePositionSequence",
    "PlaneOrientationSequence",
)
MOST_WINDOWS = 8
"""The most windows that are kept for a frame: shared values are stored again with each frame."""
_VALUE_BYTES = 1024
"""The most bytes of an element that describes an image. A longer element counts as absent. Windows are the longest."""
NO_NUMBER = (TypeError, ValueError, OverflowError)
"""What `int` and `float` raise; OverflowError comes from an infinity."""


def read_header(ds: Dataset, transfer_syntax_uid: str, pixel_keyword: str | None = None) -> ImageHeader:
    """The image header of a parsed object. When its pixels are not loaded, `pixel_keyword` names their element.

    Raises NotAnImage without pixels, UnsupportedImage when the description of pixels is missing, invalid or too large.
    """
    keyword = pixel_keyword or next((name for name in PIXEL_ELEMENTS if name in ds), None)
    if keyword is None:
        raise NotAnImage
    try:
        return _read(ds, str(transfer_syntax_uid), keyword)
    except UnsupportedImage:
        raise
    except Exception:  # pydicom converts a value at the first access, and an odd value may raise anything
        raise UnsupportedImage(NotShown.DESCRIPTION_UNREADABLE) from None


def _read(ds: Dataset, transfer_syntax_uid: str, keyword: str) -> ImageHeader:
    rows, columns = _whole(ds, "Rows"), _whole(ds, "Columns")
    frames = _whole(ds, "NumberOfFrames", 1) or 1
    samples = _whole(ds, "SamplesPerPixel", 1)
    allocated = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}.get(keyword) or _whole(ds, "BitsAllocated")
    stored = _whole(ds, "BitsStored", allocated)
    photometric = _photometric(ds, samples)
    high_bit = _whole(ds, "HighBit", stored - 1)
    _check_sizes(rows, columns, frames, samples)
    _check_bits(allocated, stored, high_bit)
    signed = _whole(ds, "PixelRepresentation", 0) == 1
    shared, per_frame = _frame_values(ds, frames)
    return ImageHeader(
        transfer_syntax_uid=transfer_syntax_uid,
        modality=_text(ds, "Modality") or "OT",
        rows=rows,
        columns=columns,
        number_of_frames=frames,
        samples_per_pixel=samples,
        photometric_interpretation=photometric,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=high_bit,
        signed=signed,
        planar_configuration=_whole(ds, "PlanarConfiguration", 0),
        pixel_keyword=keyword,
        padding=_padding(ds),
        presentation_lut_shape=_text(ds, "PresentationLUTShape"),
        modality_lut=read_lut(ds, "ModalityLUTSequence", signed=signed),
        voi_lut=read_lut(ds, "VOILUTSequence", signed=signed or shared.intercept < 0),
        palette=read_palette(ds, signed=signed) if photometric == "PALETTE COLOR" else None,
        shared=shared,
        per_frame=per_frame,
        pixel_spacing=_pixel_spacing(ds),
        instance_number=_optional_int(_value(ds, "InstanceNumber")),
        frame_time_ms=_number(_value(ds, "FrameTime")),
    )


def _value(ds: Dataset, keyword: str) -> Any:
    return value_of(ds, keyword, most_bytes=_VALUE_BYTES)


def _text(ds: Dataset, keyword: str) -> str:
    """The text, cut to the length of a code string (PS3.5 6.2), because it is stored."""
    return text_of(ds, keyword, most_bytes=_VALUE_BYTES)[:16]


def _photometric(ds: Dataset, samples: int) -> str:
    photometric = _text(ds, "PhotometricInterpretation").upper()
    photometric = photometric or ("RGB" if samples == 3 else "MONOCHROME2")
    if samples != (1 if photometric in ONE_SAMPLE else 3 if photometric in THREE_SAMPLES else None):
        raise UnsupportedImage(NotShown.PHOTOMETRIC_UNKNOWN)
    return photometric


def _check_sizes(rows: int, columns: int, frames: int, samples: int) -> None:
    if not (0 < rows <= MAX_SIDE and 0 < columns <= MAX_SIDE and rows * columns <= MAX_FRAME_PIXELS):
        raise UnsupportedImage(NotShown.SIZE_ODD)
    if not 0 < frames <= MAX_FRAMES or rows * columns * frames * samples > MAX_OBJECT_PIXELS:
        raise UnsupportedImage(NotShown.TOO_MANY_FRAMES)


def _check_bits(allocated: int, stored: int, high_bit: int) -> None:
    if allocated not in (1, 8, 16, 32, 64) or not 0 < stored <= high_bit + 1 <= allocated:
        raise UnsupportedImage(NotShown.BITS_ODD)


def _whole(ds: Dataset, keyword: str, default: int | None = None) -> int:
    value = _optional_int(_value(ds, keyword))
    if value is None:
        if default is None:
            raise UnsupportedImage(NotShown.NUMBER_MISSING, keyword)
        return default
    return value


def _optional_int(value: Any) -> int | None:
    try:
        return int(value) if value not in (None, "") else None
    except NO_NUMBER:
        return None


def _number(value: Any) -> float | None:
    try:
        number = float(value) if value not in (None, "") else None
    except NO_NUMBER:
        return None
    return number if number is None or abs(number) < 1e12 else None


def _numbers(value: Any) -> list[float]:
    values = value if isinstance(value, MultiValue | list | tuple) else [value]
    return [number for number in map(_number, values) if number is not None]


def _pair(value: Any) -> tuple[float, float] | None:
    numbers = _numbers(value)
    return (numbers[0], numbers[1]) if len(numbers) == 2 and min(numbers) > 0 else None


def _padding(ds: Dataset) -> tuple[float, float] | None:
    for kind in ("Float", "DoubleFloat", ""):
        low, limit = (
            _number(_value(ds, f"{kind}PixelPaddingValue")),
            _number(_value(ds, f"{kind}PixelPaddingRangeLimit")),
        )
        if low is not None:
            high = low if limit is None else limit
            return min(low, high), max(low, high)
    return None


def _pixel_spacing(ds: Dataset) -> tuple[float, float] | None:
    measures = (
        item
        for group in value_of(ds, "SharedFunctionalGroupsSequence") or []
        for item in value_of(group, "PixelMeasuresSequence") or []
    )
    for source in (ds, *measures):
        if spacing := _pair(_value(source, "PixelSpacing")):
            return spacing
    return _pair(_value(ds, "ImagerPixelSpacing"))


def _plain_values(ds: Dataset, base: FrameValues | None = None) -> FrameValues:
    """Rescale, window and position of a data set or functional group. Missing values come from `base`."""
    base = base or FrameValues()
    centers, widths = _numbers(_value(ds, "WindowCenter")), _numbers(_value(ds, "WindowWidth"))
    windows = tuple((c, w) for c, w in zip(centers, widths, strict=False) if w > 0)[:MOST_WINDOWS]
    slope, intercept = _number(_value(ds, "RescaleSlope")), _number(_value(ds, "RescaleIntercept"))
    position, orientation = (
        _numbers(_value(ds, "ImagePositionPatient")),
        _numbers(_value(ds, "ImageOrientationPatient")),
    )
    return FrameValues(
        slope=base.slope if slope is None or slope == 0 else slope,
        intercept=base.intercept if intercept is None else intercept,
        windows=windows or base.windows,
        voi_function=_text(ds, "VOILUTFunction") or base.voi_function,
        position=(position[0], position[1], position[2]) if len(position) == 3 else base.position,
        orientation=tuple(orientation) if len(orientation) == 6 else base.orientation,  # type: ignore[arg-type]
    )


def _frame_values(ds: Dataset, frames: int) -> tuple[FrameValues, tuple[FrameValues, ...]]:
    """The shared values, and the values of each frame when frames differ. A frame's own group wins (PS3.3 C.7.6.16)."""
    shared = _plain_values(ds)
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
