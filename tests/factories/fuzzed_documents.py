"""Parsers of whole documents as functions of bytes: stored objects and what a download makes of them, PDFs of report
sheets, pushes of WeChat. `fuzzed_parsers` has the table.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from pydicom import dcmread
from pydicom.dataset import Dataset

from app.dicom.directory import FiledInstance, FiledSeries, FiledStudy, dicomdir
from app.dicom.part10 import HeaderLimits
from app.dicom.same_content import Likeness, likeness
from app.errors import RefusedObject
from app.imaging.header.stored_header import StoredQuestion, Wanted, answer_of
from app.services.paper.stamping_child import answer as stamping_answer
from app.services.pictures.takeaway import header_in
from deploy.testbed.ct import ct_slice, part10
from tests.factories import report_pdfs
from wechat.pushes import Endpoint, Mode, PushRefused, reply_to
from wechat.simulator.ciphers import signature

MIB = 1024 * 1024
LIMITS = HeaderLimits(header_bytes=8 * MIB, inflated_bytes=8 * MIB)
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
EXPLICIT = "1.2.840.10008.1.2.1"
_STORAGE = "1.2.840.10008.5.1.4.1.1."
FILED = ("88.11", "88.59", "104.1", "9.1.1", "11.1", "66.4", "481.3", "2", "99.1")
"""Ends of SOP classes, one for each kind of record that a DICOMDIR has."""
ASKED = {wanted: "PixelData" if wanted is Wanted.IMAGE else "" for wanted in Wanted}
MOST_DIRECTORY_BYTES = 512 * 1024
_CT = ct_slice(3)


def stored(data: bytes) -> None:
    """What is asked of a stored header, and the DICOMDIR of a download that it is in. The first byte is how much of the
    rest lies behind the pixels."""
    behind = data[1 : 1 + data[0]] if data else b""
    start = data[1 + len(behind) :]
    for wanted, about in ASKED.items():
        question = StoredQuestion(wanted, about, EXPLICIT, bytes(12), sop_uid="1.2.3")
        with suppress(RefusedObject):
            told = answer_of(question, io.BytesIO(start), behind, LIMITS)
            if wanted is Wanted.DIRECTORY:
                assert len(told.data) < MOST_DIRECTORY_BYTES
                _directory(told.data)


def _directory(metadata: bytes) -> None:
    """Whatever headers say, there is a directory, and everybody can read it."""
    for end in FILED:
        header = header_in(metadata)
        instance = FiledInstance(("DICOM", "IM1"), _STORAGE + end, "1.2.3", EXPLICIT, 1, int(end == "2"), header)
        study = FiledStudy("1.2", header or Dataset(), [FiledSeries("1.2.1", "CT", 1, [instance])])
        made = dicomdir("FILES", "1.2.9", [study])
        read = dcmread(io.BytesIO(made))
        kinds = [record.DirectoryRecordType for record in read.DirectoryRecordSequence]
        assert len(kinds) == 4, kinds


def twins(data: bytes) -> None:
    """Two files of one UID: a sent one, and the one that is here."""
    assert likeness(io.BytesIO(data), io.BytesIO(part10(_CT)), LIMITS) in Likeness


def stamped(data: bytes) -> None:
    """A report sheet of the RIS. The child answers with a file or a reason, whatever it reads."""
    said = {"page": 1, "left_mm": None, "top_mm": None, "modules": [[True] * 25] * 25, "symbol_mm": 20.0, "quiet": 4}
    with suppress(MemoryError, RecursionError):  # they end the child, and the sender is told
        stamping_answer(json.dumps(said).encode(), data)


def pushed(data: bytes) -> None:
    """A push in the plain mode, whose signature says nothing of the body."""
    endpoint = Endpoint(Mode.PLAIN, "wx0", "token")
    query = {"timestamp": str(int(NOON.timestamp())), "nonce": "n"}
    query["signature"] = signature("token", query["timestamp"], query["nonce"])
    with suppress(PushRefused):
        push = endpoint.read(query, "", {}, data, NOON)
        for job in push.jobs:
            (job.msgid + job.status).encode()
        for answer in push.answers:
            assert answer.accepts in (True, False)
        reply_to(push, "好").encode()


def stored_ones() -> Iterator[bytes]:
    yield b"\0" + part10(ct_slice(2))
    titled = Dataset()
    titled.CodeValue, titled.CodingSchemeDesignator, titled.CodeMeaning = "113000", "DCM", "Of Interest"
    yield b"\0" + part10(
        ct_slice(2, PixelData=None, Rows=None, ConceptNameCodeSequence=[titled], ContentDate="20260101")
    )
    text = b"\xff\xff\x10\x00LO\x04\x00abcd"
    yield bytes([len(text)]) + text + part10(ct_slice(2))


def twin_files() -> Iterator[bytes]:
    yield part10(_CT)
    yield part10(ct_slice(4))


def report_sheets() -> Iterator[bytes]:
    yield report_pdfs.made()
    yield report_pdfs.sheet()


def pushes() -> Iterator[bytes]:
    yield _xml({"MsgType": "text", "Content": "报告", "MsgId": "1"})
    yield _xml({"MsgType": "event", "Event": "TEMPLATESENDJOBFINISH", "MsgID": "2", "Status": "success"})
    items = "<List><TemplateId>t</TemplateId><SubscribeStatusString>accept</SubscribeStatusString></List>"
    popup = f"<SubscribeMsgPopupEvent>{items}</SubscribeMsgPopupEvent>"
    yield _xml({"MsgType": "event", "Event": "subscribe_msg_popup_event"}, popup)
    sent = "<SubscribeMsgSentEvent><List><MsgID>3</MsgID><ErrorCode>0</ErrorCode></List></SubscribeMsgSentEvent>"
    yield _xml({"MsgType": "event", "Event": "subscribe_msg_sent_event"}, sent)


def _xml(fields: Mapping[str, str], more: str = "") -> bytes:
    told = {"ToUserName": "gh", "FromUserName": "o1", "CreateTime": "1772424000"} | fields
    inner = "".join(f"<{name}><![CDATA[{text}]]></{name}>" for name, text in told.items())
    return f"<xml>{inner}{more}</xml>".encode()
