"""Every code that is shown has its words and no word lacks its code."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import jinja2
import pytest

from app.dicom.refusals import Refusal
from app.identity.matching import PatientField
from app.imaging.evidence.dose import TOTALS
from app.imaging.evidence.kinds import EvidenceFault, EvidenceKind
from app.imaging.evidence.presentations import NOT_DRAWN
from app.jobs.steps import JOBS
from app.models import CancelReason, ChannelName, EventDetail, FailureCode, NotificationKind, NotificationState
from app.models.states import (
    DataRequestKind,
    DataRequestState,
    DeviceKind,
    FamilyBasis,
    FamilyRelation,
    FamilyScope,
    HoldReason,
    JobFault,
    JobKind,
    MatchReason,
    MatchState,
    ReportStatus,
    SensitiveRuleKind,
    Sex,
    StudyState,
)
from app.security.permissions import Role
from app.services import in_english
from app.services.audit.former_reasons import why
from app.services.audit.log import Action
from app.services.audit.looks import LOOKS, LookKind
from app.services.audit.reasons import LeftOutReason, LiftReason, RevokeReason
from app.services.ingest.incoming import DoorName
from app.services.pictures import object_words
from sms.aliyun.codes import TABLE as ALIYUN
from sms.errors import NO_CONNECTION, NO_TEMPLATE_ID
from sms.gateway import sender as gateway
from sms.tencent.codes import TABLE as TENCENT
from tests.places import ROOT
from wechat import errors as wechat_errors

GATEWAY = {gateway.REFUSED, gateway.BUSY, gateway.ODD, gateway.SILENT}


def words(name: str) -> Any:
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(ROOT / "templates"), autoescape=True)
    return environment.get_template(name if "/" in name else f"staff/{name}.html").module


WORDS: list[tuple[str, str, type[StrEnum]]] = [
    ("partials/sharing.html", "devices", DeviceKind),
    ("partials/looks.html", "ways", LookKind),
    ("partials/looks.html", "roles", Role),
    ("partials/data_requests.html", "kinds", DataRequestKind),
    ("partials/data_requests.html", "states", DataRequestState),
    ("partials/family.html", "relations", FamilyRelation),
    ("partials/family.html", "scopes", FamilyScope),
    ("partials/family.html", "bases", FamilyBasis),
    ("machine_words", "refusals", Refusal),
    ("machine_words", "doors", DoorName),
    ("machine_words", "jobs", JobKind),
    ("words", "roles", Role),
    ("words", "sexes", Sex),
    ("words", "study_states", StudyState),
    ("words", "match_states", MatchState),
    ("words", "match_reasons", MatchReason),
    ("words", "report_states", ReportStatus),
    ("words", "holds", HoldReason),
    ("words", "hold_reasons", HoldReason),
    ("words", "lift_reasons", LiftReason),
    ("words", "revoke_reasons", RevokeReason),
    ("words", "left_out_reasons", LeftOutReason),
    ("words", "fields", PatientField),
    ("words", "rule_kinds", SensitiveRuleKind),
    ("words", "actions", Action),
]
"""Template, its table, and the enumeration whose members it names."""
ENGLISH: list[tuple[dict[str, str], type[StrEnum]]] = [
    (in_english.REFUSALS, Refusal),
    (in_english.HOLDS, HoldReason),
    (in_english.MATCHES, MatchReason),
]


@pytest.mark.parametrize(("template", "table", "codes"), WORDS, ids=lambda value: getattr(value, "__name__", value))
def test_every_code_has_its_chinese_word_and_every_word_its_code(
    template: str, table: str, codes: type[StrEnum]
) -> None:
    found = getattr(words(template), table)
    assert set(found) == {str(code) for code in codes}
    assert all(found.values())


def test_every_look_that_patients_are_shown_has_its_words() -> None:
    assert set(words("partials/looks.html").looks) == {str(action) for action in LOOKS}


@pytest.mark.parametrize(("table", "codes"), ENGLISH, ids=lambda value: getattr(value, "__name__", "table"))
def test_every_code_that_machines_are_told_has_its_english_words(table: dict[str, str], codes: type[StrEnum]) -> None:
    assert set(table) == {str(code) for code in codes}
    assert all(table.values())


def test_every_object_that_is_no_picture_and_every_fault_of_one_has_its_words() -> None:
    told = object_words.words()
    assert set(told["kinds"]) == {str(kind) for kind in EvidenceKind}
    assert set(told["faults"]) == {str(fault) for fault in EvidenceFault}
    assert set(told["not_drawn"]) == NOT_DRAWN
    assert set(told["totals"]) == set(TOTALS.values())
    assert all(all(table.values()) for table in told.values())


def test_no_code_has_two_words_among_the_reasons_of_events() -> None:
    """They are looked up one table after the other; only what staff typed stands for itself."""
    reasons = [*HoldReason, *LiftReason, *RevokeReason, *LeftOutReason]
    assert {code for code in reasons if reasons.count(code) > 1} == {"by_staff"}


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        ({"reason": "no_contradiction"}, "影像与登记已一致"),
        ({"reason": "by_staff", "note": "影像有误"}, "影像有误"),
        ({"reason": "unusable", "fields": ["phone", "id_number"]}, "手机号、身份证号不能用"),
        ({"note": "患者没有收到"}, "患者没有收到"),
        ({}, ""),
    ],
)
def test_why_something_was_done(detail: dict[str, Any], told: str) -> None:
    assert str(words("words").why(why(detail))) == told


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("its report was written for another patient ID", "报告是按另一个患者编号写的"),
        ("identity corrected", "登记的身份有更正"),
        ("unusable phone, id_number", "手机号、身份证号不能用"),
        ("影像有误", "影像有误"),
    ],
)
def test_events_that_were_written_before_reasons_were_codes_are_told_alike(sentence: str, told: str) -> None:
    assert str(words("words").why(why({"reason": sentence}))) == told


@pytest.mark.parametrize(
    ("reason", "detail", "told"),
    [
        ("differs", "name, sex", "姓名、性别不一致"),
        ("parted", None, "工作人员核对后分开"),
        ("other", "long ago", "long ago"),
    ],
)
def test_why_a_study_is_not_matched(reason: str, detail: str | None, told: str) -> None:
    assert str(words("words").match_reason(reason, detail)) == told


def test_what_became_of_a_message() -> None:
    ours = {*EventDetail, *CancelReason} - {EventDetail.QUEUED}  # the page says when, and leaves out that word
    carriers = {
        *TENCENT.codes,
        *ALIYUN.codes,
        NO_CONNECTION,
        NO_TEMPLATE_ID,
        *gateway.ACCOUNT_CODES.values(),
        *GATEWAY,
        *map(str, wechat_errors._REASONS),
    }
    named = set(words("message_words").details)
    assert ours - named == set()
    assert {code for code in carriers if code not in named and code.partition(".")[0] not in named} == set()
    assert set(FailureCode) - {FailureCode.WORKER_LOST} - set(words("message_words").failures) == set()


def test_what_a_message_is() -> None:
    for name, codes in (("channels", ChannelName), ("kinds", NotificationKind), ("states", NotificationState)):
        assert set(getattr(words("message_words"), name)) == set(codes)


def test_a_carriers_code_that_is_not_listed_reads_as_its_family() -> None:
    assert str(words("message_words").detail("LimitExceeded.BrandNew")) == "超过账号的限制"
    assert str(words("message_words").detail("BrandNew.Code", "unknown")) == "未知的结果"


def test_what_a_job_does_and_why_it_was_given_up() -> None:
    assert set(JOBS) == set(JobKind)
    assert set(JobFault) - set(words("machine_words").job_faults) == set()


def test_a_phrase_nobody_listed_is_named_as_other_with_itself_for_support() -> None:
    machine = words("machine_words")
    assert str(words("message_words").detail("brand new fault")) == "其他（代码 brand new fault）"
    assert str(machine.refusal("brand_new")) == "其他（代码 brand_new）"
    assert str(machine.refusal("other", "a sentence of long ago")) == "其他（代码 a sentence of long ago）"


def test_a_carriers_chinese_words_are_shown_as_they_are() -> None:
    assert str(words("message_words").detail("用户关机")) == "用户关机"
