"""The subject of an audit event, as the log writes it: `<kind>:<id>`. The actor, who did it, is not built here.

These forms never change: staff search the log by them, and its rows are never rewritten.
"""

from __future__ import annotations

import uuid

UNKNOWN_STAFF = "staff:unknown"
"""A typed name that has no account."""
EVERY_MACHINE = "machine:all"
WHOLE_QUARANTINE = "quarantine"
ROW_COUNTS = "counts"


def exam_subject(exam_id: uuid.UUID) -> str:
    return f"exam:{exam_id.hex}"


def patient_subject(patient_id: uuid.UUID) -> str:
    return f"patient:{patient_id.hex}"


def rule_subject(rule_id: uuid.UUID) -> str:
    """A rule of sensitive results."""
    return f"rule:{rule_id.hex}"


def code_subject(code_key: bytes) -> str:
    """A typed code that names no exam, as part of its keyed hash. It is as long as the subject of an exam. Older events
    hold `code:unknown`."""
    return f"code:{code_key[:16].hex()}"


def phone_subject(phone_hash: bytes) -> str:
    """A typed phone number, by its keyed hash, whether or not it is of a patient."""
    return f"phone:{phone_hash[:16].hex()}"


def wechat_subject(openid_hash: bytes) -> str:
    """A WeChat user, by the keyed hash of the openid, whether or not the account is bound."""
    return f"wechat:{openid_hash[:16].hex()}"


NO_WECHAT_USER = "wechat:unknown"
"""A login or a push that names nobody we can believe."""


def study_subject(study_instance_uid: str) -> str:
    return f"study:{study_instance_uid}"


def instance_subject(sop_instance_uid: str) -> str:
    return f"instance:{sop_instance_uid}"


def quarantine_subject(item_id: uuid.UUID) -> str:
    """This id has hyphens, unlike the others."""
    return f"quarantine:{item_id}"


def job_subject(job_id: uuid.UUID) -> str:
    return f"job:{job_id.hex}"


def staff_subject(username: str) -> str:
    return f"staff:{username}"


def machine_subject(name: str) -> str:
    return f"machine:{name}"


def search_subject(level: str) -> str:
    """A machine's search over all studies."""
    return f"search:{level}"


def field_subject(field: str, row_id: uuid.UUID) -> str:
    """A sealed field of a row, `field` as in `patient.name`."""
    return f"field:{field}:{row_id.hex}"


def anchors_subject(place: str) -> str:
    """Anchors of this log in a folder of a machine."""
    return f"anchors:{place}"
