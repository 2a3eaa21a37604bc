"""Asks every route of the whole house as each kind of caller: first as it is meant, then with parts of it changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import wraps
from random import Random
from typing import Any

from flask import Flask, request
from werkzeug.routing import Rule

from app.security.permissions import Role, Scope
from deploy.testbed.ct import ct_slice, part10
from deploy.testbed.multipart import STOW_TYPE, body
from tests.factories.house import exam_body, report_body
from tests.factories.report_pdfs import sheet
from tests.factories.requests_by_hand import Answer, Answers, Pairs, Sent, mutated
from tests.factories.staff import PASSWORD
from tests.factories.whole_house import GUEST, PATIENT, PERSON, STRANGER, STUDY, WholeHouse

COUNTED = (403, 429)
"""What a wrong factor or password is answered with; too many of them close the door."""
LOOKED_AT = frozenset({"HEAD", "OPTIONS"})
NEW_PASSWORD = "Battery-staple-8"
NAMES = (
    *(
        "factor",
        "phone",
        "pickup_code",
        "one_time_code",
        "kind",
        "pattern",
        "action",
        "elder",
        "zoom",
        "csrf_token",
        "passcode",
        "helper_code",
        "end",
        "relation",
        "kind",
        "wish",
        "take_back",
        "scope",
        "code",
        "number",
        "days",
        "pictures",
        "reason",
        "revision",
        "outcome",
        "role",
    ),
    *("name", "id_number", "to", "code", "state", "echostr", "timestamp", "nonce", "signature", "msg_signature"),
    *("username", "password", "totp", "current", "new", "again", "address", "q", "before", "actor", "subject", "size"),
    *("wc", "ww", "from", "count", "secret", "limit", "offset", "includefield", "fuzzymatching", "accept", "window"),
    *("viewport", "quality", "StudyDate", "StudyTime", "PatientID", "PatientName", "AccessionNumber", "StudyID"),
    *(
        "StudyDescription",
        "SeriesDescription",
        "SeriesNumber",
        "emptyvaluematching",
        "00400275.00400009",
        "InstanceNumber",
        "Modality",
        "ModalitiesInStudy",
    ),
    *("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "00080020", "00100010", "7FE00010"),
)
"""Of fields and parameters that some route reads."""
RECEIPT = {
    "sid": "2640:1",
    "report_status": "SUCCESS",
    "mobile": "13900000001",
    "errmsg": "DELIVRD",
    "nationcode": "86",
}
RECEIPT_OF_ALIYUN = {
    "biz_id": "9^0",
    "success": True,
    "phone_number": "13900000001",
    "err_code": "DELIVERED",
    "out_id": "n",
}
RECEIPT_OF_A_GATEWAY = {"serial": "g1", "delivered": True, "phone": "+8613900000001", "code": "DELIVRD", "id": "n"}
REPLY_BY_TENCENT = {"nationcode": "86", "mobile": "13900000001", "text": "TD", "sign": "x", "time": 1457336869}
Fields = dict[str, str]


@dataclass(frozen=True)
class Meant:
    """How a route is meant to be asked. A field without a value is known by its own name in the whole house; `named`
    says by which other name a piece of the address is known."""

    query: Fields = field(default_factory=dict)
    form: Fields = field(default_factory=dict)
    document: Any = None
    body: bytes | None = None
    content_type: str = ""
    named: Fields = field(default_factory=dict)


SIGNED = {"signature": "", "timestamp": "", "nonce": ""}
SAID = (
    "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1</CreateTime>"
    "<MsgType>text</MsgType><Content>报告</Content><MsgId>1</MsgId></xml>"
).encode()
REASON = {"csrf_token": "", "reason": "说明"}
MEANT: dict[tuple[str, str], Meant] = {
    ("POST", "patient_entry.open_by_qr"): Meant(form={"factor": ""}),
    ("POST", "patient_entry.open_by_sms"): Meant(form={"factor": "", "phone": ""}, named={"code": "pickup_code"}),
    ("POST", "patient_entry.open_by_pickup"): Meant(form={"factor": "", "phone": "", "pickup_code": ""}),
    ("POST", "patient_phone_door.through_phone_door"): Meant(form={"phone": "", "action": "send_code"}),
    ("POST", "patient_reading.choose"): Meant(form={"elder": "yes", "zoom": "150"}),
    ("GET", "patient_wechat.enter"): Meant(query={"to": "exams"}),
    ("GET", "patient_wechat.callback"): Meant(query={"code": "x", "state": "x"}),
    ("POST", "patient_binding.bind"): Meant(form={"name": "李娜", "id_number": "", "action": "send_code"}),
    ("POST", "patient_binding.unbind"): Meant(form={"csrf_token": ""}),
    ("POST", "patient_notify.want"): Meant(form={"csrf_token": ""}),
    ("POST", "patient_exams.leave"): Meant(form={"csrf_token": ""}),
    ("POST", "patient_consent.agree_or_withdraw"): Meant(form={"csrf_token": "", "action": "agree"}),
    ("POST", "patient_family.add"): Meant(
        form={
            "csrf_token": "",
            "name": "李娜",
            "id_number": "120101196001020027",
            "relation": "parent",
            "action": "send_code",
        },
    ),
    ("POST", "patient_family.remove"): Meant(form={"csrf_token": ""}),
    ("POST", "staff_family.confirm"): Meant(form=REASON, named={"grant_id": "asked_grant_id"}),
    ("POST", "staff_family.refuse"): Meant(form=REASON, named={"grant_id": "asked_grant_id"}),
    ("POST", "staff_family.end"): Meant(form=REASON),
    ("POST", "patient_sharing.share"): Meant(form={"csrf_token": "", "days": "7", "pictures": "1", "report": "1"}),
    ("POST", "patient_sharing.revoke"): Meant(form={"csrf_token": ""}),
    ("POST", "patient_sharing.give_or_tap"): Meant(form={"csrf_token": ""}),
    ("POST", "patient_information.ask_or_take_back"): Meant(
        form={"csrf_token": "", "kind": "correction", "wish": "手机号"}
    ),
    ("POST", "staff_data_requests.answer"): Meant(form=REASON | {"outcome": "done"}),
    ("POST", "patient_helper.give_or_end"): Meant(form={"csrf_token": ""}),
    ("POST", "patient_helper.type_code"): Meant(form={"helper_code": ""}),
    ("POST", "guest_doors.open_share"): Meant(form={"passcode": ""}, named={"code": "share_code"}),
    ("POST", "guest_doors.type_digits"): Meant(form={"code": ""}, named={"code": "digits"}),
    ("POST", "guest_pages.leave"): Meant(form={"csrf_token": ""}),
    ("GET", "guest_tickets.ticket_page"): Meant(named={"ticket": "guest_ticket"}),
    ("POST", "guest_tickets.open_by_ticket"): Meant(named={"ticket": "guest_ticket"}),
    ("GET", "patient_images.batch"): Meant(query={"from": "1", "count": "2", "size": "256"}),
    ("GET", "patient_images.mpr"): Meant(query={"slab": "2", "mode": "mip", "size": "64", "wc": "40", "ww": "400"}),
    ("GET", "patient_images.oblique"): Meant(query={"turn": "0.8,0,0.6,0", "mm": "0", "slab": "2", "size": "64"}),
    ("GET", "patient_images.turntable"): Meant(query={"preset": "skin", "size": "64"}),
    ("GET", "patient_images.tile"): Meant(query={"wc": "40", "ww": "400"}, named={"n": "tall_n"}),
    ("GET", "patient_images.ecg_page"): Meant(named={"o": "ecg_o"}),
    ("GET", "patient_images.layer"): Meant(named={"o": "layer_o"}),
    ("GET", "patient_images.region"): Meant(
        query={"shape": "ellipse", "left": "0.2", "top": "0.2", "right": "0.8", "bottom": "0.8"}
    ),
    ("GET", "patient_images.frame"): Meant(query={"size": "64", "wc": "40", "ww": "400"}),
    ("POST", "staff_login.log_in"): Meant(
        form={"csrf_token": "", "username": "newcomer", "password": PASSWORD, "totp": ""}
    ),
    ("POST", "staff_login.log_out"): Meant(form={"csrf_token": ""}),
    ("POST", "staff_login.change_password"): Meant(
        form={"csrf_token": "", "current": PASSWORD, "new": NEW_PASSWORD, "again": NEW_PASSWORD}
    ),
    ("POST", "staff_login.nowhere"): Meant(form={"csrf_token": ""}),
    ("GET", "staff_exams.search"): Meant(query={"q": "李娜"}),
    **{
        ("POST", f"staff_exams.{name}"): Meant(form=REASON)
        for name in ("resend", "revoke", "let_in", "let_bind", "unbind", "hold", "helper_code")
    },
    ("POST", "staff_exams.phone"): Meant(form=REASON | {"phone": "13900000009"}),
    ("POST", "staff_exams.text_messages"): Meant(form=REASON | {"news": "no"}),
    ("POST", "staff_exams.accept"): Meant(form={"csrf_token": "", "accession_number": ""}),
    ("POST", "staff_exams.lift_hold"): Meant(form=REASON | {"revision": ""}, named={"exam_id": "held_exam_id"}),
    ("GET", "staff_audit.log"): Meant(query={"before": "9", "action": "exam.held", "actor": "", "subject": ""}),
    ("POST", "staff_audit.verify"): Meant(form={"csrf_token": ""}),
    ("POST", "staff_audit.address_mark"): Meant(form={"csrf_token": "", "address": "203.0.113.9"}),
    ("POST", "staff_messages.queue_again"): Meant(form=REASON),
    ("POST", "staff_messages.settle"): Meant(form={"csrf_token": "", "outcome": "arrived"}),
    ("POST", "staff_people.create"): Meant(form={"csrf_token": "", "username": "zhao.l", "role": "desk"}),
    ("POST", "staff_people.reset"): Meant(form={"csrf_token": ""}),
    ("POST", "staff_people.disable"): Meant(form={"csrf_token": ""}),
    ("POST", "staff_rules.add"): Meant(form={"csrf_token": "", "kind": "keyword", "pattern": "恶性"}),
    ("POST", "staff_rules.end"): Meant(form={"csrf_token": ""}),
    ("POST", "staff_system.revive"): Meant(form={"csrf_token": ""}),
    ("PUT", "ris.put_exam"): Meant(document=exam_body()),
    ("PUT", "ris.put_report"): Meant(document=report_body(status="amended")),
    ("POST", "ris.stamp"): Meant(body=sheet(), content_type="application/pdf"),
    ("POST", "stow.store"): Meant(body=body([part10(ct_slice(StudyInstanceUID=STUDY))]), content_type=STOW_TYPE),
    ("GET", "qido.studies"): Meant(query={"StudyDate": "20260101-20260131", "limit": "5", "offset": "0"}),
    ("GET", "qido.series"): Meant(query={"Modality": "CT", "SeriesNumber": "1", "includefield": "all"}),
    ("GET", "qido.instances"): Meant(query={"InstanceNumber": "1", "fuzzymatching": "true"}),
    ("GET", "rendered.rendered"): Meant(query={"window": "40,400,linear", "viewport": "64,64", "quality": "80"}),
    ("GET", "rendered.rendered_images"): Meant(query={"viewport": "64,64,0,0,-8,8"}),
    ("GET", "patient_wechat.proof_of_domain"): Meant(named={"code": "verify_code"}),
    ("GET", "wechat_hook.are_you_there"): Meant(query=SIGNED | {"echostr": "5"}),
    ("POST", "wechat_hook.pushed"): Meant(query=SIGNED, body=SAID, content_type="text/xml"),
    ("POST", "sms_hook.tencent"): Meant(
        query={"secret": ""}, named={"secret": "tencent_secret"}, document=[RECEIPT, RECEIPT]
    ),
    ("POST", "sms_hook.aliyun"): Meant(
        query={"secret": ""}, named={"secret": "aliyun_secret"}, document=[RECEIPT_OF_ALIYUN]
    ),
    ("POST", "sms_hook.tencent_replies"): Meant(
        query={"secret": ""}, named={"secret": "tencent_secret"}, document=REPLY_BY_TENCENT
    ),
    ("POST", "sms_hook.aliyun_replies"): Meant(
        query={"secret": ""},
        named={"secret": "aliyun_secret"},
        document=[{"phone_number": "13900000001", "content": "TD"}],
    ),
    ("POST", "sms_hook.gateway_replies"): Meant(
        query={"secret": ""}, named={"secret": "gateway_secret"}, document=[{"phone": "+8613900000001", "text": "TD"}]
    ),
    ("POST", "sms_hook.gateway"): Meant(
        query={"secret": ""}, named={"secret": "gateway_secret"}, document=[RECEIPT_OF_A_GATEWAY]
    ),
    ("GET", "demo.phone"): Meant(query={"phone": ""}),
}
WHO: dict[str, str] = {
    "patient_exam_list": PATIENT,
    "patient_binding.unbind": PATIENT,
    "patient_family": PERSON,
    "patient_exams": PATIENT,
    "patient_images": PATIENT,
    "patient_downloads": PATIENT,
    "patient_saving": PATIENT,
    "patient_sharing": PATIENT,
    "patient_consent": PATIENT,
    "patient_helper": PATIENT,
    "patient_information": PATIENT,
    "patient_helper.type_code": STRANGER,
    "patient_helper.helpers_door": STRANGER,
    "patient_looks": PATIENT,
    "patient_notify": PATIENT,
    "guest_pages": GUEST,
    "guest_images": GUEST,
    "staff_login": Role.DESK,
    "staff_exams": Role.DESK,
    "staff_family": Role.DESK,
    "staff_data_requests": Role.DESK,
    "staff_messages": Role.DESK,
    "staff_people": Role.SECURITY_ADMIN,
    "staff_audit": Role.AUDIT_ADMIN,
    "staff_rules": Role.SYSTEM_ADMIN,
    "staff_system": Role.SYSTEM_ADMIN,
    "qido": Scope.READ,
    "wado": Scope.READ,
    "wado_metadata": Scope.READ,
    "bulk_data": Scope.READ,
    "capabilities": Scope.READ,
    "rendered": Scope.READ,
    "stow": Scope.UPLOAD,
    "completion": Scope.UPLOAD,
    "ris": Scope.RIS,
    "ris.quarantine": Scope.READ,
}
"""Whom the guard lets in, by endpoint or by blueprint. All others are open to strangers."""
ANSWERED_NOWHERE = "staff_login.nowhere"
REFUSED = {
    *(ANSWERED_NOWHERE, "patient_wechat.callback", "patient_binding.bind", "patient_binding.unbind"),
    *("patient_notify.page", "patient_notify.want"),
    "patient_family.add",  # one a minute, and the house asked a moment ago
    "guest_images.values",  # of a share, whose pictures bear a mark
}
"""Answered with an error all the same: no caller here came by WeChat."""


@dataclass
class Crawl:
    """What was asked: how often each view ran, each caller asked each route, and which answers are server errors."""

    views: Counter[str] = field(default_factory=Counter)
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    server_errors: list[tuple[Sent, Answer]] = field(default_factory=list)
    inside: Counter[str] = field(default_factory=Counter)
    """By caller, how often an address answered 200 that does not answer strangers so."""
    open_to_strangers: set[str] = field(default_factory=set)


class Crawler:
    """Over one whole house, which it changes and puts back as it was."""

    def __init__(self, house: WholeHouse, random: Random) -> None:
        self.crawl, self.random = Crawl(), random
        self.app, self.callers = house.app, tuple(house.callers)
        self._house = house
        _count_views(house.app, self.crawl.views)
        self._answers = Answers(house.app)

    def as_meant(self, method: str, rule: Rule) -> Answer:
        return self._ask(rule, self._whose(rule), self._meant(method, rule))

    def by_everybody(self) -> None:
        """Each page and picture as it is meant, by each caller; by strangers first."""
        for caller in sorted(self.callers, key=lambda each: each != STRANGER):
            for method, rule in routes(self.app):
                if method == "GET":
                    self._ask(rule, caller, self._meant(method, rule, caller))

    def never_inside(self) -> set[str]:
        """The callers who saw nothing that strangers do not see. Who only uploads has nothing to see."""
        has_nothing = {STRANGER, Scope.UPLOAD}
        return {caller for caller in self.callers if not self.crawl.inside[caller] and caller not in has_nothing}

    def with_headers(self, method: str, rule: Rule, headers: Mapping[str, str]) -> Answer:
        """As it is meant, with more headers."""
        meant = self._meant(method, rule)
        more = {name: value.encode() for name, value in headers.items()}
        return self._ask(rule, self._whose(rule), replace(meant, headers={**meant.headers, **more}))

    def without_token(self, method: str, rule: Rule) -> Answer | None:
        """As it is meant, without the token of its session; None where its form has none."""
        meant = self._meant(method, rule)
        form = tuple(pair for pair in meant.form if pair[0] != b"csrf_token")
        return self._ask(rule, self._whose(rule), replace(meant, form=form)) if form != meant.form else None

    def changed(self, method: str, rule: Rule, caller: str | None = None) -> Answer:
        """A changed request; by whom the route is for, if nobody else is named."""
        meant = self._meant(method, rule, caller or self._whose(rule))
        return self._ask(rule, caller or self._whose(rule), mutated(self.random, meant, NAMES))

    def each_field(self, method: str, rule: Rule, values: Iterable[bytes]) -> None:
        """Each value in each piece of the address that is no fixed word, in each parameter and in each field."""
        meant, pieces = self._meant(method, rule), rule.rule.lstrip("/").split("/")
        for value in values:
            for at in (number for number, piece in enumerate(pieces) if "<" in piece):
                path = (*meant.path[:at], value, *meant.path[at + 1 :])
                self._ask(rule, self._whose(rule), replace(meant, path=path))
            for at in range(len(meant.query)):
                self._ask(rule, self._whose(rule), replace(meant, query=_with(meant.query, at, value)))
            for at in range(len(meant.form)):
                self._ask(rule, self._whose(rule), replace(meant, form=_with(meant.form, at, value)))

    def _ask(self, rule: Rule, caller: str, sent: Sent) -> Answer:
        answer = self._answers.ask(sent)
        self.crawl.asked[rule.rule, caller] += 1
        self.crawl.statuses[answer.status] += 1
        if answer.status == 200 and caller == STRANGER:
            self.crawl.open_to_strangers.add(rule.rule)
        elif answer.status == 200 and rule.rule not in self.crawl.open_to_strangers:
            self.crawl.inside[caller] += 1
        if answer.status >= 500:
            self.crawl.server_errors.append((sent, answer))
        if sent.method not in ("GET", *LOOKED_AT) and (answer.status < 400 or answer.status in COUNTED):
            self._house.restore()
        return answer

    def _whose(self, rule: Rule) -> str:
        return WHO.get(rule.endpoint, WHO.get(rule.endpoint.partition(".")[0], STRANGER))

    def _meant(self, method: str, rule: Rule, caller: str | None = None) -> Sent:
        caller = caller or self._whose(rule)
        meant, known = MEANT.get((method, rule.endpoint)) or _as_of_patients(method, rule.endpoint), self._house.known
        known = known | {"csrf_token": known.get(f"csrf_token:{caller}", "x")}
        known |= {name: known[f"{name}:{caller}"] for name in ("exam_id", "guest_id") if f"{name}:{caller}" in known}
        headers = {name: value.encode() for name, value in self._house.callers[caller].items()}
        if meant.content_type:
            headers["Content-Type"] = meant.content_type.encode()
        own = {"exam_id": known["guest_id"]} if self._whose(rule) == GUEST else {}
        named = known | own | {name: known[other] for name, other in meant.named.items()}
        return Sent(
            method,
            tuple(_piece(piece, named).encode() for piece in rule.rule.lstrip("/").split("/")),
            _pairs(meant.query, named),
            _pairs(meant.form, named),
            meant.document,
            meant.body,
            headers,
        )


def _as_of_patients(method: str, endpoint: str) -> Meant:
    """A guest's picture is asked for as a patient's."""
    room, _, view = endpoint.partition(".")
    return MEANT.get((method, f"patient_images.{view}"), Meant()) if room == "guest_images" else Meant()


def _piece(piece: str, known: Fields) -> str:
    """A piece of a rule with values for what stands in angle brackets."""
    before, bracket, rest = piece.partition("<")
    if not bracket:
        return piece
    inside, _, after = rest.partition(">")
    return before + known[inside.rpartition(":")[2]] + _piece(after, known)


def _pairs(fields: Fields, known: Fields) -> Pairs:
    return tuple((name.encode(), (value or known.get(name, "")).encode()) for name, value in fields.items())


def _with(pairs: Pairs, at: int, value: bytes) -> Pairs:
    return (*pairs[:at], (pairs[at][0], value), *pairs[at + 1 :])


def routes(app: Flask) -> Iterator[tuple[str, Rule]]:
    """Every method of every rule that a view answers."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint)):
        for method in sorted((rule.methods or set()) - LOOKED_AT):
            yield method, rule


def _count_views(app: Flask, views: Counter[str]) -> None:
    """Count each view that runs, by the method and the rule of its request: then its guard has let the request in."""

    def counting(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def counted(*args: Any, **values: Any) -> Any:
            views[f"{request.method} {request.url_rule}"] += 1
            return view(*args, **values)

        return counted

    for endpoint, view in list(app.view_functions.items()):
        app.view_functions[endpoint] = counting(view)
