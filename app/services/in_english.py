"""English words for the codes that machines and the demo's console show: one text for each code.

The Chinese words of the staff console are in templates/staff/words.html and machine_words.html. The enumerations say
what each code means.
"""

from __future__ import annotations

from app.dicom.refusals import Refusal
from app.models.states import HoldReason, MatchReason

REFUSALS: dict[str, str] = {
    Refusal.NOT_PART10: "not a DICOM Part-10 file",
    Refusal.NO_TRANSFER_SYNTAX: "no transfer syntax",
    Refusal.HEADER_UNREADABLE: "the header cannot be read",
    Refusal.HEADER_TOO_LARGE: "the header is larger than the limit",
    Refusal.HEADER_TRUNCATED: "truncated: the header ends early",
    Refusal.PIXELS_TRUNCATED: "truncated: pixel data end early",
    Refusal.DEFLATED_TRUNCATED: "truncated: the deflated data end early",
    Refusal.INFLATES_TOO_LARGE: "inflates beyond the limit",
    Refusal.NESTED_TOO_DEEPLY: "nested too deeply",
    Refusal.ELEMENT_TOO_LONG: "an element is longer than the limit",
    Refusal.BYTES_BEHIND_END: "bytes follow the end of the data set",
    Refusal.NEEDS_TOO_MUCH_MEMORY: "reading the header takes more memory than the limit",
    Refusal.TAKES_TOO_LONG: "reading the header takes more time than the limit",
    Refusal.READING_CRASHES: "the process that reads the header dies of it",
    Refusal.TOO_MANY_PIXELS: "more pixels than the limit",
    Refusal.TOO_MANY_FRAGMENTS: "more pixel data fragments than the limit",
    Refusal.FRAGMENTS_BROKEN: "pixel data fragments are broken",
    Refusal.TOO_LARGE: "larger than the limit",
    Refusal.TOO_LARGE_START_KEPT: "larger than the limit; only its start is kept",
    Refusal.TOO_MANY_REJECTED: "a rejection note that names more instances than the limit",
    Refusal.EMPTY_REJECTION_NOTE: "a rejection note that does not say what it rejects",
    Refusal.SOP_CLASS_UID_MISSING: "SOPClassUID is missing",
    Refusal.SOP_INSTANCE_UID_MISSING: "SOPInstanceUID is missing",
    Refusal.STUDY_UID_MISSING: "StudyInstanceUID is missing",
    Refusal.SERIES_UID_MISSING: "SeriesInstanceUID is missing",
    Refusal.TRANSFER_SYNTAX_UID_MISSING: "TransferSyntaxUID is missing",
    Refusal.SOP_CLASS_UID_INVALID: "SOPClassUID is not a valid UID",
    Refusal.SOP_INSTANCE_UID_INVALID: "SOPInstanceUID is not a valid UID",
    Refusal.STUDY_UID_INVALID: "StudyInstanceUID is not a valid UID",
    Refusal.SERIES_UID_INVALID: "SeriesInstanceUID is not a valid UID",
    Refusal.TRANSFER_SYNTAX_UID_INVALID: "TransferSyntaxUID is not a valid UID",
    Refusal.NUMBER_TOO_LONG: "accession number or patient ID too long",
    Refusal.NAME_TOO_LONG: "patient name too long",
    Refusal.OTHER_CONTENT: "same SOP Instance UID with other content",
    Refusal.OTHER_STUDY: "its series belongs to another study",
    Refusal.OTHER_PATIENT: "its patient is not the one of its study",
    Refusal.NOT_AS_ANNOUNCED: "its UIDs are not those it was announced with",
    Refusal.NOT_DICOM_PART: "its part is not application/dicom",
    Refusal.FILE_UNREADABLE: "the file cannot be read",
    Refusal.ZIP_UNREADABLE: "the zip cannot be read",
    Refusal.ZIP_TOO_LARGE: "the zip is larger than the limit",
    Refusal.MEMBER_UNREADABLE: "the zip member cannot be read",
    Refusal.MEMBER_NAME_UNSAFE: "the zip member's name leads out of the archive",
    Refusal.MEMBER_TOO_LARGE: "the zip member unpacks beyond the limit",
    Refusal.OTHER: "another reason",
}
HOLDS: dict[str, str] = {
    HoldReason.CONTRADICTED: "a study of its accession number names another patient",
    HoldReason.REPORT_OF_ANOTHER: "its report was written for another patient ID",
    HoldReason.PICTURES_OF_ANOTHER: "its pictures are of another order now",
    HoldReason.BY_STAFF: "held by staff",
    HoldReason.SENSITIVE: "a rule of sensitive results fits",
}
MATCHES: dict[str, str] = {
    MatchReason.NO_EXAM: "no exam of this accession number",
    MatchReason.NO_ACCESSION_NUMBER: "no accession number",
    MatchReason.CUT_SHORT: "its accession number was cut short",
    MatchReason.DIFFERS: "differs in",
    MatchReason.SEVERAL_PATIENTS: "instances of one study name different patients",
    MatchReason.PARTLY_CORRECTED: "only some of its headers were corrected",
    MatchReason.TOO_MANY_STUDIES: "too many studies of this accession number",
    MatchReason.PARTED: "parted by a human",
    MatchReason.OTHER: "another reason",
}


def refusal(reason: str, note: str | None = None) -> str:
    """Why an object was refused. `note`: the text of an old reason, from before there were codes."""
    return note or REFUSALS.get(reason, reason)


def hold(reason: str | None, note: str | None) -> str:
    """Why an exam is held. `note`: what staff typed."""
    return note or HOLDS.get(reason or "", "")


def match(reason: str | None, detail: str | None) -> str:
    """Why a study is not matched. `detail`: the fields that differ, or the text of an old reason without a code."""
    if reason == MatchReason.DIFFERS:
        return f"{MATCHES[reason]} {detail}"
    if reason == MatchReason.CUT_SHORT:
        return MATCHES[reason]
    return detail or MATCHES.get(reason or "", "")
