"""The application does not start with texts or registrations that no carrier would take."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.bootstrap import carriers
from app.errors import SettingsError
from sms.templates import EVERY_FAMILY, TEMPLATES, SmsTemplate
from tests.factories.house import services
from tests.factories.house import settings as demo_settings

TENCENT = {
    "sms_carrier": "tencent",
    "tencent_secret_id": "id",
    "tencent_secret_key": "key",
    "tencent_sms_app_id": "1",
}


@pytest.mark.parametrize("signature", ["云", "云影像医院云影像医院云影像", "【云影像】", "云影像 医院", "a.cn"])
def test_a_signature_no_carrier_registers_stops_the_start(tmp_path: Path, signature: str) -> None:
    with pytest.raises(SettingsError, match="signature"):
        services(tmp_path, sms_signature=signature)


def test_a_text_no_carrier_registers_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = {"ready_t1": SmsTemplate("ready_t1", "请点击 film.example.org/{1} 查看")}
    monkeypatch.setattr(carriers, "TEMPLATES", TEMPLATES | bad)
    with pytest.raises(SettingsError) as caught:
        services(tmp_path)
    assert "a link or domain" in str(caught.value)
    assert "点击" in str(caught.value)


@pytest.mark.parametrize(("family", "ending"), [("T0", "_t0_2"), ("T1", "_t1")])
def test_every_text_of_the_family_needs_its_registered_id(tmp_path: Path, family: str, ending: str) -> None:
    def faults(names: list[str]) -> str:
        ids = ",".join(f"{name}={number}" for number, name in enumerate(names))
        settings = demo_settings(tmp_path, **TENCENT, sms_family=family, tencent_template_ids=ids)
        return "; ".join(carriers.message_faults(settings))

    needed = [name for name in TEMPLATES if name.endswith(ending) or name in EVERY_FAMILY]
    assert len(needed) == 8
    assert faults(needed) == ""
    for name in needed:
        assert f"lacks {name}" in faults([other for other in needed if other != name])
