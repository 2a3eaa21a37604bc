"""Reads the image header from a parsed DICOM object, checked and bounded. `image_header` says what a header holds.

The modules beside read its parts: look-up tables, overlays, spacings, frame rates, and values of single frames.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pydicom import Dataset

from app.dicom.element_values import text_of, value_of
from app.imaging.errors import NotAnImage, NotShown, UnsupportedImage
from app.imaging.header.exposure_reading import exposures, sources
from app.imaging.header.frame_rate_reading import frame_time_ms
from app.imaging.header.frame_values_reading import frame_values
from app.imaging.header.image_header import FOR_PRESENTATION, READING, FrameValues, ImageHeader
from app.imaging.header.lut_reading import read_lut, read_palette
from app.imaging.header.numbers import number_of, whole_of
from app.imaging.header.overlay_reading import read_overlays
from app.imaging.header.projection_reading import laterality, patient_orientation, projection
from app.imaging.header.region_reading import read_regions
from app.imaging.header.spacing_reading import pixel_aspect, pixel_spacing

MAX_SIDE = 32_768
MAX_FRAME_PIXELS = 64 * 1024 * 1024
MAX_FRAMES = 20_000
MAX_OBJECT_PIXELS = 4 * 1024 * 1024 * 1024
PIXEL_ELEMENTS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
ONE_SAMPLE = frozenset({"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"})
THREE_SAMPLES = frozenset({"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"})
XRAY_CINE = frozenset(
    (
        "1.2.840.10008.5.1.4.1.1.12.1",  # X-Ray Angiographic Image Storage
        "1.2.840.10008.5.1.4.1.1.12.1.1",  # Enhanced XA Image Storage
        "1.2.840.10008.5.1.4.1.1.12.2",  # X-Ray Radiofluoroscopic Image Storage
        "1.2.840.10008.5.1.4.1.1.12.2.1",  # Enhanced XRF Image Storage
        "1.2.840.10008.5.1.4.1.1.12.3",  # X-Ray Angiographic Bi-Plane Image Storage (Retired)
    )
)
_VALUE_BYTES = 1024
"""The most bytes of an element that describes an image. A longer element counts as absent. Windows are the longest."""


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
    frames = max(_whole(ds, "NumberOfFrames", 1), 1)
    samples = _whole(ds, "SamplesPerPixel", 1)
    allocated = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}.get(keyword) or _whole(ds, "BitsAllocated")
    stored = _whole(ds, "BitsStored", allocated)
    photometric = _photometric(ds, samples)
    high_bit = _whole(ds, "HighBit", stored - 1)
    _check_sizes(rows, columns, frames, samples)
    _check_bits(allocated, stored, high_bit)
    signed = _whole(ds, "PixelRepresentation", 0) == 1
    is_logarithmic = _is_logarithmic(ds)
    shared, per_frame = frame_values(ds, frames)
    if is_logarithmic:
        shared, per_frame = _unscaled(shared), tuple(map(_unscaled, per_frame))
    modality_lut = None if is_logarithmic else read_lut(ds, "ModalityLUTSequence", signed=signed)
    spacing, intent = pixel_spacing(ds), _text(ds, "PresentationIntentType").upper()
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
        padding=_padding(ds, stored, signed=signed),
        presentation_lut_shape=_text(ds, "PresentationLUTShape"),
        modality_lut=modality_lut,
        voi_lut=read_lut(
            ds, "VOILUTSequence", signed=modality_lut is None and _goes_below_zero(signed, (shared, *per_frame))
        ),
        palette=read_palette(ds, signed=signed) if photometric == "PALETTE COLOR" else None,
        shared=shared,
        per_frame=per_frame,
        pixel_spacing=spacing,
        pixel_aspect=pixel_aspect(ds, spacing),
        overlays=read_overlays(ds, allocated),
        concatenation_uid=text_of(ds, "ConcatenationUID", most_bytes=_VALUE_BYTES)[:64],
        in_concatenation=whole_of(_value(ds, "InConcatenationNumber")) or 0,
        frame_of_reference_uid=text_of(ds, "FrameOfReferenceUID", most_bytes=_VALUE_BYTES)[:64],
        instance_number=whole_of(_value(ds, "InstanceNumber")),
        frame_time_ms=frame_time_ms(ds),
        regions=read_regions(ds, rows, columns),
        laterality=laterality(ds),
        projection=projection(ds),
        patient_orientation=patient_orientation(ds),
        presentation_intent=intent,
        exposures=exposures(ds) if intent else (),
        sources=sources(ds) if intent == FOR_PRESENTATION else (),
        reading=READING,
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
    value = whole_of(_value(ds, keyword))
    if value is None:
        if default is None:
            raise UnsupportedImage(NotShown.NUMBER_MISSING, keyword)
        return default
    return value


def _is_logarithmic(ds: Dataset) -> bool:
    """X-ray angiography and fluoroscopy whose pixels are no linear measure of the intensity. Their modality LUT leads
    back to the intensity and is no part of the display (PS3.3 C.8.7.1.1.2, PS3.17 FFF.2.3.1.3.4)."""
    if _text(ds, "Modality") != "XA" and text_of(ds, "SOPClassUID", most_bytes=_VALUE_BYTES) not in XRAY_CINE:
        return False
    groups = [
        *(value_of(ds, "SharedFunctionalGroupsSequence") or []),
        *(value_of(ds, "PerFrameFunctionalGroupsSequence") or [])[:1],
    ]
    properties = (item for group in groups for item in value_of(group, "FramePixelDataPropertiesSequence") or [])
    return any(_text(item, "PixelIntensityRelationship").upper() in ("LOG", "DISP") for item in (ds, *properties))


def _goes_below_zero(signed: bool, values: Iterable[FrameValues]) -> bool:
    """Whether what comes before the VOI LUT may: then its first mapped value has a sign (PS3.3 C.11.2.1.1)."""
    return signed or any(each.intercept < 0 or each.slope < 0 for each in values)


def _unscaled(values: FrameValues) -> FrameValues:
    return replace(values, slope=1.0, intercept=0.0)


def _padding(ds: Dataset, bits_stored: int, *, signed: bool) -> tuple[float, float] | None:
    """Lowest and highest padding. Its VR is that of the pixels (PS3.3 C.7.5.1.1.2); written with the other one, or with
    more bits than are stored, it still names the pixels that hold the same bits."""
    for kind in ("Float", "DoubleFloat", ""):
        found = (_value(ds, f"{kind}PixelPaddingValue"), _value(ds, f"{kind}PixelPaddingRangeLimit"))
        ends = [number for number in map(number_of, found) if number is not None]
        if number_of(found[0]) is not None:
            if not kind:
                ends = [_as_stored(int(end), bits_stored, signed=signed) for end in ends]
            return min(ends), max(ends)
    return None


def _as_stored(number: int, bits_stored: int, *, signed: bool) -> float:
    number &= (1 << bits_stored) - 1
    return float(number - (1 << bits_stored) if signed and number >> (bits_stored - 1) else number)
