"""A long run of one letter is read in time that grows with its length: expressions that begin anywhere in a run take
its square, or its third power, and hold a process for hours."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from app.errors import InvalidInput
from app.identity.names import normal_name
from app.identity.numbers import document_number, phone_number
from app.security.codes import normal_code, normal_digits, normal_factor
from app.web.machine.dicomweb.media_types import MediaType
from app.web.machine.ris.bodies import exam_input, report_input
from app.web.machine.ris.times import day, instant
from app.web.sent_text import is_usable
from sms.aliyun import callback as aliyun
from sms.errors import InvalidCallback
from sms.gateway import callback as gateway
from sms.tencent import callback as tencent
from tests.factories.patience import within
from wechat.pushes import Endpoint, Mode, PushRefused

RIS_LETTERS, FORM_LETTERS, PATIENCE_S = 300_000, 65_000, 30.0
RUNS = (
    "\r",
    "\n",
    "\r\n",
    " ",
    "\t",
    "\u3000",
    "a",
    "1",
    "(",
    "-",
    "·",
    ".",
    "\u200b",
    "\u0301",
    "\ufdfa",
    "<",
    ";",
    '"',
    "\\",
)
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
PATIENT = ("patient_id", "name", "phone", "id_number", "birth_date", "sex")
Read = Callable[[str], Any]


def _report(text: str) -> None:
    names = ("status", "findings", "impression", "reporting_doctor", "reviewing_doctor", "reported_at")
    report_input(dict.fromkeys(names, text))


def _exam(text: str) -> None:
    body = dict.fromkeys(("modality", "body_part", "department", "performed_at"), text)
    exam_input({**body, "patient": dict.fromkeys(PATIENT, text)}, ("CN", "HK"))


def _push(mode: Mode) -> Read:
    endpoint = Endpoint(mode, "wx0", "token", "k" * 43, "r" * 16)

    def read(text: str) -> None:
        for body in (text, f"<Encrypt>{text}", f"<Encrypt><![CDATA[{text}!</Encrypt>", f"<xml>{text}"):
            with suppress(PushRefused):
                endpoint.read({"signature": text[:64]}, "", {}, body.encode()[:FORM_LETTERS], NOON)

    return read


def _receipts(text: str) -> None:
    for carrier, names in (
        (tencent, ("sid", "report_status", "mobile", "errmsg", "nationcode", "text")),
        (aliyun, ("phone_number", "biz_id", "err_code", "content", "out_id")),
        (gateway, ("serial", "id", "phone", "code", "text")),
    ):
        for read in (carrier.receipts_of, carrier.replies_of):  # type: ignore[attr-defined]
            for body in ([dict.fromkeys(names, text)], dict.fromkeys(names, text)):
                with suppress(InvalidCallback):
                    read(body)


READERS: dict[str, tuple[int, Read]] = {
    "report": (RIS_LETTERS, _report),
    "exam": (RIS_LETTERS, _exam),
    "day": (RIS_LETTERS, day),
    "instant": (RIS_LETTERS, instant),
    "document number": (RIS_LETTERS, lambda text: [document_number(text), document_number(f"{text}(A1")]),
    "phone number": (RIS_LETTERS, lambda text: [phone_number(f"+{text}1"), phone_number(text)]),
    "sent text": (FORM_LETTERS, lambda text: is_usable(text, "")),
    "name": (FORM_LETTERS, normal_name),
    "code": (FORM_LETTERS, lambda text: [normal_code(text), normal_digits(text), normal_factor(text)]),
    "media type": (8_000, lambda text: [MediaType.parse(each) for each in (text, f"a/b;{text}", f'a/b;c="{text}')]),
    "receipts and answers": (FORM_LETTERS, _receipts),
    **{f"push, {mode}": (FORM_LETTERS, _push(mode)) for mode in Mode},
}


@pytest.mark.parametrize("reader", READERS)
def test_a_long_run_of_one_letter_is_read_at_once(reader: str) -> None:
    letters, read = READERS[reader]
    for run in RUNS:
        for end in ("", "x"):
            with within(PATIENCE_S), suppress(ValueError, InvalidInput):
                read(run * (letters // len(run)) + end)
