"""Our adapter of Aliyun's SMS and a strict carrier to speak to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sms.aliyun.sender import AliyunAccount, AliyunSender
from sms.registration import FOREIGN
from sms.simulator.aliyun import Aliyun, Text
from sms.simulator.aliyun_server import StrictAliyun, serving
from sms.templates import REGISTERED
from tests.factories.carriers import SIGNATURE

CODES = {name: f"SMS_{154950900 + number}" for number, name in enumerate(REGISTERED)}
CODES |= {"ready_t0_2" + FOREIGN: "SMS_254950900"}
KEY = "very-secret-signing-key"
ACCOUNT = AliyunAccount("LTAIexample", KEY)


def registered() -> dict[str, Text]:
    """Our texts as the hospital registers them: `${code}` for {1}."""
    texts = {
        CODES[name]: Text(re.sub(r"\{1\}", "${code}", template.body), is_code=template.is_verification)
        for name, template in REGISTERED.items()
    }
    foreign = Text(REGISTERED["ready_t0_2"].body, is_foreign=True)
    return texts | {CODES["ready_t0_2" + FOREIGN]: foreign}


def strict(folder: Path, *, skew: timedelta = timedelta()) -> StrictAliyun:
    carrier = Aliyun(folder / "aliyun.db", frozenset({SIGNATURE}), registered(), now=lambda: datetime.now(UTC) + skew)
    return StrictAliyun(carrier, {ACCOUNT.key_id: KEY})


@contextmanager
def sender(strict: StrictAliyun, account: AliyunAccount = ACCOUNT) -> Iterator[AliyunSender]:
    with serving(strict) as endpoint:
        yield AliyunSender(account, CODES, endpoint=endpoint, scheme="http")
