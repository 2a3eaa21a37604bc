"""What sending a text message may end in, besides acceptance.

SmsError
├── InvalidPhone      not a mainland mobile number
├── TemplateFaults    texts the carrier would not register; every fault at once
├── InvalidMessage    variables that do not fit their template
├── InvalidCallback   what came is not a list of receipts
├── SmsRefused        the carrier said no, and will say no again
├── SmsRetryLater     not taken, but the same message may be taken later
└── SmsUnknown        nobody knows whether it was taken: never send it again blindly

No text of these exceptions holds a phone number, a code or a secret.
"""

from __future__ import annotations

from collections.abc import Sequence


class SmsError(Exception):
    """Root of everything this package raises on purpose."""


class InvalidPhone(SmsError):
    def __init__(self) -> None:
        super().__init__("not a mainland mobile number")


class TemplateFaults(SmsError):
    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(faults))


class InvalidMessage(SmsError):
    pass


class InvalidCallback(SmsError):
    """The text says what it should be, and quotes nothing."""


class SendingError(SmsError):
    """`code` is the carrier's word for it, `reason` ours in English."""

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(f"{code}: {reason}")


class SmsRefused(SendingError):
    """`alarm`: every further message will be refused too, until somebody acts."""

    def __init__(self, code: str, reason: str, *, alarm: bool = False) -> None:
        super().__init__(code, reason)
        self.alarm = alarm


class SmsRetryLater(SendingError):
    """`after_s`: seconds before which another try is useless."""

    def __init__(self, code: str, reason: str, *, after_s: int = 0) -> None:
        super().__init__(code, reason)
        self.after_s = after_s


class SmsUnknown(SendingError):
    """`serial`: the carrier's number of the message, when it told one."""

    def __init__(self, code: str, reason: str, *, serial: str | None = None) -> None:
        super().__init__(code, reason)
        self.serial = serial
