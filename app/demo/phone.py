"""The demo's phone page: what the simulated carriers delivered, and the printed report sheet. Not in production.

It shows names, numbers and codes in clear, which is its purpose: the persons are invented.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, Response, current_app, render_template, request

from app.clock import CHINA
from app.demo.data import DemoExam
from app.errors import NotFound
from app.models import ChannelName
from app.security.permissions import Role
from app.services.paper.modality_names import modality_name
from app.web.context import services
from app.web.guards import guarded_blueprint, public
from sms.simulator.inbox import PhoneInbox

if TYPE_CHECKING:
    from app.demo.house import DemoHouse

blueprint = guarded_blueprint("demo", __name__, public, url_prefix="/demo")
CODE = re.compile(r"(?<![0-9A-Za-z])[0-9A-Z]{6}(?![0-9A-Za-z])")
PHONE = re.compile(r"1\d{10}")


def install(app: Flask, demo: DemoHouse) -> None:
    app.extensions["cloudfilm_demo"] = demo
    app.register_blueprint(blueprint)


def _demo() -> DemoHouse:
    return cast("DemoHouse", current_app.extensions["cloudfilm_demo"])


@blueprint.get("/phone")
def phone() -> str:
    exams = _demo().data.exams_shown()
    numbers = list(dict.fromkeys([exam.person.phone for exam in exams] + _numbers()))
    chosen = request.args.get("phone", numbers[0] if numbers else "")
    if chosen and not PHONE.fullmatch(chosen):
        raise NotFound
    if chosen and chosen not in numbers:  # a phone that got nothing yet
        numbers.append(chosen)
    mine = [exam for exam in exams if exam.person.phone == chosen]
    return render_template(
        "demo/phone.html",
        people=[
            {
                "name": next((exam.person.name for exam in exams if exam.person.phone == number), None),
                "phone": number,
                "url": f"/demo/phone?phone={number}",
                "selected": number == chosen,
                "messages": len(_messages(number)),
            }
            for number in numbers
        ],
        phone={
            "owner_name": mine[0].person.name if mine else None,
            "number": chosen,
            "factor": mine[0].person.id_number[-4:] if mine else "",
            "messages": _messages(chosen),
        },
        sheets=[_sheet(exam) for exam in mine],
        phone_door_url="/p",
        pickup_url="/s",
        desk=_desk(),
    )


@blueprint.get("/sheets/<accession>/qr.svg")
def qr(accession: str) -> Response:
    return Response(services().paper.paper.qr_svg(accession, "system:demo"), mimetype="image/svg+xml")


@blueprint.get("/sheets/<accession>/report-sheet.pdf")
def sheet(accession: str) -> Response:
    return Response(services().paper.paper.sheet(accession, "system:demo"), mimetype="application/pdf")


def _desk() -> dict[str, str]:
    """The demo's account at the service desk and what its authenticator shows now."""
    staff = _demo().staff
    account = next(account for account in staff.everybody() if account.role == Role.DESK)
    return {"username": account.username, "password": account.password, "code": staff.code(account)}


def _inbox() -> PhoneInbox | None:
    carrier = services().simulation.carrier
    return PhoneInbox(carrier.path) if carrier else None


def _numbers() -> list[str]:
    inbox = _inbox()
    return [number.removeprefix("+86") for number in inbox.phones()] if inbox else []


def _messages(number: str) -> list[dict[str, Any]]:
    """Text messages and notices, newest last."""
    both = _text_messages(number) + _notices(number)
    return [message for _, message in sorted(both, key=lambda pair: pair[0])]


def _text_messages(number: str) -> list[tuple[datetime, dict[str, Any]]]:
    """Carriers block links, so the texts hold none; their code is shown in bold, as phones do."""
    inbox = _inbox()
    return [
        (
            message.at,
            {
                "channel": ChannelName.SMS,
                "sender": message.sender,
                "text": message.text,
                "code": found.group() if (found := CODE.search(message.text)) else None,
                "at": _when(message.at),
            },
        )
        for message in (inbox.messages("+86" + number) if inbox else [])
    ]


def _notices(number: str) -> list[tuple[datetime, dict[str, Any]]]:
    wechat = services().simulation.wechat
    return [
        (
            notice.at,
            {
                "channel": ChannelName.WECHAT,
                "title": notice.title,
                "fields": notice.fields,
                "link": notice.url,
                "at": _when(notice.at),
            },
        )
        for notice in (wechat.notices(_demo().data.openid(number)) if wechat else [])
    ]


def _sheet(exam: DemoExam) -> dict[str, Any]:
    view = services().exams.views.by_accession(exam.accession_number)
    base = f"/demo/sheets/{exam.accession_number}"
    return {
        "accession_number": exam.accession_number,
        "exam_name": f"{view.body_part} {modality_name(view.modality)}".strip(),
        "performed_on": f"{view.performed_at.astimezone(CHINA):%Y-%m-%d}",
        "qr_url": f"/q/{exam.qr_code}",
        "qr_src": f"{base}/qr.svg",
        "pdf_url": f"{base}/report-sheet.pdf",
    }


def _when(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%m-%d %H:%M}"
