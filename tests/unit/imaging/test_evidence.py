"""Objects that are no pictures are read within bounds; hostile ones are named and set aside."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from pydicom import Dataset

from app.dicom.part10 import HeaderLimits
from app.dicom.refusals import Refusal
from app.errors import RefusedObject
from app.imaging.evidence.dose import Totals
from app.imaging.evidence.kinds import EvidenceFault, EvidenceKind, SetAside, kind_of
from app.imaging.evidence.reading import Evidence, evidence_of, read_evidence
from app.imaging.evidence.report import Report
from app.imaging.sandbox.header_pool import HeaderPool
from deploy.testbed.ct import part10
from tests.factories.evidence import (
    DOSE_SR,
    deep_report,
    dose_report,
    nested,
    number_row,
    pdf,
    pdf_object,
    structured_report,
    text_row,
)

LIMITS = HeaderLimits()
STUDY = "1.2.3"


def read(ds: Dataset) -> Evidence:
    kind = kind_of(ds.SOPClassUID, 0)
    assert kind is not None
    return evidence_of(kind, read_evidence(io.BytesIO(part10(ds)), kind, LIMITS))


def fault_of(ds: Dataset) -> EvidenceFault:
    with pytest.raises(SetAside) as aside:
        read(ds)
    return aside.value.fault


def test_a_report_is_rows_of_name_and_value_with_their_depth() -> None:
    found = read(
        structured_report(STUDY, text_row("所见", "右肺结节", text_row("大小", "17 mm")), text_row("结论", "复查"))
    )
    assert isinstance(found, Report)
    assert found.title == "影像诊断报告"
    assert [tuple(row) for row in found.rows] == [(0, "所见", "右肺结节"), (1, "大小", "17 mm"), (0, "结论", "复查")]


def test_a_report_that_says_nothing_is_set_aside() -> None:
    assert fault_of(structured_report(STUDY)) == EvidenceFault.UNREADABLE


def test_a_report_a_thousand_deep_is_refused_and_one_of_thirty_is_read() -> None:
    with pytest.raises(RefusedObject) as refused:
        read_evidence(io.BytesIO(deep_report(STUDY, 1000)), EvidenceKind.REPORT, LIMITS)
    assert refused.value.reason == Refusal.NESTED_TOO_DEEPLY
    found = read(structured_report(STUDY, nested(30)))
    assert isinstance(found, Report)
    assert found.rows[-1].depth == 29


def test_a_dose_report_gives_its_totals_and_the_greatest_index() -> None:
    rows = (
        number_row("113830", "8.2", "mGy"),
        number_row("113830", "12.5", "mGy"),
        number_row("113830", "3", "mGy"),
        number_row("113813", "512.75", "mGy.cm"),
        number_row("113722", "nan", "Gy.m2"),
        number_row("113725", "5", "<b>"),
    )
    found = read(dose_report(STUDY, text_row("", "", *rows)))
    assert isinstance(found, Totals)
    assert [(total.name, total.value, total.unit) for total in found.values] == [
        ("dlp", 512.75, "mGy.cm"),
        ("ctdi_vol", 12.5, "mGy"),
    ]


def test_a_dose_report_without_totals_is_a_report() -> None:
    assert kind_of(DOSE_SR, 0) == EvidenceKind.DOSE
    assert isinstance(read(dose_report(STUDY, text_row("备注", "无"))), Report)


def test_a_pdf_is_given_as_it_is() -> None:
    plain = pdf()
    assert read(pdf_object(STUDY, plain)) == plain


@pytest.mark.parametrize(
    ("hostile", "fault"),
    [
        (pdf(script="app.alert(1)"), EvidenceFault.ACTIVE_PDF),
        (pdf(attached="setup.exe"), EvidenceFault.ACTIVE_PDF),
        (pdf().replace(b"/Type /Page\n", b"/Type /Page\n/AA << /O << /S /Launch >> >>\n"), EvidenceFault.ACTIVE_PDF),
        (b"<html><script>alert(1)</script></html>", EvidenceFault.NOT_A_PDF),
        (b"", EvidenceFault.NOT_A_PDF),
        (b"%PDF-1.7\n" + b"\xff" * 4096, EvidenceFault.UNREADABLE),
    ],
)
def test_a_pdf_that_can_act_or_is_none_is_set_aside(hostile: bytes, fault: EvidenceFault) -> None:
    assert fault_of(pdf_object(STUDY, hostile)) == fault


def test_an_answer_that_no_child_of_ours_gives_is_no_evidence() -> None:
    for parts in (
        [],
        [b"[]"],
        [b'{"title": "x", "rows": [[-1, "a", "b"]]}'],
        [b'[["dlp", Infinity, "mGy"]]'],
        [b"PDF"],
    ):
        for kind in (EvidenceKind.REPORT, EvidenceKind.DOSE, EvidenceKind.PDF):
            with pytest.raises((ValueError, LookupError, TypeError)):
                evidence_of(kind, parts)


@pytest.fixture(scope="module")
def pool() -> Iterator[HeaderPool]:
    pool = HeaderPool(1, 20, 2 << 30, LIMITS)
    yield pool
    pool.close()


def test_a_caged_child_reads_each_kind_as_this_process_does(pool: HeaderPool) -> None:
    for ds in (
        structured_report(STUDY, text_row("所见", "右肺结节")),
        dose_report(STUDY, number_row("113813", "512.75", "mGy.cm")),
        pdf_object(STUDY, pdf()),
    ):
        kind = kind_of(ds.SOPClassUID, 0)
        assert kind is not None
        assert pool.evidence(io.BytesIO(part10(ds)), kind) == read(ds)


def test_a_child_says_why_it_sets_an_object_aside_and_serves_on(pool: HeaderPool) -> None:
    with pytest.raises(SetAside) as aside:
        pool.evidence(io.BytesIO(part10(pdf_object(STUDY, pdf(script="x")))), EvidenceKind.PDF)
    assert aside.value.fault == EvidenceFault.ACTIVE_PDF
    with pytest.raises(SetAside) as aside:
        pool.evidence(io.BytesIO(b"x" * 200), EvidenceKind.REPORT)
    assert aside.value.fault == EvidenceFault.UNREADABLE
    assert isinstance(
        pool.evidence(io.BytesIO(part10(structured_report(STUDY, text_row("a", "b")))), EvidenceKind.REPORT), Report
    )
