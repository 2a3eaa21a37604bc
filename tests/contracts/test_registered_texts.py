"""`flask sms-check`: what a carrier says of our texts, asked of the strict carrier through the vendor's own SDK."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.bootstrap import carriers
from sms.errors import SmsRefused
from sms.registration import findings
from sms.templates import SmsTemplate, names_of_family
from tests.factories import aliyun
from tests.factories.access import application
from tests.factories.house import services, settings
from tests.factories.tencent import ACCOUNT, IDS, sender, strict

NAMES = names_of_family("T0")


def told(folder: Path, **account: object) -> dict[str, tuple[bool, str]]:
    carrier = strict(folder)
    with sender(replace(carrier, account=replace(carrier.account, **account))) as tencent_sms:
        found = findings(NAMES, tencent_sms.registered())
    return {name: (finding.is_fault, finding.text) for name, finding in zip(NAMES, found, strict=True)}


def test_texts_that_are_registered_as_they_are_worded_are_no_fault(tmp_path: Path) -> None:
    found = told(tmp_path)
    assert [is_fault for is_fault, _ in found.values()] == [False] * len(NAMES)
    assert all("submitted 2026-01-05" in text for _, text in found.values())


def test_what_is_missing_not_approved_or_worded_otherwise_is_named(tmp_path: Path) -> None:
    registered = dict(strict(tmp_path).account.templates)
    del registered[IDS["one_time_code"]]
    registered[IDS["ready_t0_2"]] = SmsTemplate("ready_t0_2", "您的检查影像可以看了。")
    reviews = {IDS["images_ready_t0_2"]: (-1, "含有不允许的词"), IDS["report_ready_t0_2"]: (1, "")}
    found = told(tmp_path, templates=registered, reviews=reviews)
    assert {name for name, (is_fault, _) in found.items() if is_fault} == {
        *("one_time_code", "ready_t0_2", "images_ready_t0_2", "report_ready_t0_2"),
    }
    assert "missing" in found["one_time_code"][1]
    assert "worded otherwise: 您的检查影像可以看了。" in found["ready_t0_2"][1]
    assert "refused" in found["images_ready_t0_2"][1]
    assert "含有不允许的词" in found["images_ready_t0_2"][1]
    assert "in review" in found["report_ready_t0_2"][1]


def test_credentials_that_do_not_hold_are_told(tmp_path: Path) -> None:
    with sender(strict(tmp_path), replace(ACCOUNT, secret_key="another")) as tencent_sms, pytest.raises(SmsRefused):
        tencent_sms.registered()


def test_the_command_prints_a_line_for_each_text_of_the_family_and_ends_with_0(tmp_path: Path) -> None:
    result = application(services(tmp_path)).test_cli_runner().invoke(args=["sms-check"])
    assert result.exit_code == 0
    assert [line.partition(":")[0] for line in result.stdout.splitlines()] == ["ok"] * len(NAMES)


def test_the_command_ends_with_1_when_a_text_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = application(services(tmp_path))
    monkeypatch.setattr(carriers, "names_of_family", lambda _: ["ready_t0_2", "of_tomorrow"])
    result = app.test_cli_runner().invoke(args=["sms-check"])
    assert result.exit_code == 1
    assert "FAULT: of_tomorrow: missing" in result.stdout


def test_a_carrier_that_does_not_answer_is_one_line_and_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = services(tmp_path)

    def refuses(*_: object) -> None:
        raise SmsRefused("AuthFailure.SecretIdNotFound", "refused before it was looked at", alarm=True)

    monkeypatch.setattr(type(house.simulation.carrier), "registered", refuses)
    result = application(house).test_cli_runner().invoke(args=["sms-check"])
    assert result.exit_code == 2
    assert result.stderr == "Error: the carrier says AuthFailure.SecretIdNotFound: refused before it was looked at\n"


def test_of_two_carriers_both_are_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = ",".join(f"{name}={number}" for number, name in enumerate(NAMES))
    tencent = {"tencent_secret_id": "a", "tencent_secret_key": "b", "tencent_sms_app_id": "1"}
    both = settings(
        tmp_path,
        sms_carrier="tencent",
        sms_second_carrier="aliyun",
        aliyun_key_id="a",
        aliyun_key_secret="b",
        aliyun_template_codes=ids,
        tencent_template_ids=ids,
        **tencent,
    )
    nothing = carriers.Simulation(carrier=None, wechat=None, push_receipts=lambda: 0)
    with sender(strict(tmp_path)) as tencent_sms, aliyun.sender(aliyun.strict(tmp_path)) as aliyun_sms:
        senders = {"tencent": lambda _: tencent_sms, "aliyun": lambda _: aliyun_sms}
        monkeypatch.setattr(carriers, "_REGISTERING", senders)
        found = carriers.registered_texts(both, nothing)
    assert [(finding.is_fault, finding.text.partition(" ")[0]) for finding in found] == [
        *[(False, "tencent")] * len(NAMES),
        *[(False, "aliyun")] * len(NAMES),
    ]
