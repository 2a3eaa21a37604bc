"""Every parser of what somebody sends, as a function of bytes that ends well or raises the error it documents.

Any other error is a fault, and so is a result that cannot be kept: with control characters, or not as UTF-8. The seeds
are what is meant. Who throws bytes at them: tests/soak/fuzz.py, and tests/unit/web/test_parsers.py for a moment.
"""

from __future__ import annotations

import atexit
import io
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import imagecodecs
import numpy as np
from pydicom.uid import ImplicitVRLittleEndian

from app.dicom import json_metadata
from app.dicom.header_fields import read
from app.dicom.part10 import HeaderLimits, parse
from app.dicom.person_names import decode_person_name
from app.dicom.uids import is_uid
from app.errors import InvalidInput, NotFound, RefusedObject, Unauthenticated
from app.identity.names import normal_id, normal_name, search_tokens
from app.identity.numbers import document_number, phone_number
from app.imaging.codecs.decode import DECODED, EXPLICIT_LE, RLE
from app.imaging.display.render_spec import RenderSpec, RenderTask
from app.imaging.errors import UndecodableFrame
from app.imaging.evidence.kinds import EvidenceKind, SetAside
from app.imaging.evidence.reading import read_evidence
from app.imaging.header.described_objects import (
    answer_described,
    packed_names,
    question_of_object,
    question_of_part,
)
from app.imaging.header.image_header import ImageHeader
from app.imaging.header.image_index import index_image
from app.imaging.sandbox.header_pool import evidence_in_answer
from app.imaging.sandbox.messages import BrokenAnswer
from app.imaging.sandbox.pool import RenderPool
from app.security import totp
from app.security.addresses import Group, UnknownAddress, address_of, forwarded_address, network_of
from app.security.blind_index import BlindIndex
from app.security.codes import is_long, normal_code, normal_factor
from app.security.front_door import DoorPass
from app.security.session_tokens import SessionTokens
from app.services.channels.sms import receipt_of
from app.services.dicomweb.matching_keys import Ignored, LateKey, Level, condition, path_of
from app.services.dicomweb.render_parameters import render_spec
from app.services.exams.input import accession_number
from app.web.machine.dicomweb.media_types import MediaType, accepted, best
from app.web.machine.dicomweb.multipart_related import Limits, read_parts
from app.web.machine.dicomweb.transfer_syntaxes import frame_form, instances_form
from app.web.machine.ris.bodies import exam_input, instant, report_input
from app.web.machine.ris.exams import _once
from app.web.row_ids import row_id
from app.web.sent_text import is_usable
from deploy.testbed.ct import ct_slice, part10
from deploy.testbed.multipart import BOUNDARY, body
from sms.aliyun import callback as aliyun
from sms.errors import InvalidCallback
from sms.gateway import callback as gateway
from sms.tencent import callback as tencent
from tests.factories import evidence, fuzzed_documents
from tests.factories.house import exam_body, report_body
from tests.factories.images import enhanced_ct, image_header

MIB = 1024 * 1024
LIMITS = HeaderLimits(header_bytes=8 * MIB, inflated_bytes=8 * MIB)
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
KEY = bytes(range(32))
RECEIPT = {
    "sid": "2640:1",
    "report_status": "SUCCESS",
    "mobile": "13900000001",
    "errmsg": "DELIVRD",
    "nationcode": "86",
}
Check = Callable[[bytes], None]


@dataclass(frozen=True)
class Parser:
    """`check` raises for a fault, and for nothing else. `seeds`: inputs as they are meant."""

    check: Check
    seeds: Callable[[], Iterator[bytes]]
    most_bytes: int = 4096


def _part10(data: bytes) -> None:
    with suppress(RefusedObject):
        header = read(io.BytesIO(data), LIMITS)
        told = (header.accession_number, header.modality, header.identity.patient_id, *header.identity.names)
        assert all(is_usable(text, "") for text in told), told
        json.dumps(header.study_attributes | header.series_attributes, ensure_ascii=False, allow_nan=False).encode()


