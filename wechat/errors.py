"""The errors of talking to WeChat, by their cause. What to do after one is decided in app/services.

WechatError
├── NoticeFault              WeChat would refuse a field (47003); found before sending
└── CallError                one call failed
    ├── WechatRefused        WeChat refused the call, and will refuse it again
    │   └── CodeSpent        the code of a login was used before, or is too old
    ├── WechatRetryLater     WeChat did not do it, but may do it later
    │   ├── TokenRefused     the access token does not hold
    │   └── TokenStuck       WeChat hands out a token that it does not take: somebody must act
    └── WechatUnknown        nobody knows whether WeChat did it

No text of these exceptions holds an openid, a field's value, a token or a secret.
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


class CallError(WechatError):
    """`code` is WeChat's errcode, or 0 without one; `reason` our explanation in English.

    `after_s`: WeChat takes the same call again after so many seconds at the earliest. `rid`: WeChat's own name of the
    call, for its staff. `address`: ours, where WeChat says that it is not in the white-list.
    """

    def __init__(self, code: int, reason: str, *, after_s: int = 0, rid: str = "", address: str = "") -> None:
        self.code, self.reason, self.after_s, self.rid, self.address = code, reason, after_s, rid, address
        super().__init__(f"{code}: {reason}")


class WechatRefused(CallError):
    pass


class CodeSpent(WechatRefused):
    pass


class WechatRetryLater(CallError):
    pass


class TokenRefused(WechatRetryLater):
    pass


class TokenStuck(WechatRetryLater):
    pass


class WechatUnknown(CallError):
    pass


_REASONS: dict[int, tuple[type[CallError], str]] = {
    40003: (WechatRefused, "no such openid"),
    40013: (WechatRefused, "no such appid"),
    40029: (CodeSpent, "no such code"),
    40037: (WechatRefused, "no such template"),
    40125: (WechatRefused, "a wrong secret"),
    40163: (CodeSpent, "the code was used before"),
    40164: (WechatRefused, "our address is not in the white-list"),
    41008: (CodeSpent, "no code"),
    43004: (WechatRefused, "not a follower any more"),
    43101: (WechatRefused, "the owner refuses notices"),
    46003: (WechatRefused, "there is no menu"),
    43117: (WechatRefused, "too many notices to one follower"),
    47003: (WechatRefused, "a field breaks its type's rule"),
    48001: (WechatRefused, "the account has no right to this call"),
    40001: (TokenRefused, "the access token does not hold"),
    40014: (TokenRefused, "the access token does not hold"),
    42001: (TokenRefused, "the access token expired"),
    45009: (WechatRetryLater, "the day's quota is used up"),
    45011: (WechatRetryLater, "the minute's quota is used up"),
    -1: (WechatRetryLater, "WeChat is busy"),
}
AFTER_S = {45009: 3600, 45011: 60}
"""How long WeChat refuses the same call at least."""

ALARMS = frozenset({40013, 40037, 40125, 40164, 47003, 48001})
"""Refusals that do not concern one follower: every further notice fails too, until somebody acts."""


def error_of(code: int, rid: str = "", address: str = "") -> CallError:
    """The exception for an errcode. An unlisted errcode gives WechatUnknown, so that nothing is sent twice."""
    kind, reason = _REASONS.get(code, (WechatUnknown, "an unlisted code"))
    return kind(code, reason, after_s=AFTER_S.get(code, 0), rid=rid, address=address)
