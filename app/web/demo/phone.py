"""The demo's phone page: what the simulated carriers delivered, and the printed report sheet. Not in production.

It shows names, numbers and codes in clear, which is its purpose: the persons are invented.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from flask import Response, render_template, request

from app.errors import NotFound
from app.services.demo import DemoExam
from app.web.context import services
from app.web.guards import guarded_blueprint, public
from sms.inbox import PhoneInbox

blueprint = guarded_blueprint("demo", __name__, public, url_prefix="/demo")
CHINA = timezone(timedelta(hours=8))


@blueprint.get("/phone")
def phone() -> str:
    exams = services().demo.exams_shown()
    numbers = list(dict.fromkeys([exam.person.phone for exam in exams] + _numbers()))
    chosen = request.args.get("phone", numbers[0] if numbers else "")
    if numbers and chosen not in numbers:
        raise NotFound
    mine = [exam for exam in exams if exam.person.phone == chosen]
    return render_template(
        "demo/phone.html",
        people=[
            {
                "name": next((exam.person.name for exam in exams if exam.person.phone == number), number),
                "phone": number,
                "url": f"/demo/phone?phone={number}",
                "selected": number == chosen,
                "unread": len(_messages(number)),
            }
            for number in numbers
        ],
        phone={
            "owner_name": mine[0].person.name if mine else chosen,
            "number": chosen,
            "factor": mine[0].person.id_number[-4:] if mine else "",
            "messages": _messages(chosen),
        },
        sheets=[_sheet(exam) for exam in mine],
        pickup_url="/s",
    )


@blueprint.get("/sheets/<accession>/qr.svg")
def qr(accession: str) -> Response:
    return Response(services().paper.qr_svg(accession, "system:demo"), mimetype="image/svg+xml")


@blueprint.get("/sheets/<accession>/report-sheet.pdf")
def sheet(accession: str) -> Response:
    return Response(services().paper.sheet(accession, "system:demo"), mimetype="application/pdf")


def _inbox() -> PhoneInbox | None:
    carrier = services().simulation.carrier
    return PhoneInbox(carrier.path) if carrier else None


def _numbers() -> list[str]:
    inbox = _inbox()
    return [number.removeprefix("+86") for number in inbox.phones()] if inbox else []


def _messages(number: str) -> list[dict[str, Any]]:
    inbox = _inbox()
    if inbox is None:
        return []
    return [
        {
            "channel": "sms",
            "sender": message.sender,
            "text": message.text,
            "at": _when(message.at),
            "link": None,  # carriers block links: the texts hold none
        }
        for message in inbox.messages("+86" + number)
    ]


def _sheet(exam: DemoExam) -> dict[str, Any]:
    view = services().exams.view_by_accession(exam.accession_number)
    base = f"/demo/sheets/{exam.accession_number}"
    return {
        "accession_number": exam.accession_number,
        "exam_name": f"{view.body_part} {view.modality}",
        "performed_on": f"{view.performed_at.astimezone(CHINA):%Y-%m-%d}",
        "qr_url": f"/q/{exam.qr_code}",
        "qr_src": f"{base}/qr.svg",
        "pdf_url": f"{base}/report-sheet.pdf",
    }


def _when(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%m-%d %H:%M}"
