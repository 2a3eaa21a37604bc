"""What an exam's downloads hold: of pictures alone; or of originals, with a DICOMDIR that lists them and a page that
shows the prepared pictures without a network. How a ZIP archive is sent is in app/web/downloads.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydicom.dataset import Dataset

from app.archive.sealed import SealedArchive
from app.dicom.directory import FiledInstance, FiledSeries, FiledStudy, dicomdir, has_own_keys
from app.dicom.pixel_element import HEAD_BYTES
from app.errors import RefusedObject, StoreUnavailable
from app.imaging.errors import ChildUnavailable
from app.imaging.header.stored_header import StoredBytes, StoredQuestion, StoredReader, Wanted
from app.services.pictures.frame_reading import ShownSeries
from app.services.pictures.serving import Original, Pictures

FILE_SET = "CLOUDFILM"
DIRECTORY, PAGE = "DICOMDIR", "index.html"
MOST_HEADER_BYTES = 16 * 1024 * 1024
"""A file whose header is longer is listed without what its header says."""


@dataclass(frozen=True)
class Member:
    """One file of the archive. `size`: bytes; None when nobody knows before it is made. `tag` changes with its
    bytes."""

    name: str
    size: int | None
    tag: str
    read: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, kw_only=True)
class TakeAway:
    """Decides what a download holds. Raises StoreUnavailable."""

    archive: SealedArchive
    pictures: Pictures
    reader: StoredReader

    def members(
        self,
        originals: Sequence[Original],
        shown: Sequence[ShownSeries],
        page: Callable[[list[dict[str, Any]]], str],
        finish: Callable[[bytes], bytes] | None,
    ) -> list[Member]:
        """`shown`: the series whose pictures come along. `page` makes the page of [{title, files}]; `finish` changes
        each picture that is shown."""
        filed, files = self._filed(originals)
        pictures, series = self._pictures(shown, finish)
        directory = dicomdir(FILE_SET, _file_set_uid(originals), filed)
        members = [_made(DIRECTORY, directory)]
        if series:
            members.append(_made(PAGE, page(series).encode()))
        return members + files + pictures

    def _filed(self, originals: Sequence[Original]) -> tuple[list[FiledStudy], list[Member]]:
        """Names of at most eight capital letters and digits a part, without a dot (PS3.10 8.2, 8.5)."""
        studies, members, number = [], [], 0
        for _, of_study in itertools.groupby(originals, key=lambda each: each.study.id):
            series = []
            first: Dataset | None = None
            of_one = list(of_study)
            for _, of_series in itertools.groupby(of_one, key=lambda each: each.series.id):
                number += 1
                instances = []
                for at, original in enumerate(of_series, 1):
                    file_id = ("DICOM", f"SE{number:06d}", f"IM{at:06d}")
                    header = None
                    if first is None or has_own_keys(
                        original.instance.sop_class_uid, original.instance.number_of_frames
                    ):
                        header = self._header(original)
                        first = first or header
                    instances.append(_filed(original, file_id, at, header))
                    members.append(self._member("/".join(file_id), original))
                    row = original.series
                series.append(
                    FiledSeries(row.series_instance_uid, row.modality, row.series_number or number, instances)
                )
            studies.append(FiledStudy(of_one[0].study.study_instance_uid, first or Dataset(), series))
        return studies, members

    def _member(self, name: str, original: Original) -> Member:
        row = original.instance
        return Member(name, row.size, row.sha256.hex(), partial(self.pictures.original_bytes, original))

    def _header(self, original: Original) -> Dataset | None:
        """None for a file that nobody can read: it comes along all the same."""
        row = original.instance
        end = row.size if row.pixel_offset is None else row.pixel_offset
        if end > MOST_HEADER_BYTES:
            return None
        place, length = (row.object_key, row.object_version, original.data_key), min(end + HEAD_BYTES, row.size)
        raw = self.archive.open_range(*place, 0, length, size=row.size)
        head = None if row.pixel_offset is None else raw[end:]
        question = StoredQuestion(Wanted.DIRECTORY, "", row.transfer_syntax_uid, head, row.sop_class_uid)
        try:
            return header_in(self.reader.stored(StoredBytes(question, raw[:end])).data)
        except ChildUnavailable as error:
            raise StoreUnavailable("no header can be read now") from error
        except RefusedObject:
            return None

    def jpegs(self, shown: Sequence[ShownSeries], finish: Callable[[bytes], bytes] | None) -> list[Member]:
        """The pictures alone. A frame that cannot be shown is left out; its number is, too."""
        return [
            self._shown(f"series-{n:02d}/{k:04d}.jpg", series, k, finish)
            for n, series in enumerate(shown, 1)
            for k in _shown_frames(series)
        ]

    def _pictures(
        self, shown: Sequence[ShownSeries], finish: Callable[[bytes], bytes] | None
    ) -> tuple[list[Member], list[dict[str, Any]]]:
        members, told = [], []
        for n, series in enumerate(shown, 1):
            files = [self._shown(f"PICTURES/SE{n:06d}/IM{k:06d}.JPG", series, k, finish) for k in _shown_frames(series)]
            members += files
            if files:
                title = series.row.description or series.row.modality
                told.append({"title": title, "files": [file.name for file in files]})
        return members, told

    def _shown(self, name: str, series: ShownSeries, k: int, finish: Callable[[bytes], bytes] | None) -> Member:
        """A picture that `finish` changes has an unknown size."""
        size = series.frames[k - 1].plain_length if finish is None else None
        return Member(name, size, f"{series.row.id.hex}:{k}", partial(self._picture, series, k, finish))

    def _picture(self, series: ShownSeries, k: int, finish: Callable[[bytes], bytes] | None) -> Iterator[bytes]:
        picture = self.archive.read_entry(
            series.row.frame_object_key, series.row.revision, series.data_key, series.frames[k - 1]
        )
        yield finish(picture) if finish else picture


def header_in(metadata: bytes) -> Dataset | None:
    """The header in an answer of a child (DICOM JSON), bulk data empty. None when it makes no sense."""
    try:
        return Dataset.from_json(json.loads(metadata), lambda *_: b"")
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _filed(original: Original, file_id: tuple[str, ...], at: int, header: Dataset | None) -> FiledInstance:
    row = original.instance
    own = header if has_own_keys(row.sop_class_uid, row.number_of_frames) else None
    return FiledInstance(
        file_id,
        row.sop_class_uid,
        row.sop_instance_uid,
        row.transfer_syntax_uid,
        row.instance_number if row.instance_number is not None else at,
        row.number_of_frames,
        own,
    )


def _shown_frames(series: ShownSeries) -> list[int]:
    return [k for k in range(1, series.row.frame_count + 1) if not series.frames[k - 1].is_empty]


def _made(name: str, body: bytes) -> Member:
    return Member(name, len(body), hashlib.sha256(body).hexdigest(), lambda: iter([body]))


def _file_set_uid(originals: Sequence[Original]) -> str:
    """The same for the same files: a download that was cut is taken up again (PS3.5 B.2, derived from a UUID)."""
    digest = hashlib.sha256("".join(each.instance.sop_instance_uid for each in originals).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"
