"""What a picture's maker must know of an image: read once at ingest, kept as JSON, never anything personal.

Decoding is `decode`, display `window`; where the frames lie is `frame_index`.
"""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from pydicom import Dataset
from pydicom.multival import MultiValue

from app.imaging.errors import NotAnImage, UnsupportedImage

MAX_SIDE = 32_768
MAX_FRAME_PIXELS = 64 * 1024 * 1024
MAX_FRAMES = 20_000
MAX_OBJECT_PIXELS = 4 * 1024 * 1024 * 1024
PIXEL_ELEMENTS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


@dataclass(frozen=True)
class Lut:
    """A look-up table as stored (PS3.3 C.11.1.1, C.11.2.1.1, C.7.6.3.1.5); `values`: big-endian uint16 in base64."""

    first: int
    values: str

    @classmethod
    def of(cls, first: int, values: list[int]) -> Lut:
        return cls(first, base64.b64encode(b"".join(v.to_bytes(2, "big") for v in values)).decode())


@dataclass(frozen=True)
class FrameValues:
    """What may differ from frame to frame: rescale, window and place (functional groups of PS3.3 C.7.6.16)."""

    slope: float = 1.0
    intercept: float = 0.0
    windows: tuple[tuple[float, float], ...] = ()
    """(center, width) pairs of the header."""
    voi_function: str = "LINEAR"
    position: tuple[float, float, float] | None = None
    """Image Position (Patient), mm."""
    orientation: tuple[float, float, float, float, float, float] | None = None


@dataclass(frozen=True)
class ImageHeader:
    """All that is needed to decode and show the frames of one object."""

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
    """8-bit pixels in big-endian 16-bit words: the bytes of each pair are exchanged (PS3.5 8.1.2, annex D)."""
    padding: tuple[int, int] | None = None
    """Lowest and highest stored value that is padding, PS3.3 C.7.5.1.1.2."""
    presentation_lut_shape: str = ""
    modality_lut: Lut | None = None
    voi_lut: Lut | None = None
    palette: tuple[Lut, Lut, Lut] | None = None
    palette_bits: int = 16
    shared: FrameValues = field(default_factory=FrameValues)
    per_frame: tuple[FrameValues, ...] = ()
    pixel_spacing: tuple[float, float] | None = None
    """mm between rows, mm between columns."""
    instance_number: int | None = None
    frame_time_ms: float | None = None
    lossy: bool = False

    def values(self, frame: int) -> FrameValues:
        """The values of frame `frame`, from 0."""
        return self.per_frame[frame] if self.per_frame else self.shared

    def to_json(self) -> dict[str, Any]:
        """JSON types only; what has its default is left out."""
        plain = asdict(self)
        return {item.name: plain[item.name] for item in fields(self) if getattr(self, item.name) != _default(item)}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> ImageHeader:
        values = dict(plain)
        values["shared"] = _frame_values(values.get("shared", {}))
        values["per_frame"] = tuple(_frame_values(item) for item in values.get("per_frame", ()))
        for name in ("padding", "pixel_spacing"):
            if values.get(name) is not None:
                values[name] = tuple(values[name])
        for name in ("modality_lut", "voi_lut"):
            if values.get(name) is not None:
                values[name] = Lut(**values[name])
        if values.get("palette") is not None:
            values["palette"] = tuple(Lut(**lut) for lut in values["palette"])
        return cls(**values)


def _default(item: Any) -> Any:
    return FrameValues() if item.name == "shared" else item.default


def _frame_values(plain: dict[str, Any]) -> FrameValues:
    values = dict(plain)
    values["windows"] = tuple((center, width) for center, width in values.get("windows", ()))
    for name in ("position", "orientation"):
        if values.get(name) is not None:
            values[name] = tuple(values[name])
    return FrameValues(**values)


