"""Every state, kind and reason that rows of exams, studies, codes and jobs hold; their tables are the files beside.

A member equals the text that is stored, so columns stay plain texts. What the console calls them is
templates/staff/words.html, what a machine is told app/services/in_english.py; both hold a word for every member.
"""

from __future__ import annotations

from enum import StrEnum


class StudyState(StrEnum):
    """receiving -> complete -> prepared, back to receiving when a late instance arrives."""

    RECEIVING = "receiving"
    COMPLETE = "complete"
    PREPARED = "prepared"


class MatchState(StrEnum):
    """Whether patients may ever see a study."""

    UNMATCHED = "unmatched"
    """There is no exam for it."""
    MATCHED = "matched"
    MISMATCH = "mismatch"
    """Its identity differs from the exam's."""
    DETACHED = "detached"
    """Never judged again: its own instances name different patients, or a human parted it from its exam."""


class MatchReason(StrEnum):
    """Why a study is not matched."""

    NO_EXAM = "no_exam"
    NO_ACCESSION_NUMBER = "no_accession_number"
    DIFFERS = "differs"
    """`Study.match_detail` names the fields."""
    SEVERAL_PATIENTS = "several_patients"
    """Instances of one study name different patients."""
    TOO_MANY_STUDIES = "too_many_studies"
    """Its exam has as many studies as one may have."""
    PARTED = "parted"
    """A human looked: the study stays away from the exam for good and holds it no more."""
    OTHER = "other"
    """Of before reasons were codes; `Study.match_detail` is the text. Never written any more."""


class HoldReason(StrEnum):
    """Why an exam is held."""

    CONTRADICTED = "contradicted"
    """A study of its accession number names another patient. Lifts by itself, as soon as none does any more."""
    REPORT_OF_ANOTHER = "report_of_another"
    """Its report was written for another patient ID. Lifts by itself, as soon as a matching study says whose it is."""
    BY_STAFF = "by_staff"
    """`Exam.held_note` is what they typed. Only a human lifts it."""


class ReportStatus(StrEnum):
    PRELIMINARY = "preliminary"
    FINAL = "final"
    AMENDED = "amended"


READABLE = (ReportStatus.FINAL, ReportStatus.AMENDED)
"""What patients may read."""


class Sex(StrEnum):
    """As the RIS registers it and DICOM codes it (PS3.3 C.7.1.1)."""

    MALE = "M"
    FEMALE = "F"
    OTHER = "O"


class AccessCodeKind(StrEnum):
    QR = "qr"
    """Long, 130 bits, printed."""
    LINK = "link"
    """Long too, in an address."""
    PICKUP = "pickup"
    """6 characters, bound to a phone."""


class OneTimeCodeKind(StrEnum):
    SMS = "sms"
    """To the phone on file."""
    DESK = "desk"


class AttemptScope(StrEnum):
    """Of what failures are counted. `request` and `door` count no failures: `request` counts the one-time codes that an
    address asked for with codes, `door` those that it asked for at the phone door."""

    CODE = "code"
    PATIENT = "patient"
    ADDRESS = "address"
    DEVICE = "device"
    STAFF = "staff"
    REQUEST = "request"
    DOOR = "door"
    PHONE = "phone"
    """Wrong last fours of who typed the right digits of a phone."""


class JobState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class JobKind(StrEnum):
    PREPARE_STUDY = "prepare_study"
    """Key: <study id>:<revision>."""
    ONE_TIME_CODE = "one_time_code"
    """Answers a request. Key: <hash of the code>:<id of the one-time code>:<epoch second>."""
    PHONE_CODE = "phone_code"
    """Answers a request of the phone door. Key: <id of the phone code>."""


class JobFault(StrEnum):
    """What `Job.last_error` holds beside names of error classes."""

    WORKER_LOST = "worker_lost"
