"""Who is inside stays at the own exam: each kind of session asks for another patient's, as real HTTP through nginx with
the shipped file to gunicorn.

The sessions: of one exam, of the phone door, of WeChat, a helper's, a guest's, a doctor's PC, a relative's. The other
patient is a child of the family, whose guardian staff have not confirmed.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from werkzeug.routing import Rule

from app.web.row_ids import row_id
from deploy.testbed.servers import environment, gunicorn
from tests.factories.access import let_in
from tests.factories.crawler import routes
from tests.factories.front import NGINX, Front, nginx
from tests.factories.sharing import helper_code
from tests.factories.whole_house import (
    BOUND,
    DOCTOR,
    GUEST,
    HELPER,
    PATIENT,
    PERSON,
    RELATIVE,
    WholeHouse,
    whole_house,
)
from tests.functional.test_server_logs import blind

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(NGINX is None, reason="nginx is not here: deploy/test-tools.sh unpacks Debian's"),
]
INSIDE = (PATIENT, PERSON, BOUND, HELPER, GUEST, DOCTOR, RELATIVE)
CLOSED = {303, 400, 403, 404, 405}
"""What one who is not let in may be told; a picture, a page or a file is none of them."""
TRICKS: tuple[Mapping[str, str], ...] = (
    {"X-Forwarded-For": '"'},
    {"X-Forwarded-For": "127.0.0.1, 10.0.0.1", "X-Real-IP": "10.0.0.1", "Forwarded": "for=10.0.0.1"},
    {"X-Original-URL": "/exams/{own}", "X-Rewrite-URL": "/exams/{own}"},
    {"X-Forwarded-Prefix": "/exams/{own}", "X-Script-Name": "/exams/{own}", "SCRIPT_NAME": "/exams/{own}"},
    {"X-HTTP-Method-Override": "GET", "X-Method-Override": "GET"},
    {"Referer": "https://127.0.0.1/exams/{own}", "X-Requested-With": "XMLHttpRequest"},
    {"Range": "bytes=0-", "If-None-Match": "*"},
)
READERS = 8


@dataclass(frozen=True)
class Site:
    house: WholeHouse
    front: Front
    others: str
    """The other patient's exam."""
    other_patient: str
    """Her cookies."""

    def ask(
        self, method: str, path: str, cookies: str = "", form: Mapping[str, str] | None = None, **headers: str
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        connection = http.client.HTTPSConnection("127.0.0.1", self.front.https, timeout=60, context=blind())
        sent = {"Cookie": cookies, **headers} if cookies else dict(headers)
        if form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, urlencode(form) if form is not None else None, sent)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            connection.close()

    def cookies(self, caller: str) -> str:
        return self.house.callers[caller]["Cookie"]

    def own(self, caller: str) -> str:
        """The exam that this caller may see, or the id under which a guest sees it."""
        known = self.house.known
        if caller in (GUEST, DOCTOR):
            return known.get(f"guest_id:{caller}", known["guest_id"])
        return known.get(f"exam_id:{caller}", known["exam_id"])

    def addresses(self, exam_id: str, prefix: str) -> list[tuple[str, str]]:
        """Method and path of each address of an exam, under `/exams/` or `/guest/`."""
        return [(method, self._path(rule, exam_id)) for method, rule in _of_exams(self.house, prefix)]

    def _path(self, rule: Rule, exam_id: str) -> str:
        values = {name: self.house.known.get(name, "1") for name in rule.arguments} | {"exam_id": exam_id}
        values |= rule.defaults or {}
        with self.house.app.test_request_context():
            return self.house.app.url_map.bind("").build(rule.endpoint, values, method=None)