def _metadata(data: bytes) -> None:
    with suppress(RefusedObject):
        parsed = parse(io.BytesIO(data), LIMITS)
        written = json_metadata.to_json(parsed.dataset, parsed.transfer_syntax_uid, None, "http://x/{}".format).text
        json.loads(written)
        written.encode()


def _image(data: bytes) -> None:
    with suppress(RefusedObject):
        found = index_image(io.BytesIO(data), parse(io.BytesIO(data), LIMITS))
        json.dumps(found.header, allow_nan=False)
        assert found.header is None or ImageHeader.from_json(found.header).to_json() == found.header


@cache
def children() -> RenderPool:
    """One child that decodes, as the servers have them. It lives until the process ends."""
    pool = RenderPool(workers=1, time_limit_s=5, memory_limit_bytes=1 << 30)
    atexit.register(pool.close)
    return pool


def _frames(data: bytes) -> None:
    """The first byte says how the frame is encoded. A child that dies is what children are for."""
    kinds = sorted(DECODED)
    header = image_header(transfer_syntax_uid=kinds[data[0] % len(kinds)] if data else kinds[0], rows=4, columns=6)
    with suppress(UndecodableFrame):
        children().render(RenderTask(header, data[1:], 1, (RenderSpec("png"),)))


def _encoded() -> Iterator[bytes]:
    pixels, kinds = np.arange(24, dtype=np.int16).reshape(4, 6), sorted(DECODED)
    for end, encode in (
        ("70", imagecodecs.ljpeg_encode),
        ("80", imagecodecs.jpegls_encode),
        ("90", imagecodecs.jpeg2k_encode),
    ):
        yield bytes([kinds.index(f"1.2.840.10008.1.2.4.{end}")]) + encode(pixels.astype(np.uint16))
    yield bytes([kinds.index(EXPLICIT_LE)]) + pixels.tobytes()
    yield bytes([kinds.index(RLE)]) + bytes(64)


def _names(data: bytes) -> None:
    labels, _, raw = data.partition(b"|")
    groups = decode_person_name(raw, labels.decode("latin-1").split("\\") if labels else [])
    for group in groups:
        search_tokens(group)
        normal_id(group)
        normal_name(group).encode()


def _addresses(data: bytes) -> None:
    text = data.decode("latin-1")  # as a server hands a header over
    for proxies in (1, 2, 3):
        with suppress(UnknownAddress):
            network_of(forwarded_address(text, proxies))
    with suppress(ValueError):
        address_of(text)
    Group(("10.0.0.0/8", "fd00::/8"), ("127.0.0.0/8",)).holds(text)


def _ris(read_body: Callable[[Any], Any]) -> Check:
    def check(data: bytes) -> None:
        try:
            document = json.loads(data, object_pairs_hook=_once)
        except (ValueError, RecursionError):
            return  # the door refuses it before it is read
        with suppress(InvalidInput):
            repr(read_body(document)).encode()

    return check


def _qido(data: bytes) -> None:
    blind = BlindIndex(KEY)
    for name, value in parse_qsl(data.decode(errors="replace"), keep_blank_values=True):
        for level in Level:
            with suppress(InvalidInput):
                found = condition(path_of(name), value, level, blind, with_empty=True)
                assert found is None or isinstance(found, LateKey | Ignored) or found.clause() is not None


def _multipart(data: bytes) -> None:
    parts = read_parts(io.BytesIO(data), BOUNDARY, Limits(part_bytes=2048, parts=20, memory_bytes=512), SPOOL)
    with suppress(InvalidInput):
        for part in parts:
            part.file.close()


SPOOL = Path(tempfile.gettempdir())


def _media_types(data: bytes) -> None:
    text = data.decode("latin-1")
    MediaType.parse(text)
    with suppress(InvalidInput):
        wanted = accepted(text)
        best(wanted, ("application/dicom+json", "image/png"))
        frame_form("1.2.840.10008.1.2.4.50", wanted, single=True)
        instances_form({"1.2.840.10008.1.2.1"}, wanted, single=True)


def _rendered(data: bytes) -> None:
    with suppress(InvalidInput):
        render_spec(dict(parse_qsl(data.decode(errors="replace"))), "image/png", 512, 300)


