"""Several carriers as one: at most one of them ever has a message, whatever their answers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.errors import NO_CONNECTION, SendingError, SmsRefused, SmsRetryLater, SmsUnknown
from sms.failover import Failover
from sms.sender import Accepted, SmsSender
from sms.templates import SmsMessage
from tests.factories.carriers import PHONE, ready

ACCOUNT = SmsRefused("FailedOperation.InsufficientBalanceInSmsPackage", "used up", alarm=True)
NUMBER = SmsRefused("FailedOperation.PhoneNumberInBlacklist", "the owner refuses")
AWAY = SmsRetryLater(NO_CONNECTION, "out of reach")
LIMIT = SmsRetryLater("LimitExceeded.PhoneNumberOneHourLimit", "too often", after_s=3600)
LOST = SmsUnknown("ClientNetworkError", "no answer")
OUTCOMES: dict[str, SendingError | None] = {
    "accepted": None,
    "account": ACCOUNT,
    "number": NUMBER,
    "away": AWAY,
    "limit": LIMIT,
    "lost": LOST,
}


@dataclass
class Scripted:
    """A carrier whose outcome is given; a lost answer may mean that it has the message."""

    outcome: SendingError | None
    asked: list[str] = field(default_factory=list)

    def send(self, phone: str, message: SmsMessage, session_context: str) -> Accepted:
        self.asked.append(session_context)
        if self.outcome is not None:
            raise self.outcome
        return Accepted("s1", 1)

    def receipts(self, *_: Any) -> list[str]:
        if self.outcome is not None:
            raise self.outcome
        return ["receipt"]


def sent(*outcomes: SendingError | None) -> tuple[object, list[int]]:
    """What comes of it, and how often each carrier was asked."""
    carriers = [Scripted(outcome) for outcome in outcomes]
    result: object
    try:
        result = Failover(cast("tuple[SmsSender, ...]", tuple(carriers))).send(PHONE, ready(), "n")
    except SendingError as fault:
        result = fault
    return result, [len(carrier.asked) for carrier in carriers]


@pytest.mark.parametrize("first", [ACCOUNT, AWAY], ids=["refused", "out of reach"])
def test_the_second_is_asked_where_the_first_surely_sent_nothing(first: SendingError) -> None:
    result, asked = sent(first, None)
    assert isinstance(result, Accepted)
    assert asked == [1, 1]


@pytest.mark.parametrize("first", [None, NUMBER, LIMIT, LOST], ids=["accepted", "number", "limit", "lost"])
def test_the_second_is_never_asked_otherwise(first: SendingError | None) -> None:
    result, asked = sent(first, None)
    assert asked == [1, 0]
    assert result is first or isinstance(result, Accepted)


def test_a_carrier_that_may_be_back_is_told_before_one_that_refused() -> None:
    assert sent(AWAY, ACCOUNT)[0] is AWAY
    assert sent(ACCOUNT, AWAY)[0] is AWAY
    assert sent(ACCOUNT, NUMBER)[0] is NUMBER
    assert sent(ACCOUNT, LOST)[0] is LOST


def test_receipts_are_those_of_all_that_answer() -> None:
    def asked(*outcomes: SendingError | None) -> list[object]:
        failover = Failover(cast("tuple[SmsSender, ...]", tuple(Scripted(outcome) for outcome in outcomes)))
        return list(failover.receipts(PHONE, datetime.now(UTC), datetime.now(UTC)))

    assert asked(None, None) == ["receipt", "receipt"]
    assert asked(AWAY, None) == ["receipt"]
    with pytest.raises(SmsRetryLater):
        asked(AWAY, AWAY)


@pytest.mark.hypothesis
def test_whatever_they_answer_at_most_one_may_have_the_message() -> None:
    reached = Counter[str]()

    @given(st.lists(st.sampled_from(sorted(OUTCOMES)), min_size=1, max_size=4))
    def any_answers(names: list[str]) -> None:
        result, asked = sent(*(OUTCOMES[name] for name in names))
        may_have = [name for name, times in zip(names, asked, strict=True) if times and name in ("accepted", "lost")]
        assert len(may_have) <= 1
        assert max(asked) == 1
        assert bool(may_have) == isinstance(result, Accepted | SmsUnknown)
        reached.update(["second asked"] if sum(asked) > 1 else [], **dict.fromkeys(may_have, 1))

    any_answers()
    assert all(reached[what] for what in ("second asked", "accepted", "lost")), reached
