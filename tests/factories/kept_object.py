"""One file as if it were stored: its bytes, and the row that ingest would write. Nothing is sealed."""

from __future__ import annotations

import io
import uuid
from typing import cast

from app.archive.sealed import DataKey, SealedArchive
from app.dicom.part10 import HeaderLimits
from app.errors import RefusedObject
from app.imaging.header.examined import examined
from app.imaging.header.stored_header import StoredReader
from app.models import Instance
from app.services.dicomweb.stored_headers import StoredHeaders
from app.services.dicomweb.stored_instance import StoredInstance
from tests.factories.headers_here import HeadersHere


class _Bytes:
    """Stands for the sealed archive."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def open(self, *_: object) -> bytes:
        return self._data

    def open_range(self, _key: str, _version: int, _data_key: DataKey, offset: int, length: int, size: int) -> bytes:
        assert size == len(self._data)
        return self._data[offset : offset + length]


def headers_of(data: bytes, reader: StoredReader | None = None) -> StoredHeaders:
    """Headers are read here unless a reader is given."""
    return StoredHeaders(archive=cast(SealedArchive, _Bytes(data)), reader=reader or HeadersHere())


def stored(data: bytes) -> StoredInstance | None:
    """None when ingest would refuse the file."""
    file = io.BytesIO(data)
    try:
        found = examined(file, HeaderLimits())
    except RefusedObject:
        return None
    header, image = found.header, found.image
    row = Instance(
        id=uuid.uuid4(),
        sop_instance_uid=header.sop_instance_uid,
        sop_class_uid=header.sop_class_uid,
        transfer_syntax_uid=header.transfer_syntax_uid,
        instance_number=header.instance_number,
        object_key="o",
        object_version=1,
        size=len(data),
        pixel_offset=header.pixel_offset,
        number_of_frames=image.number_of_frames,
        image_header=image.header,
        frame_index=image.frames,
    )
    return StoredInstance(header.study_instance_uid, header.series_instance_uid, row, DataKey(uuid.uuid4(), bytes(32)))
