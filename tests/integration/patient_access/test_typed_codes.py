"""Codes as people type them: forgiven, and counted as the one code they are."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select

from app.bootstrap import Services
from app.models import OneTimeCode
from app.web import body_limits
from tests.factories.access import Issued
from tests.factories.telling import messages, sweep

FULL_WIDTH = {number: number + 0xFEE0 for number in range(0x21, 0x7F)}
Typed = Callable[[str], str]
WAYS: dict[str, Typed] = {
    "as printed": str,
    "in small letters": str.lower,
    "full width": lambda code: code.translate(FULL_WIDTH),
    "full width and small": lambda code: code.lower().translate(FULL_WIDTH),
    "with spaces around": lambda code: f" \u3000{code}\t",
    "in groups": lambda code: f"{code[:3]}-{code[3:]}",
    "with a space inside": lambda code: f"{code[:3]} {code[3:]}",
}


@pytest.mark.parametrize("way", WAYS)
def test_a_code_opens_however_it_is_typed(app: Flask, exam: Issued, way: str) -> None:
    typed = WAYS[way]
    assert app.test_client().post(f"/q/{quote(typed(exam.qr))}", data={"factor": exam.factor}).status_code == 303
    form = {"phone": exam.phone, "pickup_code": typed(exam.pickup), "factor": exam.factor}
    assert app.test_client().post("/s", data=form).status_code == 303


@pytest.mark.parametrize(
    "phone",
    ["+86 139-0000-0001", "0086139 0000 0001", "8613900000001", "13900000001".translate(FULL_WIDTH), " 139 0000 0001 "],
)
def test_a_phone_number_opens_however_it_is_typed(app: Flask, exam: Issued, phone: str) -> None:
    form = {"phone": phone, "pickup_code": exam.pickup, "factor": exam.factor}
    assert app.test_client().post("/s", data=form).status_code == 303


def test_another_way_of_typing_is_no_further_try(app: Flask, exam: Issued) -> None:
    answers = [
        app.test_client().post(f"/q/{quote(typed(exam.qr))}", data={"factor": "9999"}).status_code
        for typed in WAYS.values()
    ]
    assert answers == [403] * 5 + [429] * 2


@pytest.mark.parametrize("hidden", ["\u200b", "\ufeff", "\u0301", "\x00", "\u202e"])
def test_characters_nobody_types_make_no_code_and_no_error(app: Flask, exam: Issued, hidden: str) -> None:
    code = exam.qr[:5] + hidden + exam.qr[5:]
    assert app.test_client().post(f"/q/{quote(code)}", data={"factor": exam.factor}).status_code == 403


@pytest.mark.parametrize(
    "code", ["%ff%fe", "%00", "ß" * 26, "ﬀ" * 300, "A" * 5000, "'; DROP TABLE exam; --", "../../exams", "😀" * 26]
)
def test_any_other_text_is_refused_like_an_unknown_code(app: Flask, code: str) -> None:
    client = app.test_client()
    unknown = client.post("/q/" + "A" * 26, data={"factor": "9999"})
    address = code if code.startswith("%") else quote(code, safe="")
    answer = client.post(f"/q/{address}", data={"factor": "9999"})
    assert (answer.status_code, answer.data) in {(unknown.status_code, unknown.data), (404, answer.data)}
    typed = client.post("/s", data={"phone": code, "pickup_code": code, "factor": code})
    if len(quote(code)) * 3 > body_limits.MAX_FORM_BYTES:
        assert typed.status_code == 413  # before anything of it was read
    else:
        assert (typed.status_code, typed.data) == (403, unknown.data)


def test_parallel_tries_of_a_one_time_code_are_five_in_all(house: Services, app: Flask, exam: Issued) -> None:
    app.test_client().post(f"/q/{exam.qr}", data={"action": "send_code"})
    sweep(house)
    right = messages(house)[-1].text.partition("验证码是")[2][:6]
    start, found = threading.Barrier(20), Counter[int]()

    def guess(number: int) -> None:
        start.wait()
        wrong = f"{(int(right) + 1 + number) % 10**6:06d}"
        found.update([app.test_client().post(f"/q/{exam.qr}", data={"one_time_code": wrong}).status_code])

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {403: 20}
    with house.db.read() as session:
        assert session.scalars(select(OneTimeCode.failures)).one() == 5
    assert app.test_client().post(f"/q/{exam.qr}", data={"one_time_code": right}).status_code == 403
