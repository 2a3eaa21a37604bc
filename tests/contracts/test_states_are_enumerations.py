"""No state, kind or reason stands as a bare text outside its enumeration. How one is found is `bare_words`."""

from __future__ import annotations

import ast
from dataclasses import fields
from enum import StrEnum

import pytest
from sqlalchemy import inspect

from app import models
from app.config import Settings
from app.dicom.refusals import Refusal
from app.imaging.errors import NotShown
from app.imaging.evidence.kinds import EvidenceFault, EvidenceKind
from app.imaging.geometry.volume import NoVolume
from app.models.notification_codes import ChannelName, NotificationKind, NotificationState, TellingState
from app.models.states import (
    AccessCodeKind,
    AttemptScope,
    DataRequestKind,
    DataRequestState,
    DeviceKind,
    FamilyBasis,
    FamilyEnd,
    FamilyRelation,
    FamilyScope,
    HoldReason,
    JobFault,
    JobKind,
    JobState,
    MatchReason,
    MatchState,
    OneTimeCodeKind,
    ReportStatus,
    SensitiveRuleKind,
    Sex,
    StudyState,
)
from app.security.fields import BindingPhase
from app.security.permissions import Role, Scope
from app.services.audit.log import Action
from app.services.audit.reasons import LeftOutReason, LiftReason, RevokeReason
from app.services.dicomweb.matching_keys import Level
from app.services.ingest.incoming import DoorName
from app.services.patient_access.opening import Factor
from app.services.release.gate import GateKind
from app.services.wechat.states import LeadsTo
from app.services.wechat.token_shelf import TokenName
from app.web.ops.readiness import PartState
from tests.contracts.bare_words import Registry, bare_words, parameters
from tests.places import ROOT

COLUMNS: dict[tuple[str, str], tuple[type[StrEnum], ...]] = {
    ("Study", "state"): (StudyState,),
    ("StudyOrder", "match_state"): (MatchState,),
    ("StudyOrder", "match_reason"): (MatchReason,),
    ("Exam", "held_reason"): (HoldReason,),
    ("SensitiveRule", "kind"): (SensitiveRuleKind,),
    ("Report", "status"): (ReportStatus,),
    ("Patient", "sex"): (Sex,),
    ("AccessCode", "kind"): (AccessCodeKind,),
    ("OneTimeCode", "kind"): (OneTimeCodeKind,),
    ("BindingCode", "kind"): (OneTimeCodeKind,),
    ("WechatLogin", "leads_to"): (LeadsTo,),
    ("WechatToken", "name"): (TokenName,),
    ("AccessAttempts", "scope"): (AttemptScope,),
    ("WaitingPc", "device"): (DeviceKind,),
    ("GuestSession", "device"): (DeviceKind,),
    ("DataRequest", "kind"): (DataRequestKind,),
    ("DataRequest", "state"): (DataRequestState,),
    ("DataRequestStep", "state"): (DataRequestState,),
    ("HelperCode", "device"): (DeviceKind,),
    ("FamilyGrant", "relation"): (FamilyRelation,),
    ("FamilyGrant", "basis"): (FamilyBasis,),
    ("FamilyGrant", "scope"): (FamilyScope,),
    ("FamilyGrant", "ended_by"): (FamilyEnd,),
    ("FamilyCode", "relation"): (FamilyRelation,),
    ("FamilyCode", "scope"): (FamilyScope,),
    ("Job", "state"): (JobState,),
    ("Job", "kind"): (JobKind,),
    ("Job", "last_error"): (JobFault,),
    ("Instance", "not_shown_reason"): (NotShown,),
    ("PreparedSeries", "no_volume"): (NoVolume,),
    ("PreparedObject", "kind"): (EvidenceKind,),
    ("PreparedObject", "fault"): (EvidenceFault,),
    ("QuarantineItem", "reason"): (Refusal,),
    ("QuarantineItem", "door"): (DoorName,),
    ("StaffUser", "role"): (Role,),
    ("FieldBinding", "phase"): (BindingPhase,),
    ("AuditEvent", "action"): (Action,),
    ("Notification", "state"): (NotificationState,),
    ("NewsCount", "channel"): (ChannelName,),
    ("Notification", "channel"): (ChannelName,),
    ("Notification", "kind"): (NotificationKind,),
    ("NotificationEvent", "state"): (NotificationState,),
    ("Telling", "state"): (TellingState,),
    ("Telling", "kind"): (NotificationKind,),
}
"""Every column of few words."""
NAMES: dict[tuple[str, str], tuple[type[StrEnum], ...]] = {
    ("", "reason"): (Refusal, NotShown, NoVolume, HoldReason, MatchReason, LiftReason, RevokeReason, LeftOutReason),
    ("", "gate"): (GateKind,),
    ("_Part", "state"): (PartState,),
    ("", "by"): (Factor,),
    ("", "level"): (Level,),
    ("", "scope"): (Scope, AttemptScope),
}
"""Attributes and parameters that are no column."""
OTHERS = {
    ("Exam", "modality"),
    ("Series", "modality"),
    ("PreparedSeries", "modality"),
    ("PreparedObject", "modality"),
    ("MachineToken", "scopes"),  # several, between spaces
}
"""Columns of short texts that are none of few words."""
REGISTRY = Registry(COLUMNS | NAMES)


