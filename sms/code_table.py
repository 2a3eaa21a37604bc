"""What the codes of a carrier mean: the form of the table. The tables are `tencent/codes` and `aliyun/codes`.

A code that is not listed is UNKNOWN, whatever its family: nothing may be sent twice because a new code appeared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from sms.errors import NO_TEMPLATE_ID, SendingError, SmsRefused, SmsRetryLater, SmsUnknown


class Outcome(Enum):
    """What to do about a code: REFUSED and ALARM are final, RETRY was not taken, UNKNOWN may have been taken."""

    REFUSED = "refused"
    ALARM = "alarm"
    RETRY = "retry"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Meaning:
    outcome: Outcome
    reason: str
    after_s: int = 0


@dataclass(frozen=True)
class CodeTable:
    """Whole codes and their meanings."""

    codes: Mapping[str, Meaning]

    def error_of(self, code: str, *, serial: str | None = None) -> SendingError:
        """The exception for a code; the carrier's own message is left out, because it may quote the phone number."""
        meaning = self.meaning_of(code)
        if meaning.outcome is Outcome.UNKNOWN:
            return SmsUnknown(code, meaning.reason, serial=serial)
        if meaning.outcome is Outcome.RETRY:
            return SmsRetryLater(code, meaning.reason, after_s=meaning.after_s)
        return SmsRefused(code, meaning.reason, alarm=meaning.outcome is Outcome.ALARM)

    def is_alarm(self, code: str) -> bool:
        """Does every further message fail too, until somebody acts?"""
        return code == NO_TEMPLATE_ID or self.meaning_of(code).outcome is Outcome.ALARM

    def meaning_of(self, code: str) -> Meaning:
        return self.codes.get(code, Meaning(Outcome.UNKNOWN, "an unlisted code"))
