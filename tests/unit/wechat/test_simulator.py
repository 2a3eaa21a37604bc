"""The simulated WeChat."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from wechat.errors import NoticeError, WechatRefused, WechatRetryLater, WechatUnknown, error_of
from wechat.notices import Notice, NoticeTemplate
from wechat.simulator.account import SimulatedWechat
from wechat.templates import EXAM, HINT, READY, TEMPLATES

AT = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
VALUES = {"thing1": EXAM, "time2": "2026-03-02 08:30", "phrase3": READY, "thing4": HINT}
NOTICE = Notice(TEMPLATES["ready"], VALUES, "https://film.example.org/s")


@pytest.fixture
def wechat(tmp_path: Path) -> SimulatedWechat:
    return SimulatedWechat(tmp_path / "wechat.db", lambda: AT)


def test_a_follower_sees_the_notice_with_its_labels_also_after_a_restart(wechat: SimulatedWechat) -> None:
    wechat.follow("o1")
    assert wechat.send("o1", NOTICE).msgid
    (shown,) = SimulatedWechat(wechat.path, wechat.now).notices("o1")
    assert shown.title == TEMPLATES["ready"].title
    assert dict(shown.fields) == {"检查项目": EXAM, "检查时间": "2026-03-02 08:30", "状态": READY, "温馨提示": HINT}
    assert (shown.url, shown.at) == (NOTICE.url, AT)


def test_who_does_not_follow_or_left_is_refused(wechat: SimulatedWechat) -> None:
    with pytest.raises(WechatRefused, match="43004"):
        wechat.send("stranger", NOTICE)
    wechat.follow("o1")
    wechat.unfollow("o1")
    with pytest.raises(WechatRefused, match="43004"):
        wechat.send("o1", NOTICE)
    assert wechat.notices("o1") == []


def test_an_unregistered_template_is_refused(wechat: SimulatedWechat) -> None:
    wechat.follow("o1")
    with pytest.raises(WechatRefused, match="40037"):
        wechat.send("o1", Notice(NoticeTemplate("other", "x", TEMPLATES["ready"].fields), VALUES))


def test_it_checks_fields_itself(wechat: SimulatedWechat) -> None:
    wechat.follow("o1")
    notice = object.__new__(Notice)
    for name, value in (("template", TEMPLATES["ready"]), ("values", VALUES | {"thing1": "字" * 21}), ("url", "")):
        object.__setattr__(notice, name, value)
    with pytest.raises(WechatRefused, match="47003"):
        wechat.send("o1", notice)


@pytest.mark.parametrize(
    ("openid", "error"),
    [
        ("magic-refuses-notices", WechatRefused),
        ("magic-bad-field", WechatRefused),
        ("magic-quota", WechatRetryLater),
        ("magic-busy", WechatRetryLater),
        ("magic-taken-unanswered", WechatUnknown),
    ],
)
def test_magic_followers_give_their_outcomes(wechat: SimulatedWechat, openid: str, error: type[NoticeError]) -> None:
    with pytest.raises(error):
        wechat.send(openid, NOTICE)


def test_an_unlisted_errcode_is_unknown() -> None:
    assert isinstance(error_of(99999), WechatUnknown)
