"""In which view of WeChat a page is shown, by the browser's own words. Pure; it proves nothing, it only chooses words.

HarmonyOS names neither Android nor iPhone: `Phone; OpenHarmony 5.x … ArkWeb/… Mobile MicroMessenger/8.0.10`.
"""

from __future__ import annotations

from enum import StrEnum


class WechatView(StrEnum):
    """The system whose WeChat shows the page: its menus have other words."""

    IOS = "ios"
    ANDROID = "android"
    OPENHARMONY = "openharmony"
    OTHER = "other"
    """WeChat on a PC, or a system of tomorrow."""


_SIGNS = (
    ("openharmony", WechatView.OPENHARMONY),
    ("arkweb", WechatView.OPENHARMONY),
    ("iphone", WechatView.IOS),
    ("ipad", WechatView.IOS),
    ("android", WechatView.ANDROID),
)
"""In this order: a HarmonyOS of before names Android too."""


def wechat_view(user_agent: str) -> WechatView | None:
    """None outside of WeChat."""
    told = user_agent[:512].lower()
    if "micromessenger" not in told:
        return None
    return next((view for sign, view in _SIGNS if sign in told), WechatView.OTHER)
