"""Our adapter of Tencent's SMS and a strict carrier to speak to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sms.simulator.rules import CarrierAccount, FrequencyLimits
from sms.simulator.server import StrictCarrier, serving
from sms.templates import REGISTERED
from sms.tencent.sender import TencentAccount, TencentSender
from tests.factories.carriers import SIGNATURE

IDS = {name: str(2_000_000 + number) for number, name in enumerate(REGISTERED)}
KEY = "very-secret-signing-key"
ACCOUNT = TencentAccount("AKIDexample", KEY, "1400006666")


def strict(folder: Path, *, skew: timedelta = timedelta(), **limits: int) -> StrictCarrier:
    templates = {IDS[name]: template for name, template in REGISTERED.items()}
    account = CarrierAccount("1400006666", frozenset({SIGNATURE}), templates, FrequencyLimits(**limits))
    return StrictCarrier(folder / "carrier.db", account, {"AKIDexample": KEY}, lambda: datetime.now(UTC) + skew)


@contextmanager
def sender(carrier: StrictCarrier, account: TencentAccount = ACCOUNT) -> Iterator[TencentSender]:
    with serving(carrier) as endpoint:
        yield TencentSender(account, IDS, endpoint=endpoint, scheme="http")
