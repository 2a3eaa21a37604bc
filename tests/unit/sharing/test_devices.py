"""What a phone is told of a browser elsewhere."""

from __future__ import annotations

import pytest

from app.models.states import DeviceKind
from app.services.sharing.devices import device_of, masked_address


@pytest.mark.parametrize(
    ("agent", "kind"),
    [
        ("Mozilla/5.0 (Windows NT 6.1; WOW64) Chrome/86", DeviceKind.WINDOWS),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Safari", DeviceKind.MAC),
        ("Mozilla/5.0 (X11; Linux x86_64) Firefox", DeviceKind.LINUX),
        ("Mozilla/5.0 (Linux; Android 12; V2118A) MicroMessenger", DeviceKind.ANDROID),
        ("Mozilla/5.0 (Phone; OpenHarmony 5.0) ArkWeb/4.1.6.1 Mobile MicroMessenger", DeviceKind.ANDROID),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)", DeviceKind.IOS),
        ("", DeviceKind.OTHER),
        ("curl/8", DeviceKind.OTHER),
    ],
)
def test_a_browser_says_what_kind_of_device_it_is_on(agent: str, kind: DeviceKind) -> None:
    assert device_of(agent) is kind


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("203.0.113.9", "203.0.*.*"),
        ("::ffff:203.0.113.9", "203.0.*.*"),
        ("2001:db8:1:2::3", "2001:0db8:*"),
        ("x", ""),
        ("", ""),
    ],
)
def test_an_address_is_shown_by_half(address: str, shown: str) -> None:
    assert masked_address(address) == shown
