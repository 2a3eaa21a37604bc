"""A header in, its reading or the reason of its refusal out."""

from __future__ import annotations

import io

import pytest

from app.dicom.header_fields import ReceivedHeader, read
from app.dicom.part10 import HeaderLimits
from app.errors import RefusedObject
from deploy.testbed.ct import ct_file

MIB = 1024 * 1024
# The same in every test process.
VALID = ct_file(SOPInstanceUID="1.2.3.4", StudyInstanceUID="1.2.3.5", SeriesInstanceUID="1.2.3.6")


def read_bytes(data: bytes, limits: HeaderLimits | None = None) -> ReceivedHeader:
    return read(io.BytesIO(data), limits or HeaderLimits())


def refusal(data: bytes, limits: HeaderLimits | None = None) -> str:
    with pytest.raises(RefusedObject) as caught:
        read_bytes(data, limits)
    assert caught.value.__cause__ is None
    return caught.value.reason
