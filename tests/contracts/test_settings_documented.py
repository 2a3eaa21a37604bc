"""Settings, `.env.example` and the README's table say the same."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from app.config import Settings, variable_of
from app.errors import SettingsError

ROOT = Path(__file__).resolve().parent.parent.parent
SETTINGS = {variable_of(item): item.metadata for item in fields(Settings)}
FIT_FOR_PRODUCTION = {
    "CLOUDFILM_BASE_URL": "https://film.example.org",
    "CLOUDFILM_SMS_CARRIER": "tencent",
    "CLOUDFILM_SMS_CALLBACK_SECRET": "0123456789abcdef",
    "CLOUDFILM_TENCENT_SECRET_ID": "id",
    "CLOUDFILM_TENCENT_SECRET_KEY": "key",
    "CLOUDFILM_TENCENT_SMS_APP_ID": "1400000000",
    "CLOUDFILM_TENCENT_TEMPLATE_IDS": "ready_t1=1",
}


def test_env_example_lists_every_setting_with_its_meaning_and_default() -> None:
    expected = "".join(f"# {meta['meaning']}\n{name}={meta['default']}\n\n" for name, meta in SETTINGS.items())
    text = (ROOT / ".env.example").read_text()
    assert text.partition("\n\n")[2] == expected.rstrip("\n") + "\n"


def test_the_readme_table_lists_every_setting_with_its_default() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| `?([^|`]*)`? \| ([^|]*) \|$", (ROOT / "README.md").read_text(), re.M)
    assert {name: (default.strip(), meaning.strip()) for name, default, meaning in rows} == {
        name: (meta["default"], meta["meaning"]) for name, meta in SETTINGS.items()
    }


def test_all_faults_are_reported_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({"DICOM_PORT": "x", "CLOUDFILM_BASE_URL": "ftp://a", "CLOUDFILM_UNHEARD": "1"})
    assert len(caught.value.faults) == 3


def test_a_secret_is_in_no_message_and_no_repr() -> None:
    settings = Settings.from_env({**FIT_FOR_PRODUCTION, "CLOUDFILM_TENCENT_SECRET_KEY": "very-secret-value"})
    assert "very-secret-value" not in repr(settings)


def test_a_complete_production_environment_is_taken() -> None:
    assert Settings.from_env(FIT_FOR_PRODUCTION).profile == "production"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"CLOUDFILM_BASE_URL": "http://film.example.org"}, "must be https"),
        ({"CLOUDFILM_SMS_CARRIER": "simulated"}, "real carrier"),
        ({"CLOUDFILM_SMS_CALLBACK_SECRET": "short"}, "at least 16"),
        ({"CLOUDFILM_WECHAT_NOTICES": "simulated"}, "must not be simulated"),
        ({"CLOUDFILM_WEB_PROCESSES": "2"}, "REDIS_URL is needed"),
        ({"CLOUDFILM_DICOM_TLS_CERT": "a.pem"}, "go together"),
        ({"CLOUDFILM_TENCENT_SECRET_KEY": ""}, "is needed for Tencent"),
    ],
)
def test_production_refuses_what_is_unfit(change: dict[str, str], fault: str) -> None:
    with pytest.raises(SettingsError, match=fault):
        Settings.from_env({**FIT_FOR_PRODUCTION, **change})


def test_production_refuses_a_folder_that_holds_a_demo(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text("{}")
    with pytest.raises(SettingsError, match="demo secrets"):
        Settings.from_env({**FIT_FOR_PRODUCTION, "CLOUDFILM_VAR_DIR": str(tmp_path)})
