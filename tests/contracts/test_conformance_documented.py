"""docs/dicom-conformance.md says what the code's tables say."""

from __future__ import annotations

from deploy.document_conformance import document
from tests.places import ROOT


def test_the_conformance_statement_is_that_of_the_code() -> None:
    assert (ROOT / "docs" / "dicom-conformance.md").read_text() == document()
