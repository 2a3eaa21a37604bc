"""A follower gets a notice in WeChat. When a text message follows: tests/integration/notifications."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.services.patient_access.code_naming import Attempt
from tests.factories.access import FACTOR
from tests.factories.house import services
from tests.factories.telling import (
    follow,
    mark_prepared,
    register,
    states,
    sweep,
)

SEND = "/cgi-bin/message/template/send"


def test_a_follower_gets_a_notice_and_no_text_message_beside_it(tmp_path: Path) -> None:
    house = services(tmp_path, wechat_notices="simulated")
    exam_id = register(house)
    openid = follow(house, exam_id)
    mark_prepared(house)
    sweep(house)
    assert [channel for _, channel, _ in states(house, exam_id)] == ["wechat"]
    assert house.simulation.wechat is not None
    (notice,) = house.simulation.wechat.notices(openid)
    code = notice.url.rpartition("/s/")[2]
    opened = house.patient_access.verification.open_by_factor(Attempt(code, "10.0.0.1"), FACTOR)
    assert opened.exam_id == exam_id
    assert dict(notice.fields)["检查时间"] == "2026-03-02 08:30"


@pytest.mark.parametrize(
    ("fault", "times", "became"),
    [
        ("43101", 1, {"wechat": "failed", "sms": "accepted"}),
        ("-1", 1, {"wechat": "pending"}),
        ("cut", 2, {"wechat": "unknown"}),
        ("timeout", 1, {"wechat": "accepted"}),
        ("html", 2, {"wechat": "unknown"}),
    ],
)
def test_what_follows_a_notice_that_fails(tmp_path: Path, fault: str, times: int, became: dict[str, str]) -> None:
    house = services(tmp_path, wechat_notices="simulated")
    exam_id = register(house)
    openid = follow(house, exam_id)
    assert house.simulation.wechat is not None
    house.simulation.wechat.order(SEND, fault, times)
    mark_prepared(house)
    sweep(house)
    assert {channel: found for _, channel, found in states(house, exam_id)} == became
    assert len(house.simulation.wechat.notices(openid)) == (fault in ("cut", "timeout"))
