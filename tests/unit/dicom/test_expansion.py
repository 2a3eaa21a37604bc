"""Every reader of what anybody sends makes at most so much of it: memory at its peak against the bytes it was one.

The table names all readers; one that is missing in it fails the build. Time is not measured here.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import io
import json
import pkgutil
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.dicom import json_metadata, person_names, pixel_element, rejection_notes, same_content, text_bytes
from app.dicom.behind_pixels import bytes_behind, elements_behind_deflated, elements_of
from app.dicom.bounded_reading import inflate
from app.dicom.bulk_values import bulk_paths, bulk_value, little_endian
from app.dicom.directory import keys_in
from app.dicom.element_values import character_sets_of, text_of, value_of
from app.dicom.explicit_little_endian import around_pixels, file_head
from app.dicom.header_fields import read
from app.dicom.native_xml import from_xml
from app.dicom.part10 import HeaderLimits, ParsedFile, parse, vr_of
from app.errors import InvalidInput, RefusedObject
from app.imaging.codecs import decode
from app.imaging.codecs.byte_order import little_endian_frame, unswapped
from app.imaging.codecs.code_stream import read_stream
from app.imaging.codecs.decode import DEFLATED_FRAME, RLE, decode_frame
from app.imaging.codecs.deflated_object import inflated_object
from app.imaging.codecs.encode import is_incomplete
from app.imaging.codecs.working_copy import packed as packed_copy
from app.imaging.codecs.working_copy import unpacked
from app.imaging.errors import ImagingError
from app.imaging.header import image_index, lut_reading, reading
from app.imaging.header.examined import examined
from app.imaging.header.exposure_reading import exposures, sources
from app.imaging.header.frame_index import index_encapsulated
from app.imaging.header.frame_rate_reading import frame_time_ms
from app.imaging.header.frame_values_reading import frame_values
from app.imaging.header.overlay import packed
from app.imaging.header.overlay_reading import read_overlays
from app.imaging.header.projection_reading import laterality, patient_orientation, projection
from app.imaging.header.region_reading import read_regions
from app.imaging.header.spacing_reading import pixel_aspect, pixel_spacing
from app.imaging.header.stored_header import StoredQuestion, Wanted, answer_of
from app.imaging.sandbox.header_answers import parts_of, parts_of_stored
from tests.factories.expanding_files import KINDS
from tests.factories.images import image_header

MIB = 1024 * 1024
FACTOR, CONSTANT = 256, 40 * MIB
"""An object of Python is about a hundred bytes and an element of DICOM at least eight; the constant is the largest of
the fixed limits that a reader may fill whatever it is given: three tables of 65 536 entries, or 20 000 frames."""
LIMITS = HeaderLimits(header_bytes=8 * MIB, inflated_bytes=8 * MIB)
ROOMS = ("app.dicom", "app.imaging.header", "app.imaging.codecs")
TAKES = ("bytes", "BinaryIO", "Dataset", "list[int]")


@dataclass(frozen=True)
class Given:
    """One file, as each reader wants it; `parsed` is read anew for each."""

    data: bytes

    @property
    def file(self) -> io.BytesIO:
        return io.BytesIO(self.data)

    @functools.cached_property
    def parsed(self) -> ParsedFile:
        return parse(self.file, LIMITS)

    def image(self) -> Any:
        parsed = self.parsed
        found = image_index.image_of(self.file, parsed)
        return [part and part.to_json() if hasattr(part, "to_json") else part for part in found], (
            found[1].to_bytes() if found[1] else None
        )

    def described(self) -> Any:
        return json.dumps(
            reading.read_header(self.parsed.dataset, self.parsed.transfer_syntax_uid, "PixelData").to_json()
        )


def _meta_end(one: Given) -> int:
    return 144 + int.from_bytes(one.data[140:144], "little")


def _start(one: Given) -> int:
    return one.parsed.pixel_offset or len(one.data)


def _segments(one: Given) -> Any:
    table = one.parsed.dataset.get("SegmentedRedPaletteColorLookupTableData") or b"\0\0"
    return lut_reading.expand_segments(
        [int.from_bytes(table[at : at + 2], "little") for at in range(0, len(table), 2)], 2
    )


def _frame(transfer_syntax_uid: str) -> Callable[[Given], Any]:
    header = image_header(transfer_syntax_uid=transfer_syntax_uid, bits_allocated=8, bits_stored=8, high_bit=7)
    return lambda one: decode_frame(header, one.data)


def _around(one: Given) -> Any:
    with suppress(Exception):  # for odd values it may raise anything, and its caller expects that
        return around_pixels(one.parsed.dataset)


def _document(one: Given) -> Any:
    with suppress(InvalidInput):
        return from_xml(one.data)


def _unpacked(one: Given) -> Any:
    side = max(1, int(len(one.data) ** 0.5) // 2)
    return unpacked(bytes(packed_copy(np.zeros((side, side), np.uint16))), side, side)


def _behind(one: Given) -> Any:
    at = one.parsed.pixel_offset
    return bytes_behind(one.file, at, one.parsed.transfer_syntax_uid, LIMITS) if at else None


def _asked(wanted: Wanted, about: str = "") -> Callable[[Given], Any]:
    def answer(one: Given) -> Any:
        at = one.parsed.pixel_offset
        head = one.data[at : at + 12] if at else None
        question = StoredQuestion(wanted, about, one.parsed.transfer_syntax_uid, head)
        return parts_of_stored(answer_of(question, io.BytesIO(one.data[:at] if at else one.data), b"", LIMITS))

    return answer


READERS: dict[str, Callable[[Given], Any]] = {
    "dicom.behind_pixels.bytes_behind": _behind,
    "dicom.behind_pixels.elements_of": lambda one: elements_of(
        one.data[one.parsed.pixel_offset or 0 :], (False, True), LIMITS
    ),
    "dicom.behind_pixels.elements_behind_deflated": lambda one: elements_behind_deflated(
        one.data, (False, True), LIMITS
    ),
    "dicom.bulk_values.bulk_value": lambda one: bulk_value(one.parsed.dataset, "00281050"),
    "dicom.bulk_values.bulk_paths": lambda one: list(bulk_paths(one.parsed.dataset, 64)),
    "dicom.directory.keys_in": lambda one: keys_in(one.parsed.dataset),
    "dicom.explicit_little_endian.around_pixels": _around,
    "dicom.explicit_little_endian.file_head": lambda one: file_head(one.parsed.dataset.file_meta, "1.2", "1.2.3"),
    "dicom.native_xml.from_xml": _document,
    "imaging.codecs.working_copy.unpacked": _unpacked,
    "dicom.bulk_values.little_endian": lambda one: little_endian(one.data, "OW"),
    "dicom.bounded_reading.inflate": lambda one: inflate(one.file, _meta_end(one), LIMITS.inflated_bytes),
    "dicom.element_values.value_of": lambda one: value_of(one.parsed.dataset, "WindowCenter", most_bytes=1024),
    "dicom.element_values.text_of": lambda one: text_of(one.parsed.dataset, "StudyDescription"),
    "dicom.element_values.character_sets_of": lambda one: character_sets_of(one.parsed.dataset),
    "dicom.header_fields.read": lambda one: read(one.file, LIMITS),
    "dicom.json_metadata.to_json": lambda one: json_metadata.to_json(one.parsed.dataset, "1.2", None, str),
    "dicom.part10.parse": lambda one: parse(one.file, LIMITS),
    "dicom.part10.vr_of": lambda one: [
        vr_of(one.parsed.dataset, element) for element in one.parsed.dataset.values() if hasattr(element, "is_raw")
    ],
    "dicom.person_names.decode_person_name": lambda one: person_names.decode_person_name(
        one.data[:4096], ["ISO 2022 IR 58"]
    ),
    "dicom.pixel_element.check_pixels_complete": lambda one: pixel_element.check_pixels_complete(
        one.file, _start(one), len(one.data), "1.2.840.10008.1.2.1"
    ),
    "dicom.pixel_element.end_of_fragments": lambda one: pixel_element.end_of_fragments(
        one.file, _start(one), len(one.data)
    ),
    "dicom.pixel_element.read_pixel_head": lambda one: pixel_element.read_pixel_head(one.data[-12:], "1.2"),
    "dicom.rejection_notes.rejected_uids": lambda one: rejection_notes.rejected_uids(
        one.parsed.dataset, text_of(one.parsed.dataset, "SOPClassUID")
    ),
    "dicom.same_content.likeness": lambda one: same_content.likeness(one.file, one.file, LIMITS),
    "dicom.text_bytes.decode_text": lambda one: text_bytes.decode_text(one.data[:65_536], ["ISO 2022 IR 58"]),
    "imaging.header.frame_index.index_encapsulated": lambda one: index_encapsulated(
        one.file, _start(one) + 12, image_header(number_of_frames=20_000)
    ),
    "imaging.header.image_index.image_of": Given.image,
    "imaging.header.stored_header.answer_of metadata": _asked(Wanted.METADATA),
    "imaging.header.stored_header.answer_of directory": _asked(Wanted.DIRECTORY),
    "imaging.header.stored_header.answer_of bulk": _asked(Wanted.BULK),
    "imaging.header.stored_header.answer_of explicit": _asked(Wanted.EXPLICIT, "RGB"),
    "imaging.header.stored_header.answer_of image": _asked(Wanted.IMAGE, "PixelData"),
    "imaging.header.examined.examined": lambda one: parts_of(examined(one.file, LIMITS)),
    "imaging.header.lut_reading.read_lut": lambda one: lut_reading.read_lut(
        one.parsed.dataset, "VOILUTSequence", signed=False
    ),
    "imaging.header.lut_reading.read_palette": lambda one: lut_reading.read_palette(one.parsed.dataset, signed=False),
    "imaging.header.lut_reading.expand_segments": _segments,
    "imaging.header.reading.read_header": Given.described,
    "imaging.codecs.byte_order.unswapped": lambda one: unswapped(image_header(), one.data[: len(one.data) & ~1], 1),
    "imaging.codecs.byte_order.little_endian_frame": lambda one: little_endian_frame(
        image_header(bits_allocated=16), one.data[: len(one.data) & ~1], 1
    ),
    "imaging.header.frame_values_reading.frame_values": lambda one: frame_values(one.parsed.dataset, 20_000),
    "imaging.header.frame_rate_reading.frame_time_ms": lambda one: frame_time_ms(one.parsed.dataset),
    "imaging.header.exposure_reading.exposures": lambda one: exposures(one.parsed.dataset),
    "imaging.header.exposure_reading.sources": lambda one: sources(one.parsed.dataset),
    "imaging.header.overlay_reading.read_overlays": lambda one: read_overlays(one.parsed.dataset, 16),
    "imaging.header.overlay.packed": lambda one: packed(one.data),
    "imaging.header.region_reading.read_regions": lambda one: read_regions(one.parsed.dataset, 8, 8),
    "imaging.header.spacing_reading.pixel_spacing": lambda one: pixel_spacing(one.parsed.dataset),
    "imaging.header.spacing_reading.pixel_aspect": lambda one: pixel_aspect(one.parsed.dataset, None),
    "imaging.header.projection_reading.laterality": lambda one: laterality(one.parsed.dataset),
    "imaging.header.projection_reading.projection": lambda one: projection(one.parsed.dataset),
    "imaging.header.projection_reading.patient_orientation": lambda one: patient_orientation(one.parsed.dataset),
    "imaging.codecs.encode.is_incomplete": lambda one: is_incomplete(one.data),
    "imaging.codecs.code_stream.read_stream": lambda one: read_stream(one.data),
    "imaging.codecs.decode.decode_frame": _frame(RLE),
    "imaging.codecs.deflated_object.inflated_object": lambda one: inflated_object(one.data, "PixelData"),
    "imaging.codecs.decode.inflate": lambda one: decode.inflate(zlib.compress(one.data)[2:], 1 * MIB),
    "imaging.codecs.decode.decode_frame deflated": _frame(DEFLATED_FRAME),
}
WHOLE_FILE = (
    "dicom.behind_pixels.elements_behind_deflated",
    "dicom.part10.parse",
    "dicom.header_fields.read",
    "imaging.header.examined.examined",
    "dicom.bounded_reading.inflate",
)
BEHIND_OTHERS = {
    "dicom.from_metadata.models_of": "reads no object but its description, in a child whose memory is bounded",
    "dicom.from_metadata.write_pixels": "copies a value that came apart, and parses nothing",
    "imaging.header.described_objects.answer_described": "the same: metadata_that_kill_a_child are tried at the door",
    "imaging.header.described_objects.is_about_described": "looks at a question of ours",
    "imaging.codecs.one_bit.frame_alone": "unpacks the bytes of one frame, which the index of frames cut out",
    "imaging.codecs.run_lengths.rle_pixels": "unpacks one frame to the size that its header says, in a child",
    "imaging.codecs.run_lengths.byte_planes": "the same",
    "imaging.codecs.stream_decoding.is_filled_up": "decodes one frame once more, in the same child",
    "dicom.part10.check_elements": "is a part of parse and of elements_of",
    "imaging.header.image_index.index_image": "adds the order of the pictures to what image_of reads",
}


def readers_there_are() -> set[str]:
    found = set()
    for room in ROOMS:
        for info in pkgutil.iter_modules(importlib.import_module(room).__path__):
            module = importlib.import_module(f"{room}.{info.name}")
            for name, function in vars(module).items():
                is_ours = inspect.isfunction(function) and function.__module__ == module.__name__
                if is_ours and not name.startswith("_") and _takes_anybodys_bytes(function):
                    found.add(f"{module.__name__.removeprefix('app.')}.{name}")
    return found


def _takes_anybodys_bytes(function: Any) -> bool:
    return any(kind in TAKES for name, kind in function.__annotations__.items() if name != "return")


def test_no_reader_is_missing_in_the_table() -> None:
    named = {name.split()[0] for name in READERS} | set(BEHIND_OTHERS)
    assert named == readers_there_are()


def peak(work: Callable[[], Any]) -> int:
    """Bytes that `work` and what it answers take at most."""
    tracemalloc.start()
    try:
        kept = work()
        del kept
        return tracemalloc.get_traced_memory()[1]
    except (RefusedObject, ImagingError, zlib.error):
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.hypothesis
@pytest.mark.parametrize("name", READERS)
def test_a_reader_takes_at_most_a_multiple_of_what_it_is_given(name: str) -> None:
    reached = set()

    @settings(max_examples=3, deadline=None)
    @given(st.integers(1, 100))
    def read_one(size: int) -> None:
        for kind, made in KINDS.items():
            one = Given(made(size))
            if is_taken(one):
                reached.add(kind)
            elif name not in WHOLE_FILE:
                continue
            assert peak(lambda one=one: READERS[name](one)) <= FACTOR * len(one.data) + CONSTANT, kind  # type: ignore[misc]

    read_one()
    assert len(reached) >= len(KINDS) - 2


def is_taken(one: Given) -> bool:
    """Whether the file comes as far as to the other readers."""
    try:
        return one.parsed is not None
    except RefusedObject:
        return False