def read_header(ds: Dataset, transfer_syntax_uid: str, pixel_keyword: str | None = None) -> ImageHeader:
    """The image header of a parsed object (pixels need not be loaded: then name their element).

    Raises NotAnImage when there are no pixels, UnsupportedImage when their description is missing, absurd or too large.
    """
    keyword = pixel_keyword or next((name for name in PIXEL_ELEMENTS if name in ds), None)
    if keyword is None:
        raise NotAnImage
    rows, columns = _whole(ds, "Rows"), _whole(ds, "Columns")
    frames = _whole(ds, "NumberOfFrames", 1) or 1
    samples = _whole(ds, "SamplesPerPixel", 1)
    allocated = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}.get(keyword) or _whole(ds, "BitsAllocated")
    stored = _whole(ds, "BitsStored", allocated)
    _check_sizes(rows, columns, frames, samples, allocated, stored)
    photometric = str(ds.get("PhotometricInterpretation", "")).strip() or ("RGB" if samples == 3 else "MONOCHROME2")
    signed = _whole(ds, "PixelRepresentation", 0) == 1
    return ImageHeader(
        transfer_syntax_uid=str(transfer_syntax_uid),
        modality=str(ds.get("Modality", "") or "OT"),
        rows=rows,
        columns=columns,
        number_of_frames=frames,
        samples_per_pixel=samples,
        photometric_interpretation=photometric,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=_whole(ds, "HighBit", stored - 1),
        signed=signed,
        planar_configuration=_whole(ds, "PlanarConfiguration", 0),
        pixel_keyword=keyword,
        padding=_padding(ds),
        presentation_lut_shape=str(ds.get("PresentationLUTShape", "") or ""),
        modality_lut=_lut(ds, "ModalityLUTSequence", signed=signed),
        voi_lut=_lut(ds, "VOILUTSequence", signed=signed),
        palette=_palette(ds) if photometric == "PALETTE COLOR" else None,
        palette_bits=_palette_bits(ds),
        shared=_plain_values(ds),
        per_frame=_functional_groups(ds, frames),
        pixel_spacing=_pair(ds.get("PixelSpacing") or ds.get("ImagerPixelSpacing")),
        instance_number=_optional_int(ds.get("InstanceNumber")),
        frame_time_ms=_number(ds.get("FrameTime")),
        lossy=str(ds.get("LossyImageCompression", "")) == "01",
    )


def _check_sizes(rows: int, columns: int, frames: int, samples: int, allocated: int, stored: int) -> None:
    if not (0 < rows <= MAX_SIDE and 0 < columns <= MAX_SIDE and rows * columns <= MAX_FRAME_PIXELS):
        raise UnsupportedImage("the image is larger than any we take, or has no size")
    if not 0 < frames <= MAX_FRAMES or rows * columns * frames * samples > MAX_OBJECT_PIXELS:
        raise UnsupportedImage("the image claims more frames than any we take")
    if samples not in (1, 3, 4) or allocated not in (1, 8, 16, 32, 64) or not 0 < stored <= allocated:
        raise UnsupportedImage("samples or bits of the image are not described as the standard says")


def _whole(ds: Dataset, keyword: str, default: int | None = None) -> int:
    value = _optional_int(ds.get(keyword))
    if value is None:
        if default is None:
            raise UnsupportedImage(f"{keyword} is missing or no number")
        return default
    return value


def _optional_int(value: Any) -> int | None:
    try:
        return int(value) if value not in (None, "") else None
    except (TypeError, ValueError, OverflowError):
        return None


def _number(value: Any) -> float | None:
    try:
        number = float(value) if value not in (None, "") else None
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number is None or abs(number) < 1e12 else None


def _numbers(value: Any) -> list[float]:
    values = value if isinstance(value, MultiValue | list | tuple) else [value]
    return [number for number in map(_number, values) if number is not None]


def _pair(value: Any) -> tuple[float, float] | None:
    numbers = _numbers(value)
    return (numbers[0], numbers[1]) if len(numbers) == 2 and min(numbers) > 0 else None


def _padding(ds: Dataset) -> tuple[int, int] | None:
    low = _optional_int(ds.get("PixelPaddingValue"))
    if low is None:
        return None
    high = _optional_int(ds.get("PixelPaddingRangeLimit"))
    return (min(low, low if high is None else high), max(low, low if high is None else high))


