"""The pages of one exam over invented values: report, viewer, list, and where pictures and files are taken away. They
are served by `patient_pages`."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from flask import Flask, render_template
from markupsafe import Markup

from app.services.paper import report_sheet
from app.services.paper.explaining import Explained, questions
from app.services.patient_access.sessions import EVERYTHING
from app.web.exam.wechat_view import WechatView
from tests.factories.patient_page_frames import SERIES, jpeg
from tests.factories.patient_page_values import AMENDED, EXAM, EXAM_ID, GUEST, OBJECTS

if TYPE_CHECKING:
    from tests.factories.patient_pages import Pages


def add(app: Flask, pages: Pages) -> None:
    """Add the addresses. `pages`: what the test turns of them."""
    base = f"/exams/{EXAM_ID}"

    def exam_list() -> str:
        ready = {**EXAM, "report_ready": True, "frames_total": 72, "in_preparation": False}
        waiting = {**EXAM, "report_ready": False, "frames_total": 0, "in_preparation": True, "modality_name": "磁共振"}
        bare = {**EXAM, "report_ready": True, "frames_total": 0, "in_preparation": False, "modality_name": "X 光"}
        listed = [{**entry, "held": False} for entry in (ready, waiting, bare)]
        return render_template(
            "patient/exam_list.html",
            exams=[*listed, {"id": EXAM_ID, "held": True}],
            family=[],
            has_family=True,
            is_bound=True,
        )

    def viewer() -> str:
        first = {
            "series_n": 1,
            "frame_k": 30,
            "src": "data:image/jpeg;base64," + b64encode(jpeg(30, 1, 0, 2000, 256)).decode(),
            "width": 256,
            "height": 256,
        }
        return render_template(
            "patient/viewer.html",
            base=base,
            title="胸部 CT",
            facts="王*芳 2026-11-20",
            door="/q/CODE",
            address="",
            first_frame=first,
            manifest_json=Markup(json.dumps(pages.manifest())),
        )

    app.add_url_rule(f"{base}/amended", "amended", lambda: _exam_page(AMENDED))
    app.add_url_rule(f"{base}/amended-guest", "amended_guest", lambda: _exam_page(AMENDED, guest=GUEST))
    app.add_url_rule("/exams", "exams", exam_list)
    app.add_url_rule(base, "exam", lambda: _exam_page(pages.report))
    app.add_url_rule(f"{base}/viewer", "viewer", viewer)
    _kept_pages(app)


def _exam_page(report: dict[str, Any] | None, guest: dict[str, Any] | None = None) -> str:
    base = f"/exams/{EXAM_ID}"
    images = [
        {
            "series_n": 1,
            "frame_k": k,
            "src": f"{base}/series/1/frames/{k}.jpg",
            "width": 512,
            "height": 512,
            "alt": f"胸部 CT 第 {k} 幅",
        }
        for k in (15, 30, 45)
    ]
    total = sum(series["frames"] for series in SERIES)
    return render_template(
        "patient/exam.html",
        base=base,
        guest=guest,
        parts=EVERYTHING,
        exam=EXAM,
        **_report(report),
        to_tell=[],
        key_images=images,
        objects=OBJECTS,
        frames_total=total,
        in_preparation=False,
        address="",
        can_be_told=False,
        has_list=guest is None,
        looks_as="self" if guest is None else "guest",
        shared={"times": 2, "latest": "2026-03-02 09:00"} if guest is None else None,
    )


def _kept_pages(app: Flask) -> None:
    """Where pictures are saved and files are taken away."""
    base = f"/exams/{EXAM_ID}"

    def picture() -> str:
        src = f"{base}/series/1/frames/30.jpg"
        return render_template("patient/picture.html", base=base, src=src, width=512, height=512, in_wechat=False)

    def take() -> str:
        told = {
            "name": "report.pdf",
            "view": WechatView.OPENHARMONY,
            "address": f"{base}/take/report.pdf",
        }
        return render_template("patient/take.html", base=base, is_guest=False, **told)

    app.add_url_rule(f"{base}/pictures/1/30", "picture", picture)
    app.add_url_rule(f"{base}/take/report.pdf", "take", take)


def _report(written: dict[str, Any] | None) -> dict[str, Any]:
    """As `report_values` of the application makes it of a stored report."""
    explained, words = Explained(), report_sheet.words()
    asked = questions("CT", "胸部") if written else ()
    told = written and {
        **written,
        "status_words": words["statuses"][written["status"]].format(version=written["version"]),
        "impression": explained.lines(written["impression"]),
        "findings": explained.lines(written["findings"]),
    }
    return {"report": told, "words": words, "terms": explained.terms, "questions": asked}
