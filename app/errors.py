"""The domain's exceptions. No HTTP here: `app/web/error_pages.py` alone maps them to answers.

CloudFilmError
├── SettingsError             every fault of the settings at once
├── InvalidInput              what a caller sent breaks a rule; names the field
├── NotFound                  no such thing, or not for this caller (never tell which)
├── Conflict                  the request contradicts what is stored
│   ├── NotReleased           patients may not see this exam (yet): there is nothing to tell
│   └── NobodyToTell          no way to reach the patient is on file
├── Unauthenticated           nobody, or a credential that does not hold
├── PasswordOverAge           known staff who must change the password before anything else
├── Forbidden                 known caller, missing right
├── ConsentMissing            a patient who was let in and has not agreed yet
├── TooManyAttempts           pause; carries the seconds until the next try counts
├── Busy                      as many are at it as may be at once; carries the seconds until a try makes sense
├── AccessRefused             code or factor failed; one error for every reason
├── StepUpRequired            the knowledge factor is off here: one-time code or the desk
├── ArchiveError              the store failed
│   ├── ObjectMissing
│   ├── StoreUnavailable
│   │   └── StoreFull         no room left; nothing of the refused write is visible
│   ├── UnsealError           bytes are not what was sealed under this key and place
│   │   └── FieldRefused      a field of a row, which it names; somebody may have moved it there
│   └── InsecureKeyFile
├── DatabaseUnavailable       the database does not answer, is locked for too long or has no room
├── BackupFailed              a backup or a restore that cannot be made; what was there before stays whole
├── RefusedObject             an incoming object that cannot be taken; it is in quarantine
├── NotAnswered               a carrier does not say what it was asked; the text quotes its code
├── NoticesDiffer             the official account does not have our notices as they are registered; names them
└── GlyphMissing              the font cannot print a character
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence


class CloudFilmError(Exception):
    """Root of everything the domain raises on purpose."""


class SettingsError(CloudFilmError):
    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("settings are not usable:\n" + "\n".join(f"  - {fault}" for fault in faults))


class InvalidInput(CloudFilmError):
    """`field` and `reason` are for the sender; neither may hold the value itself."""

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        self.reason = reason
        super().__init__(f"{field}: {reason}")


class NotFound(CloudFilmError):
    pass


class Conflict(CloudFilmError):
    pass


class NotReleased(Conflict):
    def __init__(self) -> None:
        super().__init__("the exam is not released")


class NobodyToTell(Conflict):
    def __init__(self) -> None:
        super().__init__("the patient has no phone number")


class Unauthenticated(CloudFilmError):
    pass


class PasswordOverAge(CloudFilmError):
    pass


class Forbidden(CloudFilmError):
    pass


class ConsentMissing(CloudFilmError):
    pass


class TooManyAttempts(CloudFilmError):
    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__("too many attempts")


class Busy(CloudFilmError):
    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__("busy")


class AccessRefused(CloudFilmError):
    pass


class StepUpRequired(CloudFilmError):
    pass


class ArchiveError(CloudFilmError):
    pass


class ObjectMissing(ArchiveError):
    pass


class StoreUnavailable(ArchiveError):
    pass


class StoreFull(StoreUnavailable):
    pass


class UnsealError(ArchiveError):
    pass


class FieldRefused(UnsealError):
    """`field`: table and column, e.g. `patient.name`; `row`: the id of the row it stands in."""

    def __init__(self, field: str, row: uuid.UUID) -> None:
        self.field = field
        self.row = row
        super().__init__(f"the sealed field {field} does not open")


class InsecureKeyFile(ArchiveError):
    pass


class DatabaseUnavailable(CloudFilmError):
    pass


OUTAGES = (StoreUnavailable, DatabaseUnavailable)
"""They pass by themselves and say nothing about what was being done: try again later."""


class BackupFailed(CloudFilmError):
    """The message is for the operator, in one line."""


class RefusedObject(CloudFilmError):
    """`reason` is a fixed phrase without anything of the object's content.

    `dicom_code` is the failure reason of PS3.4 B.2.3 (C-STORE status) and PS3.18 table I.2-2.
    """

    def __init__(self, reason: str, dicom_code: int) -> None:
        self.reason = reason
        self.dicom_code = dicom_code
        super().__init__(reason)


class NotAnswered(CloudFilmError):
    pass


class NoticesDiffer(CloudFilmError):
    pass


class GlyphMissing(CloudFilmError):
    pass