def sources() -> dict[str, ast.Module]:
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text())
        for top in ("app", "sms", "wechat")
        for path in sorted((ROOT / top).rglob("*.py"))
    }


def found_in(snippet: str) -> list[tuple[int, str, str]]:
    tree = ast.parse(snippet)
    return list(bare_words(tree, REGISTRY, parameters([tree])))


def test_each_value_of_an_enumeration_fits_into_its_column() -> None:
    """SQLite keeps what is too long, PostgreSQL refuses it."""
    for (model, name), enumerations in COLUMNS.items():
        length = getattr(inspect(getattr(models, model)).columns[name].type, "length", None)
        too_long = [value for enumeration in enumerations for value in enumeration if len(value) > (length or 10**6)]
        assert not too_long, f"{model}.{name}"


def test_no_word_of_an_enumeration_stands_bare() -> None:
    trees = sources()
    called = parameters(list(trees.values()))
    faults = [
        f"{path}:{line}: {word!r} stands bare where {name} is meant"
        for path, tree in trees.items()
        for line, name, word in bare_words(tree, REGISTRY, called)
    ]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("snippet", "word"),
    [
        ('study.state == "receiving"', "receiving"),
        ('"receiving" != study.state', "receiving"),
        ('query.where(StudyOrder.match_state == "matched")', "matched"),
        ('query.where(Report.status.in_(("x", "final")))', "final"),
        ('query.where(func.coalesce(StudyOrder.match_reason, "") != "parted")', "parted"),
        ('str(job.state) == "done"', "done"),
        ('report.status in ("x", "amended")', "amended"),
        ('(order.match_state, order.exam_id) != ("matched", exam_id)', "matched"),
        ('study.state = "prepared"', "prepared"),
        ('order.match_state, order.exam_id = "detached", None', "detached"),
        ('exam.held_reason = "contradicted" if known else None', "contradicted"),
        ('reason = given or "parted"', "parted"),
        ('update(Job).values(state="pending")', "pending"),
        ('Job(kind="prepare_study")', "prepare_study"),
        ('job = aliased(Job)\njob.state.in_(("done",))', "done"),
        ('values = {"state": "failed"}', "failed"),
        ('values["state"] = "failed"', "failed"),
        ('def issue(kind: str = "qr"): pass', "qr"),
        ('def issue(*, kind: str = "qr"): pass', "qr"),
        ('def issue(exam, kind): pass\nissue(exam, "pickup")', "pickup"),
        ('class Codes:\n    def issue(self, exam, kind): pass\ncodes.issue(exam, "pickup")', "pickup"),
        ('class Refused:\n    name: str\n    reason: str\nRefused("", "not_part10")', "not_part10"),
        ('class Study:\n    state: Mapped[str] = mapped_column(default="receiving")', "receiving"),
        ('match study.state:\n    case "complete" | "x":\n        pass', "complete"),
        ('if (state := "complete"): pass', "complete"),
    ],
)
def test_a_bare_word_is_found_however_it_is_written(snippet: str, word: str) -> None:
    assert [found for _, _, found in found_in(snippet)] == [word]


@pytest.mark.parametrize(
    "snippet",
    [
        "study.state == StudyState.RECEIVING",
        'study.state == "no state of it"',
        'pixels.dtype.kind == "f"',
        'self.codes.hash("pickup", phone)',
        'answer = {"link": notice.url, "images": count}',
        'Notification.state == "matched"',  # a class with columns of its own
        'other = aliased(Notification)\nother.state.in_(("prepared", "x"))',
        'update(Notification).where(True).values(state="prepared")',
        'class StudyState(StrEnum):\n    RECEIVING = "receiving"',
    ],
)
def test_what_is_none_of_these_words_is_left_alone(snippet: str) -> None:
    assert found_in(snippet) == []


def test_the_message_names_the_line() -> None:
    assert found_in('x = 1\nstudy.state = "prepared"') == [(2, "state", "prepared")]


def test_every_column_of_a_state_or_kind_is_registered_or_named_as_none() -> None:
    telling = {"state", "status", "kind", "reason", "scope", "role", "door", "channel", "modality", "sex", "scopes"}
    short = {
        (mapper.class_.__name__, column.key)
        for mapper in models.Base.registry.mappers
        for column in mapper.columns
        if column.key.rpartition("_")[2] in telling and column.type.python_type is str
    }
    assert short - set(COLUMNS) == OTHERS


def test_the_setting_of_the_release_gate_takes_what_the_gate_knows_and_nothing_else() -> None:
    [parse] = [item.metadata["parse"] for item in fields(Settings) if item.name == "release_gate"]
    assert [parse(gate) for gate in GateKind] == list(GateKind)
    with pytest.raises(ValueError, match=r"images.*final_report.*delay"):
        parse("never")
