"""Of which exposure an X-ray is, and of which images it was made, off a DICOM header (PS3.3 C.7.6.1, C.7.10.1). What
follows from it for the pictures of a study is in app/services/pictures/stacks."""

from __future__ import annotations

import itertools
import re

from pydicom import Dataset

from app.dicom.element_values import text_of, value_of

_VALUE_BYTES = 64
MOST_SOURCES = 16
_UID = re.compile(r"[0-9.]{1,64}")
_MOMENT = re.compile(r"\d{14}(\.\d{1,6})?")


def sources(ds: Dataset) -> tuple[str, ...]:
    """The SOP Instance UIDs of Source Image Sequence, as far as they are UIDs."""
    items = itertools.islice(value_of(ds, "SourceImageSequence") or [], MOST_SOURCES)
    named = (text_of(item, "ReferencedSOPInstanceUID", most_bytes=_VALUE_BYTES) for item in items)
    return tuple(uid for uid in named if _UID.fullmatch(uid))


def exposures(ds: Dataset) -> tuple[str, ...]:
    """What names the exposure: the UID of the irradiation event, and the moment to the second or finer. Empty when the
    header says neither."""
    event = text_of(ds, "IrradiationEventUID", most_bytes=_VALUE_BYTES)
    moment = _text(ds, "AcquisitionDateTime") or _text(ds, "AcquisitionDate") + _text(ds, "AcquisitionTime")
    found = (event if _UID.fullmatch(event) else "", _moment(moment))
    return tuple(name for name in found if name)


def _moment(text: str) -> str:
    """Without a time zone and without zeros at the end of a fraction; empty for what is no moment."""
    moment = text.partition("+")[0]
    if not _MOMENT.fullmatch(moment):
        return ""
    return moment.rstrip("0").rstrip(".") if "." in moment else moment


def _text(ds: Dataset, keyword: str) -> str:
    return text_of(ds, keyword, most_bytes=_VALUE_BYTES).strip()
