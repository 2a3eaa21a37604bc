"""Settings, `.env.example` and the table of docs/operating.md say the same."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli.create_keys import main as create_keys
from app.config import Settings, variable_of
from app.errors import SettingsError
from app.security.keys import MasterKeys
from sms.templates import TEMPLATES
from tests.factories.house import services
from tests.factories.production import production
from tests.places import ROOT

OPERATING = ROOT / "docs" / "operating.md"
SETTINGS = {variable_of(item): item.metadata for item in fields(Settings)}
OLDER = {"CLOUDFILM_TENCENT_CALLBACK_SECRET": ""}


def test_env_example_lists_every_setting_with_its_meaning_and_default() -> None:
    expected = "".join(f"# {meta['meaning']}\n{name}={meta['default']}\n\n" for name, meta in SETTINGS.items())
    text = (ROOT / ".env.example").read_text()
    assert text.partition("\n\n")[2] == expected.rstrip("\n") + "\n"


def test_the_table_for_operators_lists_every_setting_with_its_default() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| `?([^|`]*)`? \| ([^|]*) \|$", OPERATING.read_text(), re.M)
    assert {name: (default.strip(), meaning.strip()) for name, default, meaning in rows} == {
        name: (meta["default"], meta["meaning"]) for name, meta in SETTINGS.items()
    }


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    """Unusable, unknown and contradicting ones, the key file's too; an unusable one is named once."""
    faulty = {
        "CLOUDFILM_VAR_DIR": str(tmp_path),
        "DICOM_PORT": "x",
        "CLOUDFILM_BASE_URL": "ftp://a",
        "CLOUDFILM_UNHEARD": "1",
        "CLOUDFILM_DICOM_TLS_KEY": "a.pem",
    }
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(faulty)
    named = sorted(fault.split()[0].rstrip(":") for fault in caught.value.faults)
    assert named == [
        "CLOUDFILM_BASE_URL",
        "CLOUDFILM_DICOM_TLS_CERT",
        "CLOUDFILM_KEY_FILE",
        "CLOUDFILM_SMS_CARRIER",
        "CLOUDFILM_TRUSTED_PROXIES",
        "CLOUDFILM_UNHEARD",
        "DICOM_PORT",
    ]


def test_a_secret_is_in_no_message_and_no_repr(tmp_path: Path) -> None:
    secrets = {"CLOUDFILM_TENCENT_SECRET_KEY": "very-secret-value", "CLOUDFILM_TENCENT_CALLBACK_SECRET": "seen-by-nob"}
    settings = Settings.from_env({**production(tmp_path), "CLOUDFILM_TENCENT_SECRET_KEY": "very-secret-value"})
    assert "very-secret-value" not in repr(settings)
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({**production(tmp_path), **secrets, "CLOUDFILM_TENCENT_SECRET_ID": ""})
    assert len(caught.value.faults) == 2
    assert not any(value in str(caught.value) for value in secrets.values())


def test_a_complete_production_environment_is_taken(tmp_path: Path) -> None:
    assert Settings.from_env(production(tmp_path)).profile == "production"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"CLOUDFILM_BASE_URL": "http://film.example.org"}, "must be https"),
        ({"CLOUDFILM_TRUSTED_PROXIES": "0"}, "must count the proxies"),
        ({"CLOUDFILM_SMS_CARRIER": "simulated"}, "real carrier"),
        ({"CLOUDFILM_TENCENT_CALLBACK_SECRET": "short"}, "TENCENT_CALLBACK_SECRET needs at least 16"),
        ({"CLOUDFILM_TENCENT_CALLBACK_SECRET": ""}, "TENCENT_CALLBACK_SECRET needs at least 16"),
        (OLDER | {"CLOUDFILM_SMS_CALLBACK_SECRET": "short"}, "SMS_CALLBACK_SECRET needs at least 16"),
        ({"CLOUDFILM_ALIYUN_CALLBACK_SECRET": "0123456789abcdef"}, "must differ"),
        (
            OLDER | {"CLOUDFILM_SMS_CALLBACK_SECRET": "s" * 16, "CLOUDFILM_ALIYUN_CALLBACK_SECRET": "s" * 16},
            "must differ",
        ),
        ({"CLOUDFILM_WECHAT_NOTICES": "simulated"}, "must not be simulated"),
        ({"CLOUDFILM_WEB_PROCESSES": "2"}, "REDIS_URL is needed"),
        ({"CLOUDFILM_DICOM_TLS_CERT": "a.pem"}, "go together"),
        ({"CLOUDFILM_TENCENT_SECRET_KEY": ""}, "is needed for the SMS carrier tencent"),
        ({"CLOUDFILM_KEY_FILE": "no-such-file.json"}, r"CLOUDFILM_KEY_FILE: no-such-file.json: cannot be read"),
    ],
)
def test_production_refuses_what_is_unfit(change: dict[str, str], fault: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=fault):
        Settings.from_env({**production(tmp_path), **change})


def test_production_refuses_a_folder_that_holds_a_demo(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text("{}")
    with pytest.raises(SettingsError, match="demo secrets"):
        Settings.from_env(production(tmp_path))


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_production_refuses_a_key_file_that_others_may_read(mode: int, tmp_path: Path) -> None:
    environment = production(tmp_path)
    (tmp_path / "keys.json").chmod(mode)
    with pytest.raises(SettingsError, match=r"CLOUDFILM_KEY_FILE: keys.json: must be a file that only its owner"):
        Settings.from_env(environment)


def test_production_refuses_a_demos_keys_wherever_they_lie(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    services(tmp_path / "demo").db.dispose()
    elsewhere = tmp_path / "copied.json"
    elsewhere.write_bytes((tmp_path / "demo" / "keys.json").read_bytes())
    elsewhere.chmod(0o600)
    with pytest.raises(SettingsError, match="holds a demo's keys"):
        Settings.from_env({**production(tmp_path), "CLOUDFILM_KEY_FILE": str(elsewhere)})


def test_a_hospitals_key_file_is_made_by_one_command_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "hospital.json"
    done = CliRunner().invoke(create_keys, [str(path)])
    assert (done.exit_code, path.stat().st_mode & 0o777) == (0, 0o600)
    keys = path.read_bytes()
    assert Settings.from_env({**production(tmp_path), "CLOUDFILM_KEY_FILE": str(path)}).key_path == path
    assert not MasterKeys.from_file(path).are_demo
    again = CliRunner().invoke(create_keys, [str(path)])
    assert (again.exit_code, path.read_bytes()) == (1, keys)
    assert CliRunner().invoke(create_keys, [str(tmp_path / "none" / "keys.json")]).exit_code == 1


@pytest.mark.parametrize("name", ["operating.md", "operating.zh-CN.md"])
def test_operators_find_every_text_to_register_letter_by_letter(name: str) -> None:
    rows = set(
        re.findall(r"^\| `(\w+)` \| ([\u4e00-\u9fff][^|]+。) \|$", (ROOT / "docs" / name).read_text(), re.MULTILINE)
    )
    assert rows == {(template.name, template.body) for template in TEMPLATES.values()}
