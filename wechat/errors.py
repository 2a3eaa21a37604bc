"""The errors of sending a WeChat notice. What to do after an error is decided in app/services/channels.

WechatError
├── NoticeFault        WeChat would refuse a field (47003); found before sending
├── WechatRefused      WeChat refused the notice, and will refuse it again
├── WechatRetryLater   WeChat did not take the notice, but may take it later
└── WechatUnknown      nobody knows whether WeChat took the notice

No text of these exceptions holds an openid, a field's value or a secret.
"""

from __future__ import annotations


class WechatError(Exception):
    """Root of all errors that this package raises on purpose."""


class NoticeFault(WechatError):
    """`field` names the faulty field, `reason` names the broken rule."""

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        self.reason = reason
        super().__init__(f"{field}: {reason}")


class NoticeError(WechatError):
    """`code` is WeChat's errcode, `reason` our explanation in English."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(f"{code}: {reason}")


class WechatRefused(NoticeError):
    pass


class WechatRetryLater(NoticeError):
    pass


class WechatUnknown(NoticeError):
    pass


_REASONS: dict[int, tuple[type[NoticeError], str]] = {
    40003: (WechatRefused, "no such openid"),
    40037: (WechatRefused, "no such template"),
    43004: (WechatRefused, "not a follower any more"),
    43101: (WechatRefused, "the owner refuses notices"),
    47003: (WechatRefused, "a field breaks its type's rule"),
    40001: (WechatRetryLater, "the access token does not hold"),
    42001: (WechatRetryLater, "the access token expired"),
    45009: (WechatRetryLater, "the day's quota is used up"),
    -1: (WechatRetryLater, "WeChat is busy"),
}

ALARMS = frozenset({40037, 47003})
"""Refusals that do not concern one follower: every further notice fails too, until somebody acts."""


def error_of(code: int) -> NoticeError:
    """The exception for an errcode. An unlisted errcode gives WechatUnknown, so that nothing is sent twice."""
    kind, reason = _REASONS.get(code, (WechatUnknown, "an unlisted code"))
    return kind(code, reason)