def _of_exams(house: WholeHouse, prefix: str) -> list[tuple[str, Rule]]:
    return [(method, rule) for method, rule in routes(house.app) if rule.rule.startswith(f"{prefix}<")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("others")
    (folder / "var").mkdir()
    house = whole_house(folder / "var", datetime.now(UTC) - timedelta(minutes=4))
    others = house.known["childs_exam_id"]
    owner = let_in(house.app, house.services, row_id(others)).get_cookie("cf-patient")
    assert owner is not None
    ours = environment(folder) | {"CLOUDFILM_TRUSTED_PROXIES": "1", "CLOUDFILM_PROXY_ADDRESSES": "127.0.0.1/32"}
    with ExitStack() as running:
        server = running.enter_context(gunicorn(folder, environ=ours))
        (folder / "front").mkdir()
        front = running.enter_context(nginx(folder / "front", server.port))
        yield Site(house, front, others, f"cf-patient={owner.value}")
        house.close()


@pytest.mark.parametrize("caller", INSIDE)
def test_each_session_opens_its_own_exam_and_no_address_of_another(site: Site, caller: str) -> None:
    prefix = "/guest/" if caller in (GUEST, DOCTOR) else "/exams/"
    mine = Counter(
        site.ask("GET", path, site.cookies(caller))[0]
        for method, path in site.addresses(site.own(caller), prefix)
        if method == "GET"
    )
    assert mine[200] >= (2 if caller == RELATIVE else 10), mine
    asked = Counter[str]()
    for under, exam_id in (
        ("/exams/", site.others),
        ("/guest/", site.others),
        ("/guest/", site.house.known["exam_id"]),
    ):
        for method, path in site.addresses(exam_id, under):
            status, _, _ = site.ask(method, path, site.cookies(caller), {} if method == "POST" else None)
            assert status in CLOSED, (caller, method, path, status)
            asked[method] += 1
    assert asked["GET"] > 50, asked
    assert asked["POST"] > 3, asked


def test_the_other_patient_herself_gets_in(site: Site) -> None:
    """Else the attacks above would prove nothing."""
    assert site.ask("GET", f"/exams/{site.others}", site.other_patient)[0] == 200
    assert site.ask("GET", f"/exams/{site.house.known['exam_id']}", site.other_patient)[0] == 404


@pytest.mark.parametrize("caller", INSIDE)
@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: next(iter(trick)))
def test_no_header_leads_to_another_exam_or_into_the_console(site: Site, caller: str, trick: Mapping[str, str]) -> None:
    headers = {name: text.format(own=site.own(caller)) for name, text in trick.items()}
    for path in (f"/exams/{site.others}", f"/exams/{site.others}/report", f"/exams/{site.others}/dicom.zip"):
        status, _, _ = site.ask("GET", path, site.cookies(caller), **headers)
        assert status in CLOSED, (path, status)
    for path in ("/staff/exams", "/dicomweb/studies", "/api/v1/quarantine"):
        status, _, _ = site.ask("GET", path, site.cookies(caller), **headers)
        assert status in CLOSED | {401}, (path, status)


@pytest.mark.parametrize("caller", INSIDE)
def test_a_session_under_the_name_of_another_cookie_is_none(site: Site, caller: str) -> None:
    tokens = [part.partition("=")[2] for part in site.cookies(caller).split("; ")]
    for name in ("cf-staff", "cf-wechat", "cf-patient" if caller in (GUEST, DOCTOR) else "cf-guest"):
        for token in tokens:
            for path in (
                f"/exams/{site.own(caller)}",
                f"/guest/{site.own(caller)}",
                f"/exams/{site.others}",
                "/staff/exams",
            ):
                status, _, headers = site.ask("GET", path, f"{name}={token}")
                assert status in CLOSED, (name, path, status)
                assert status != 303 or headers["Location"].startswith(("/staff/login", "/s")), headers["Location"]


def test_a_form_with_the_token_of_another_session_does_nothing(site: Site) -> None:
    known = site.house.known
    for caller in INSIDE:
        for owner in INSIDE:
            if caller == owner or {caller, owner} <= {PERSON, RELATIVE}:
                continue
            form = {"csrf_token": known[f"csrf_token:{owner}"], "days": "7", "pictures": "1"}
            own = known["exam_id"] if caller in (GUEST, DOCTOR) else site.own(caller)
            for tail in ("shares", "hand-over", "helper-code"):
                status, _, _ = site.ask("POST", f"/exams/{own}/{tail}", site.cookies(caller), form)
                assert status in {400, 403, 404}, (caller, owner, tail, status)


def test_forms_that_are_sent_again_open_nothing_a_second_time(site: Site) -> None:
    """As by who recorded them: from another browser, after they were used."""
    known = site.house.known
    patient = site.house.app.test_client()
    patient.set_cookie("cf-patient", site.cookies(PATIENT).partition("=")[2])
    used_once = {
        "/h": {"helper_code": helper_code(patient, known["exam_id"])},
        f"/t/{known['ticket']}": {},
    }
    for path, form in used_once.items():
        first, again = (site.ask("POST", path, "", form) for _ in range(2))
        assert first[0] == 303, (path, first[0])
        assert again[0] in {403, 404, 410}, (path, again[0])
        assert not any("cf-patient=" in set_ or "cf-helper=" in set_ for set_ in again[2].get_all("Set-Cookie", [])), (
            path
        )


def test_who_reads_slowly_inside_shuts_nobody_out(site: Site) -> None:
    """Guests and a helper begin downloads and read no more; the patient's page and picture come."""
    exam_id, readers = site.house.known["exam_id"], list[ssl.SSLSocket]()
    with ExitStack() as open_ones:
        for caller in (GUEST, HELPER):
            prefix = "/guest/" if caller == GUEST else "/exams/"
            for _ in range(READERS):
                plain = socket.create_connection(("127.0.0.1", site.front.https), timeout=30)
                slow = open_ones.enter_context(blind().wrap_socket(plain))
                request = f"GET {prefix}{site.own(caller)}/dicom.zip HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                slow.sendall(f"{request}Cookie: {site.cookies(caller)}\r\n\r\n".encode())
                readers.append(slow)
        begun = Counter(reader.recv(12) for reader in readers)
        assert begun[b"HTTP/1.1 200"], f"some downloads began: {begun}"
        assert set(begun) <= {b"HTTP/1.1 200", b"HTTP/1.1 503"}
        for tail in ("", "/manifest.json", "/series/1/frames/1.jpg?size=256"):
            assert site.ask("GET", f"/exams/{exam_id}{tail}", site.cookies(PATIENT))[0] == 200
