"""Rejection notes as a PACS sends them."""

from __future__ import annotations

from collections.abc import Sequence

from pydicom import Dataset
from pydicom.uid import KeyObjectSelectionDocumentStorage

from deploy.testbed.ct import ct_slice

QUALITY = "113001"


def item(**values: object) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def note(slices: list[Dataset], title: str = QUALITY, study_uid: str | None = None) -> Dataset:
    """A Key Object Selection of `slices`' study, or of another, that names them."""
    return note_of(slices[0], [piece.SOPInstanceUID for piece in slices], title, study_uid)


def note_of(first: Dataset, uids: Sequence[str], title: str = QUALITY, study_uid: str | None = None) -> Dataset:
    """The same with the instances' UIDs given; they need not exist."""
    objects = [item(ReferencedSOPClassUID=first.SOPClassUID, ReferencedSOPInstanceUID=uid) for uid in uids]
    series = item(SeriesInstanceUID=first.SeriesInstanceUID, ReferencedSOPSequence=objects)
    evidence = item(StudyInstanceUID=first.StudyInstanceUID, ReferencedSeriesSequence=[series])
    made = ct_slice(
        SOPClassUID=KeyObjectSelectionDocumentStorage,
        Modality="KO",
        StudyInstanceUID=study_uid or first.StudyInstanceUID,
        ConceptNameCodeSequence=[item(CodeValue=title, CodingSchemeDesignator="DCM", CodeMeaning="any")],
        CurrentRequestedProcedureEvidenceSequence=[evidence],
    )
    for keyword in ("PixelData", "Rows", "Columns"):
        delattr(made, keyword)
    return made
