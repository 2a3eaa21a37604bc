"""Why an object is refused. DICOM's codes are in `status`, the words for people and machines are not in this room.

The value is stored with the quarantined object, so it never changes.
"""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    NOT_PART10 = "not_part10"
    NO_TRANSFER_SYNTAX = "no_transfer_syntax"
    HEADER_UNREADABLE = "header_unreadable"
    HEADER_TOO_LARGE = "header_too_large"
    HEADER_TRUNCATED = "header_truncated"
    PIXELS_TRUNCATED = "pixels_truncated"
    DEFLATED_TRUNCATED = "deflated_truncated"
    INFLATES_TOO_LARGE = "inflates_too_large"
    NESTED_TOO_DEEPLY = "nested_too_deeply"
    ELEMENT_TOO_LONG = "element_too_long"
    BYTES_BEHIND_END = "bytes_behind_end"
    NEEDS_TOO_MUCH_MEMORY = "needs_too_much_memory"
    """Reading the header takes more memory than a process that reads headers may take."""
    TAKES_TOO_LONG = "takes_too_long"
    """Reading the header takes more processor time than it may."""
    READING_CRASHES = "reading_crashes"
    """A fresh process that reads headers dies of it."""
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MANY_FRAGMENTS = "too_many_fragments"
    FRAGMENTS_BROKEN = "fragments_broken"
    TOO_LARGE = "too_large"
    TOO_LARGE_START_KEPT = "too_large_start_kept"
    """The object is too large; only its start is in quarantine."""
    TOO_MANY_REJECTED = "too_many_rejected"
    EMPTY_REJECTION_NOTE = "empty_rejection_note"
    """A rejection note that does not say what it rejects."""
    SOP_CLASS_UID_MISSING = "sop_class_uid_missing"
    SOP_INSTANCE_UID_MISSING = "sop_instance_uid_missing"
    STUDY_UID_MISSING = "study_uid_missing"
    SERIES_UID_MISSING = "series_uid_missing"
    TRANSFER_SYNTAX_UID_MISSING = "transfer_syntax_uid_missing"
    SOP_CLASS_UID_INVALID = "sop_class_uid_invalid"
    SOP_INSTANCE_UID_INVALID = "sop_instance_uid_invalid"
    STUDY_UID_INVALID = "study_uid_invalid"
    SERIES_UID_INVALID = "series_uid_invalid"
    TRANSFER_SYNTAX_UID_INVALID = "transfer_syntax_uid_invalid"
    NUMBER_TOO_LONG = "number_too_long"
    """The accession number or the patient ID is too long."""
    NAME_TOO_LONG = "name_too_long"
    """The patient's name is too long."""
    OTHER_CONTENT = "other_content"
    """An object with the same SOP Instance UID and other content is stored."""
    OTHER_STUDY = "other_study"
    """The object's series belongs to another study."""
    OTHER_PATIENT = "other_patient"
    """The object's patient is not the patient of its study."""
    NOT_AS_ANNOUNCED = "not_as_announced"
    """The object's UIDs differ from the UIDs that the sender announced."""
    NOT_DICOM_PART = "not_dicom_part"
    """The object's part of the body is not application/dicom."""
    FILE_UNREADABLE = "file_unreadable"
    ZIP_UNREADABLE = "zip_unreadable"
    ZIP_TOO_LARGE = "zip_too_large"
    MEMBER_UNREADABLE = "member_unreadable"
    MEMBER_NAME_UNSAFE = "member_name_unsafe"
    """The zip member's name points outside of the archive."""
    MEMBER_TOO_LARGE = "member_too_large"
    OTHER = "other"
    """A row from the time before reasons were codes; `QuarantineItem.note` is its text. Never written any more."""


UID_MISSING = {
    "SOPClassUID": Refusal.SOP_CLASS_UID_MISSING,
    "SOPInstanceUID": Refusal.SOP_INSTANCE_UID_MISSING,
    "StudyInstanceUID": Refusal.STUDY_UID_MISSING,
    "SeriesInstanceUID": Refusal.SERIES_UID_MISSING,
    "TransferSyntaxUID": Refusal.TRANSFER_SYNTAX_UID_MISSING,
}
UID_INVALID = {
    "SOPClassUID": Refusal.SOP_CLASS_UID_INVALID,
    "SOPInstanceUID": Refusal.SOP_INSTANCE_UID_INVALID,
    "StudyInstanceUID": Refusal.STUDY_UID_INVALID,
    "SeriesInstanceUID": Refusal.SERIES_UID_INVALID,
    "TransferSyntaxUID": Refusal.TRANSFER_SYNTAX_UID_INVALID,
}
"""The refusal for a missing or an invalid UID, by keyword of the attribute."""
