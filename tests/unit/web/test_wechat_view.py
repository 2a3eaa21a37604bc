"""Which system's WeChat shows a page, by user agents as they are sent."""

from __future__ import annotations

import pytest

from app.models.states import DeviceKind
from app.services.sharing.devices import device_of
from app.web.exam.wechat_view import WechatView, wechat_view

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
HARMONY = (
    "Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36"
    "  ArkWeb/4.1.6.1 Mobile"
)
ANDROID = "Mozilla/5.0 (Linux; Android 15; ELN-AN00) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Mobile"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 Chrome/126.0"
WECHAT = " MicroMessenger/8.0.10 XWEB/1140319 NetType/WIFI Language/zh_CN"


@pytest.mark.parametrize(
    ("agent", "view", "device"),
    [
        (IPHONE, WechatView.IOS, DeviceKind.IOS),
        (HARMONY, WechatView.OPENHARMONY, DeviceKind.ANDROID),
        (ANDROID, WechatView.ANDROID, DeviceKind.ANDROID),
        (WINDOWS, WechatView.OTHER, DeviceKind.WINDOWS),
        ("x" * 9000, WechatView.OTHER, DeviceKind.OTHER),
    ],
)
def test_each_system_is_known_by_its_user_agent_and_only_in_wechat(
    agent: str, view: WechatView, device: DeviceKind
) -> None:
    assert wechat_view(agent) is None
    assert wechat_view(WECHAT + agent) is view
    assert device_of(agent + WECHAT) is device
