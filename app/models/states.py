"""Every state, kind and reason in rows of exams, studies, codes and jobs. The tables are in the other files.

A member equals the stored text, so columns are plain text. templates/staff/words.html has the console's words for the
members, app/services/in_english.py has the words for machines. Codes of messages are in `notification_codes`.
"""

from __future__ import annotations

from enum import StrEnum


class StudyState(StrEnum):
    """receiving -> complete -> prepared. A late instance sets the study back to receiving."""

    RECEIVING = "receiving"
    COMPLETE = "complete"
    PREPARED = "prepared"


class MatchState(StrEnum):
    """Whether patients may ever see a study."""

    UNMATCHED = "unmatched"
    """The study has no exam."""
    MATCHED = "matched"
    MISMATCH = "mismatch"
    """The patient's identity in the study differs from the exam's."""
    DETACHED = "detached"
    """Never matched again: the study's instances name different patients, or staff parted the study from its exam."""


class MatchReason(StrEnum):
    """Why a study is not matched."""

    NO_EXAM = "no_exam"
    NO_ACCESSION_NUMBER = "no_accession_number"
    CUT_SHORT = "cut_short"
    """Its device cut the number to 16 characters. `Study.match_detail` is the whole number of the one exam that starts
    so and is of the same patient; a human accepts it."""
    DIFFERS = "differs"
    """`Study.match_detail` names the fields."""
    SEVERAL_PATIENTS = "several_patients"
    """Instances of one study name different patients."""
    PARTLY_CORRECTED = "partly_corrected"
    """Some headers were corrected and sent again, and the others still name another patient or order."""
    TOO_MANY_STUDIES = "too_many_studies"
    """The exam already has as many studies as it may have."""
    PARTED = "parted"
    """Staff looked at the study: it never belongs to the exam again, and no longer holds it."""
    OTHER = "other"
    """A row from the time before reasons were codes; `Study.match_detail` is its text. Never written any more."""


class HoldReason(StrEnum):
    """Why an exam is held."""

    CONTRADICTED = "contradicted"
    """A study with the exam's accession number names another patient. The hold lifts by itself when no study does."""
    REPORT_OF_ANOTHER = "report_of_another"
    """The report names another patient ID. The hold lifts by itself when a matching study shows whose report it is."""
    PICTURES_OF_ANOTHER = "pictures_of_another"
    """The pictures were corrected and are of another order now, and the exam has a report and no other pictures: the
    report may be about them. The hold lifts by itself as that of `REPORT_OF_ANOTHER`."""
    BY_STAFF = "by_staff"
    """`Exam.held_note` is what staff typed. Only staff lift this hold."""
    SENSITIVE = "sensitive"
    """A rule of sensitive results fits. Only staff lift this hold. Each other reason comes before it."""


class SensitiveRuleKind(StrEnum):
    """What a rule of sensitive results looks at."""

    EXAM = "exam"
    """Each word of the pattern is the modality, or stands in the body part or the department."""
    KEYWORD = "keyword"
    """The pattern stands in findings or impression."""
    CRITICAL = "critical"
    """The RIS says that the report holds a critical value. Without pattern."""


class ReportStatus(StrEnum):
    PRELIMINARY = "preliminary"
    FINAL = "final"
    AMENDED = "amended"


READABLE = (ReportStatus.FINAL, ReportStatus.AMENDED)
"""The reports that patients may read."""


class Sex(StrEnum):
    """The patient's sex as the RIS registers it and as DICOM codes it (PS3.3 C.7.1.1)."""

    MALE = "M"
    FEMALE = "F"
    OTHER = "O"


class AccessCodeKind(StrEnum):
    QR = "qr"
    """A long code (130 bits), printed on the report sheet."""
    LINK = "link"
    """A long code in a web address."""
    PICKUP = "pickup"
    """A code of 6 characters that works only with its phone number."""


class OneTimeCodeKind(StrEnum):
    SMS = "sms"
    """Sent to the phone on file."""
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
    SHARE = "share"
    """Wrong passcodes of a share's link, whether or not there is such a share."""
    GUEST = "guest"
    """Of an address at the doors of guests."""
    HOSPITAL = "hospital"
    """Of everybody at a door of guests."""
    REFUSED = "refused"
    """Refusals of which the audit log keeps few: of an address, and of all."""
    WECHAT_LOGIN = "wechat"
    """Logins about which WeChat was asked: of an address, and of all."""


class FamilyRelation(StrEnum):
    """What a member of the family is to the person who sees the member's exams."""

    PARENT = "parent"
    CHILD = "child"
    SPOUSE = "spouse"
    SIBLING = "sibling"
    OTHER = "other"


class FamilyBasis(StrEnum):
    """Why a relative may see a member's exams."""

    CODE = "code"
    """The member gave the digits that came to the member's phone."""
    GUARDIAN = "guardian"
    """Staff saw that the relative is the guardian of a child under 14."""


class FamilyScope(StrEnum):
    """What of a member's exams a relative sees."""

    ALL = "all"
    REPORT = "report"


class FamilyEnd(StrEnum):
    """Who ended it."""

    RELATIVE = "relative"
    MEMBER = "member"
    STAFF = "staff"
    AGAIN = "again"
    """The same member was added again."""
    CONSENT = "consent"
    """The member withdrew consent."""


class DataRequestKind(StrEnum):
    """What a patient asks about the own data."""

    CORRECTION = "correction"
    DELETION = "deletion"


class DataRequestState(StrEnum):
    """open -> done | refused | taken_back."""

    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"
    TAKEN_BACK = "taken_back"


class DeviceKind(StrEnum):
    """From what kind of device a guest came, as its browser says."""

    WINDOWS = "windows"
    MAC = "mac"
    LINUX = "linux"
    ANDROID = "android"
    IOS = "ios"
    OTHER = "other"


class JobState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class JobKind(StrEnum):
    PREPARE_STUDY = "prepare_study"
    """Key: <study id>:<revision>."""
    COPY_SERIES = "copy_series"
    """Key: <id of the prepared series>:<half day>."""
    ONE_TIME_CODE = "one_time_code"
    """Answers a request. Key: <hash of the code>:<id of the one-time code>:<epoch second>."""
    PHONE_CODE = "phone_code"
    """Answers a request of the phone door. Key: <id of the phone code>."""
    BINDING_CODE = "binding_code"
    """Answers a request of a WeChat user who wants to be bound. Key: <id of the binding code>."""
    FAMILY_CODE = "family_code"
    """Answers a request to add a member of the family. Key: <id of the family code>."""
    CHECK_NOTICES = "check_notices"
    """Compares our notices with those of the official account. Key: <day>."""


class JobFault(StrEnum):
    """The values of `Job.last_error` that are no names of error classes."""

    WORKER_LOST = "worker_lost"
