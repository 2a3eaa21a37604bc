"""Whatever a carrier answers is one of four outcomes, by text message and by notice alike."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

import sms.sender
from app.models import ChannelName
from app.services.channels.channel import Accepted, Later, Outcome, Refused, Unknown
from app.services.channels.sms import SmsChannel
from app.services.channels.wechat import WechatChannel
from sms.errors import SmsRefused, SmsRetryLater, SmsUnknown
from tests.factories.house import services
from tests.factories.telling import PHONE, follow, mark_prepared, notifications, register, untold
from wechat import errors as wechat_errors
from wechat import notices


class Answering:
    """A carrier that always answers so: an exception is raised."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def send(self, *_: object) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def receipts(self, *_: object) -> Sequence[sms.sender.DeliveryReceipt]:
        return cast("Sequence[sms.sender.DeliveryReceipt]", self.send())


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (sms.sender.Accepted("2640:1", 2), Accepted("2640:1", 2)),
        (SmsRefused("FailedOperation", "no"), Refused("FailedOperation")),
        (SmsRetryLater("LimitExceeded", "later", after_s=600), Later("LimitExceeded", timedelta(seconds=600))),
        (SmsUnknown("InternalError", "?", serial="2640:1"), Unknown("InternalError", "2640:1")),
    ],
)
def test_what_a_carrier_of_text_messages_answers(tmp_path: Path, answer: object, outcome: Outcome) -> None:
    house = services(tmp_path)
    (row,) = notifications(house, untold(house))
    channel = house.channels[ChannelName.SMS]
    assert isinstance(channel, SmsChannel)
    with house.db.read() as session:
        hand_over = replace(channel, sender=Answering(answer)).parcel(session, row, PHONE)
    assert hand_over() == outcome


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (notices.Accepted("7"), Accepted("wechat:7", 0)),
        (wechat_errors.error_of(43101), Refused("43101")),
        (wechat_errors.error_of(-1), Later("-1", timedelta())),
        (wechat_errors.error_of(43117), Refused("43117")),
        (wechat_errors.error_of(45011), Later("45011", timedelta(seconds=60))),
        (wechat_errors.error_of(99999), Unknown("99999")),
    ],
)
def test_what_wechat_answers(tmp_path: Path, answer: object, outcome: Outcome) -> None:
    house = services(tmp_path, wechat_notices="simulated")
    exam_id = followed(house)
    (row,) = [row for row in notifications(house, exam_id) if row.channel == ChannelName.WECHAT]
    channel = house.channels[ChannelName.WECHAT]
    assert isinstance(channel, WechatChannel)
    with house.db.read() as session:
        hand_over = replace(channel, notifier=Answering(answer)).parcel(session, row, "oOpenid0001")
    assert hand_over() == outcome


def followed(house: Any) -> uuid.UUID:
    """An exam whose patient bound a WeChat account; its messages wait."""
    exam_id = register(house)
    follow(house, exam_id)
    mark_prepared(house)
    house.release.gate.release_due()
    return exam_id


def test_a_carrier_that_cannot_be_asked_knows_of_no_receipts(tmp_path: Path) -> None:
    house = services(tmp_path)
    channel = house.channels[ChannelName.SMS]
    assert isinstance(channel, SmsChannel)
    silent = replace(channel, sender=Answering(SmsRetryLater("no connection", "away")))
    assert list(silent.ask(PHONE, house.clock.now(), house.clock.now())) == []


@pytest.mark.parametrize(
    ("name", "code", "alarming"),
    [
        (ChannelName.SMS, "FailedOperation.InsufficientBalanceInSmsPackage", True),
        (ChannelName.SMS, "InvalidMessage", True),
        (ChannelName.SMS, "FailedOperation.PhoneNumberInBlacklist", False),
        (ChannelName.WECHAT, "40037", True),
        (ChannelName.WECHAT, "NoticeFault", True),
        (ChannelName.WECHAT, "43004", False),
    ],
)
def test_a_channel_knows_which_failures_are_no_single_patients(
    tmp_path: Path, name: ChannelName, code: str, alarming: bool
) -> None:
    assert services(tmp_path).channels[name].is_alarm(code) is alarming
