"""What a child read of an object, as JSON and back. Nothing is read of DICOM here.

The parent checks the kind and length of each part: a child that met a hostile header may say anything. What a header
says, its sender may choose freely, so that is not checked again.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

from app.dicom.element_values import fit_to_keep
from app.dicom.header_fields import MOST_ORDERS, HeaderIdentity, ReceivedHeader
from app.dicom.refusals import Refusal
from app.dicom.rejection_notes import MOST_REJECTED
from app.dicom.same_content import Likeness
from app.dicom.uids import is_uid
from app.errors import RefusedObject
from app.imaging.errors import NotShown
from app.imaging.header.examined import Examined
from app.imaging.header.frame_index import FrameIndex
from app.imaging.header.image_header import ImageHeader
from app.imaging.header.image_index import ImageIndex
from app.imaging.header.stored_header import StoredAnswer
from app.imaging.sandbox.messages import BrokenAnswer

_TEXT_CHARACTERS, _NAMES, _ATTRIBUTES = 1024, 4096, 32
_DICOM_CODE = struct.Struct(">H")


def parts_of(found: Examined) -> list[bytes]:
    image = found.image
    header = vars(found.header) | {"identity": vars(found.header.identity), "rejects": sorted(found.header.rejects)}
    about_frames = [image.number_of_frames, image.not_shown_reason, image.not_shown_note, image.frames is not None]
    plain = {"header": header, "image": image.header, "about": about_frames}
    return [json.dumps(plain).encode(), image.frames or b""]


def examined_of(parts: list[bytes]) -> Examined:
    """Raises BrokenAnswer."""
    try:
        said, frames = parts
        plain = json.loads(said)
        return Examined(_header(plain["header"]), _image(plain["image"], plain["about"], frames), sum(map(len, parts)))
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, struct.error):
        raise BrokenAnswer from None


def parts_of_refusal(fault: RefusedObject) -> list[bytes]:
    return [fault.reason.encode(), _DICOM_CODE.pack(fault.dicom_code)]


def refusal_of(parts: list[bytes]) -> RefusedObject:
    """Raises BrokenAnswer."""
    try:
        reason, code = parts
        return RefusedObject(Refusal(reason.decode()), *_DICOM_CODE.unpack(code))
    except (ValueError, struct.error):
        raise BrokenAnswer from None


def likeness_of(parts: list[bytes]) -> Likeness:
    """Raises BrokenAnswer."""
    try:
        [value] = parts
        return Likeness(value.decode())
    except ValueError:
        raise BrokenAnswer from None


def parts_of_stored(told: StoredAnswer) -> list[bytes]:
    return [json.dumps(told.plain).encode(), told.data]


def stored_of(parts: list[bytes]) -> StoredAnswer:
    """Who asked checks what the answer holds. Raises BrokenAnswer."""
    try:
        said, data = parts
        plain = json.loads(said)
        _demand(isinstance(plain, dict))
        return StoredAnswer(plain, data)
    except (ValueError, RecursionError):
        raise BrokenAnswer from None


def _header(plain: dict[str, Any]) -> ReceivedHeader:
    identity = plain["identity"]
    names, orders, rejects = identity["names"], plain["accession_numbers"], plain["rejects"]
    requests, referring = plain["requests"], identity["referring_physician"]
    _demand(all(isinstance(found, list) for found in (names, orders, rejects, requests, referring)))
    _demand(max(len(names), len(referring)) <= _NAMES and len(rejects) <= MOST_REJECTED)
    _demand(max(len(orders), len(requests)) <= MOST_ORDERS)
    return ReceivedHeader(
        sop_class_uid=_uid(plain["sop_class_uid"]),
        sop_instance_uid=_uid(plain["sop_instance_uid"]),
        study_instance_uid=_uid(plain["study_instance_uid"]),
        series_instance_uid=_uid(plain["series_instance_uid"]),
        transfer_syntax_uid=_uid(plain["transfer_syntax_uid"]),
        pixel_offset=_or_none(plain["pixel_offset"], _number),
        accession_numbers=tuple(map(_text, orders)),
        modality=_text(plain["modality"]),
        instance_number=_or_none(plain["instance_number"], _number),
        series_number=_or_none(plain["series_number"], _number),
        series_description=_text(plain["series_description"]),
        identity=HeaderIdentity(
            patient_id=_text(identity["patient_id"]),
            names=tuple(map(_text, names)),
            sex=_text(identity["sex"]),
            birth_date=_text(identity["birth_date"]),
            referring_physician=tuple(map(_text, referring)),
        ),
        study_attributes=_attributes(plain["study_attributes"]),
        series_attributes=_attributes(plain["series_attributes"]),
        requests=tuple(map(_attributes, requests)),
        rejects=frozenset(map(_text, rejects)),
    )


def _image(header: dict[str, Any] | None, about: list[Any], frames: bytes) -> ImageIndex:
    number_of_frames, reason, note, has_frames = about
    if header is not None:
        ImageHeader.from_child(header)
    FrameIndex.from_bytes(frames)
    return ImageIndex(
        header,
        frames if has_frames is True else None,
        _number(number_of_frames),
        _or_none(reason, NotShown),
        _or_none(note, _text),
    )


def _attributes(plain: dict[str, Any]) -> dict[str, Any]:
    _demand(len(plain) <= _ATTRIBUTES)
    return {_text(keyword): _text(value) for keyword, value in plain.items()}


def _text(value: Any) -> str:
    _demand(isinstance(value, str) and len(value) <= _TEXT_CHARACTERS)
    kept = f"|{value}|"  # a text that was cut may end with a space
    _demand(fit_to_keep(kept) == kept)
    return str(value)


def _uid(value: Any) -> str:
    _demand(isinstance(value, str) and is_uid(value))
    return str(value)


def _number(value: Any) -> int:
    _demand(type(value) is int and abs(value) < 2**63)
    return int(value)


def _or_none(value: Any, read: Callable[[Any], Any]) -> Any:
    return None if value is None else read(value)


def _demand(holds: bool) -> None:
    if not holds:
        raise ValueError