def _callback(data: bytes) -> None:
    """Receipts and answers, as of every carrier."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    for carrier in (tencent, aliyun, gateway):
        with suppress(InvalidCallback, RecursionError):
            for receipt in map(receipt_of, carrier.receipts_of(document)):
                assert is_usable(receipt.code, "")
                (receipt.serial + receipt.code + receipt.recipient).encode()
        with suppress(InvalidCallback, RecursionError):
            for reply in carrier.replies_of(document):
                assert reply.asks_to_stop in (True, False)
                assert reply.phone.isascii()


def _fields(data: bytes) -> None:
    """What stands alone in an address or a form: dates, UIDs, numbers, ids, codes."""
    text = data.decode(errors="replace")
    for parse_field in (instant, phone_number, document_number):
        with suppress(ValueError):
            str(parse_field(text))
    with suppress(InvalidInput):
        assert accession_number(text).isascii()
    with suppress(NotFound):
        row_id(text)
    assert not is_uid(text) or text.isascii()
    is_long(normal_code(text))
    normal_factor(text)
    totp.matching_step("JBSWY3DPEHPK3PXP" * 2, text, NOON)


def _described(data: bytes) -> None:
    """Metadata in JSON or XML, and the file of each object that they describe."""
    for is_xml in (False, True):
        with suppress(RefusedObject):
            part = answer_described(question_of_part(is_xml=is_xml), [io.BytesIO(data)])
            place = 0
            for length, _, _ in part.plain["objects"] or ():
                one = part.data[place : place + length]
                place += length
                with suppress(RefusedObject):
                    answer_described(question_of_object(None), [io.BytesIO(one), io.BytesIO(packed_names({}))])


KINDS = list(EvidenceKind)


def _evidence(data: bytes) -> None:
    """The first byte says as what an object that is no picture is read; the parent takes what a child answers, or gives
    it up. One kind a time: reading one input as of every kind is eight times slower and finds no more."""
    kind = KINDS[data[0] % len(KINDS)] if data else EvidenceKind.OTHER
    with suppress(RefusedObject, SetAside, BrokenAnswer):
        evidence_in_answer(kind, read_evidence(io.BytesIO(data[1:]), kind, LIMITS))


def _no_pictures() -> Iterator[bytes]:
    uid, corners = "1.2.9", (0.0, 0.0, 1.0, 4.0, 0.0, 1.0, 4.0, 4.0, 1.0)
    image = ct_slice(1)
    for kind, made in (
        (EvidenceKind.REPORT, evidence.structured_report(uid, evidence.text_row("所见", "未见异常"))),
        (EvidenceKind.DOSE, evidence.structured_report(uid, evidence.text_row("所见", "未见异常"))),
        (EvidenceKind.PDF, evidence.pdf_object(uid, evidence.pdf())),
        (EvidenceKind.ECG, evidence.ecg(uid, seconds=0.2, hz=100)),
        (EvidenceKind.SEGMENTS, evidence.segmentation(uid, [np.ones((2, 2), bool)], [(0, 0, 0)])),
        (EvidenceKind.CONTOURS, evidence.structure_set(uid, corners)),
        (EvidenceKind.KEY_OBJECTS, evidence.key_object_list(uid, image)),
        (EvidenceKind.PRESENTATION, evidence.presentation_state(uid, image)),
    ):
        yield bytes([KINDS.index(kind)]) + part10(made)


def _described_objects() -> Iterator[bytes]:
    model = ct_slice(2).to_json_dict(bulk_data_threshold=10**6)
    model.pop("7FE00010", None)
    yield json.dumps([model]).encode()
    yield (
        b'<NativeDicomModel><DicomAttribute tag="00080018" vr="UI" keyword="SOPInstanceUID">'
        b'<Value number="1">1.2.3</Value></DicomAttribute></NativeDicomModel>'
    )


def _tokens(data: bytes) -> None:
    text = data.decode("latin-1")
    with suppress(Unauthenticated):
        SessionTokens(KEY, "patient").read(text)
    assert not DoorPass(KEY).holds(text, NOON) or text == DoorPass(KEY).issue(NOON)


def _objects() -> Iterator[bytes]:
    yield part10(ct_slice(2))
    yield part10(ct_slice(2, PixelData=None, Rows=None, SpecificCharacterSet=["", "ISO 2022 IR 58"]))
    yield part10(ct_slice(2), ImplicitVRLittleEndian)
    yield part10(enhanced_ct([1, 2], side=2))


def _documents(*documents: Any) -> Callable[[], Iterator[bytes]]:
    return lambda: (json.dumps(each, ensure_ascii=False).encode() for each in documents)


def _texts(*texts: str) -> Callable[[], Iterator[bytes]]:
    return lambda: (text.encode() for text in texts)


KEYS = {"StudyDate": "20260101-20260131", "AccessionNumber": "A*?", "ModalitiesInStudy": "CT,MR", "00100020": "P1"}
PARSERS: dict[str, Parser] = {
    "part10": Parser(_part10, _objects),
    "metadata": Parser(_metadata, _objects),
    "image": Parser(_image, _objects),
    "described": Parser(_described, _described_objects),
    "evidence": Parser(_evidence, _no_pictures, 8192),
    "stored": Parser(fuzzed_documents.stored, fuzzed_documents.stored_ones),
    "twins": Parser(fuzzed_documents.twins, fuzzed_documents.twin_files),
    "report-sheets": Parser(fuzzed_documents.stamped, fuzzed_documents.report_sheets),
    "pushes": Parser(fuzzed_documents.pushed, fuzzed_documents.pushes, 2048),
    "frames": Parser(_frames, _encoded, 1024),
    "names": Parser(
        _names, _texts("ISO_IR 192|Li^Na=李^娜", "|Wang", "\\ISO 2022 IR 58|\x1b$)A", "GB18030|欧阳·买买提"), 512
    ),
    "addresses": Parser(
        _addresses, _texts("203.0.113.9, 10.0.0.1", "::ffff:1.2.3.4", "fe80::1%eth0", "[::1]:80", '"'), 256
    ),
    "exams": Parser(_ris(exam_input), _documents(exam_body(), exam_body(patient_phone=None, body_part="")), 2048),
    "reports": Parser(_ris(report_input), _documents(report_body()), 2048),
    "qido": Parser(_qido, _texts(urlencode(KEYS), "StudyTime=08-10&SeriesNumber=1&StudyInstanceUID=1.2,1.3"), 512),
    "multipart": Parser(_multipart, lambda: iter([body([b"DICM"]), body([b"a" * 900, b"b" * 3000], None)])),
    "media-types": Parser(_media_types, _texts('multipart/related; type="image/jpeg"; q=0.5, */*;q=0', "image/*"), 512),
    "rendered": Parser(
        _rendered, _texts("window=40,400,linear&viewport=64,64,0,0,9,9&quality=80", "viewport=1,1"), 256
    ),
    "callback": Parser(
        _callback,
        _documents(
            [RECEIPT],
            [RECEIPT | {"report_status": "FAIL", "errmsg": "MK:0\0"}],
            [{"biz_id": "9^0", "success": True, "phone_number": "13900000001", "err_code": "DELIVERED", "out_id": "1"}],
            [{"serial": "s", "id": "1", "phone": "+8613900000001", "delivered": True, "code": "OK"}],
            {"mobile": "13900000001", "nationcode": "86", "text": "TD"},
            [{"phone_number": "13900000001", "content": "TD"}, {"phone": "+8613900000001", "text": "T 退订"}],
        ),
        1024,
    ),
    "fields": Parser(
        _fields,
        _texts(
            "2026-03-02T08:30:00+08:00",
            "1.2.840.10008.1.2",
            "A1",
            "+86 139-0000-0001",
            "120101196001020027",
            "ABCD23",
            "12 34 56",
        ),
        256,
    ),
    "tokens": Parser(
        _tokens, _texts(SessionTokens(KEY, "patient").issue(row_id("0" * 32)), DoorPass(KEY).issue(NOON)), 512
    ),
}