def _plain_values(ds: Dataset, base: FrameValues | None = None) -> FrameValues:
    """Rescale, window and place of a dataset or functional group; what is missing comes from `base`."""
    base = base or FrameValues()
    centers, widths = _numbers(ds.get("WindowCenter")), _numbers(ds.get("WindowWidth"))
    windows = tuple((c, w) for c, w in zip(centers, widths, strict=False) if w > 0)
    slope, intercept = _number(ds.get("RescaleSlope")), _number(ds.get("RescaleIntercept"))
    position, orientation = _numbers(ds.get("ImagePositionPatient")), _numbers(ds.get("ImageOrientationPatient"))
    return FrameValues(
        slope=base.slope if slope is None or slope == 0 else slope,
        intercept=base.intercept if intercept is None else intercept,
        windows=windows or base.windows,
        voi_function=str(ds.get("VOILUTFunction", "") or base.voi_function),
        position=(position[0], position[1], position[2]) if len(position) == 3 else base.position,
        orientation=tuple(orientation) if len(orientation) == 6 else base.orientation,  # type: ignore[arg-type]
    )


_GROUPS = (
    "PixelValueTransformationSequence",
    "FrameVOILUTSequence",
    "PlanePositionSequence",
    "PlaneOrientationSequence",
)


def _functional_groups(ds: Dataset, frames: int) -> tuple[FrameValues, ...]:
    per_frame = ds.get("PerFrameFunctionalGroupsSequence")
    shared = _plain_values(ds)
    for group in ds.get("SharedFunctionalGroupsSequence") or []:
        shared = _grouped(group, shared)
    if not per_frame or len(per_frame) != frames:
        return (shared,) * frames if shared != _plain_values(ds) else ()
    return tuple(_grouped(group, shared) for group in per_frame)


def _grouped(group: Dataset, base: FrameValues) -> FrameValues:
    for name in _GROUPS:
        for item in group.get(name) or []:
            base = _plain_values(item, base)
    return base


def _lut(ds: Dataset, sequence: str, *, signed: bool) -> Lut | None:
    for item in ds.get(sequence) or []:
        descriptor, data = item.get("LUTDescriptor"), item.get("LUTData")
        if descriptor is None or data is None or len(descriptor) != 3:
            continue
        return _table(descriptor, data, signed=signed)
    return None


def _table(descriptor: Any, data: Any, *, signed: bool) -> Lut | None:
    """PS3.3 C.11.1.1: entries (0 means 65536), first value mapped, bits. Data may come as bytes or as numbers."""
    entries, first, bits = (int(value) for value in descriptor)
    entries = (entries & 0xFFFF) or 65_536
    first = first - 65_536 if signed and first > 32_767 else first
    if isinstance(data, bytes):
        one_byte = len(data) < 2 * entries
        values = list(data[:entries]) if one_byte else [
            int.from_bytes(data[at : at + 2], "little") for at in range(0, 2 * entries, 2)
        ]  # fmt: skip
    else:
        values = [int(value) & 0xFFFF for value in (data if isinstance(data, MultiValue | list) else [data])][:entries]
    if not values or not 0 < bits <= 16:
        return None
    return Lut.of(first, values)


def _palette(ds: Dataset) -> tuple[Lut, Lut, Lut] | None:
    tables = []
    for colour in ("Red", "Green", "Blue"):
        descriptor = ds.get(f"{colour}PaletteColorLookupTableDescriptor")
        data = ds.get(f"{colour}PaletteColorLookupTableData")
        if descriptor is None or data is None:
            raise UnsupportedImage("a palette table is missing or segmented")
        table = _table(descriptor, data, signed=_whole(ds, "PixelRepresentation", 0) == 1)
        if table is None:
            raise UnsupportedImage("a palette table is not described as the standard says")
        tables.append(table)
    return (tables[0], tables[1], tables[2])


def _palette_bits(ds: Dataset) -> int:
    descriptor = ds.get("RedPaletteColorLookupTableDescriptor")
    return int(descriptor[2]) if descriptor is not None and len(descriptor) == 3 else 16
