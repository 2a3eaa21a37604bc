"""What an exam's page says of the report: lines with explained terms, labels of the printed sheet, former versions."""

from __future__ import annotations

from typing import Any

from app.clock import CHINA
from app.services.exams.views import ExamView
from app.services.paper import report_sheet
from app.services.paper.explaining import MOST_EXPLAINED, Explained, questions


def report_values(view: ExamView, *, with_help: bool) -> dict[str, Any]:
    """The report; for patients and their families also what its words mean and what to ask. Doctors see neither."""
    words, explained = report_sheet.words(), Explained(MOST_EXPLAINED if with_help else 0)
    report = _report(view, words, explained)
    return {
        "report": report,
        "words": words,
        "terms": explained.terms,
        "questions": questions(view.modality, view.body_part) if with_help and report else (),
    }


def _report(view: ExamView, words: dict[str, Any], explained: Explained) -> dict[str, Any] | None:
    if view.report is None:
        return None
    report = view.report
    return {
        "status": report.status,
        "status_words": words["statuses"][report.status].format(version=report.version),
        "impression": explained.lines(report.impression),
        "findings": explained.lines(report.findings),
        "reporting_doctor": report.reporting_doctor,
        "reviewing_doctor": report.reviewing_doctor,
        "reported_at": f"{report.reported_at.astimezone(CHINA):%Y-%m-%d %H:%M}",
        "version": report.version,
        "former": [
            {"version": former.version, "reported_at": f"{former.reported_at.astimezone(CHINA):%Y-%m-%d %H:%M}"}
            for former in view.former_reports
        ],
    }
