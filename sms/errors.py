"""The errors of sending a text message. What to do after an error is decided in app/services/channels.

SmsError
├── InvalidPhone      not a phone number
├── TemplateFaults    texts that the carrier would not register, with every fault
├── InvalidMessage    variables that do not fit their template
├── InvalidCallback   the body of a callback is no list of receipts
├── SmsRefused        the carrier refused the message, and will refuse it again
├── SmsRetryLater     the carrier did not take the message, but may take it later
└── SmsUnknown        nobody knows whether the carrier took the message: never send it again blindly

No text of these exceptions holds a phone number, a code or a secret.
"""

from __future__ import annotations

from collections.abc import Sequence

NO_CONNECTION = "no connection"
NO_TEMPLATE_ID = "no template id"
"""Our own codes, beside the carriers': no request reached the carrier; nothing was asked of it."""


class SmsError(Exception):
    """Root of all errors that this package raises on purpose."""


class InvalidPhone(SmsError):
    def __init__(self) -> None:
        super().__init__("not a phone number")


class TemplateFaults(SmsError):
    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(faults))


class InvalidMessage(SmsError):
    pass


class InvalidCallback(SmsError):
    """The text says what the body should be. It quotes nothing of the body."""


class SendingError(SmsError):
    """`code` is the carrier's code, `reason` our explanation in English."""

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(f"{code}: {reason}")


class SmsRefused(SendingError):
    """`alarm`: the carrier will refuse every further message, until somebody acts."""

    def __init__(self, code: str, reason: str, *, alarm: bool = False) -> None:
        super().__init__(code, reason)
        self.alarm = alarm


class SmsRetryLater(SendingError):
    """`after_s`: another try is useless for so many seconds."""

    def __init__(self, code: str, reason: str, *, after_s: int = 0) -> None:
        super().__init__(code, reason)
        self.after_s = after_s


class SmsUnknown(SendingError):
    """`serial`: the carrier's number of the message, if the carrier told it."""

    def __init__(self, code: str, reason: str, *, serial: str | None = None) -> None:
        super().__init__(code, reason)
        self.serial = serial
