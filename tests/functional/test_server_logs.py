"""Real gunicorn and real nginx with the shipped configuration: no code, number or address is in any of their logs."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from app.bootstrap import build
from app.config import Settings
from deploy.testbed.servers import gunicorn
from tests.factories.door_app import bearer
from tests.factories.front import HERE, NGINX, Front, nginx
from tests.factories.leaks import leaks
from tests.factories.production import production

BREAKING = "tests.factories.breaking_wsgi:application"
pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(NGINX is None, reason="nginx is not here: deploy/test-tools.sh unpacks Debian's"),
]

QR, PICKUP, ONE_TIME = "ABCDEFGHIJKLMNOPQRSTUVWXY2", "K7M2QX", "482913"
PHONE, ID_NUMBER, NAME, FACTOR = "13912345678", "12010119600102002X", "王小芳", "7Q3X"
COOKIE, HOOK_SECRET, FORGED = "eyJhbGciOiJIUzI1NiJ9.eyJzaWQiOiIifQ.c2ln", "0123456789abcdef", "203.0.113.99"
SECRETS = (QR, PICKUP, ONE_TIME, PHONE, ID_NUMBER, NAME, FACTOR, COOKIE, HOOK_SECRET, FORGED, "127.0.0.1")
QUERY = urlencode({"phone": PHONE, "id_number": ID_NUMBER, "name": NAME, "one_time_code": ONE_TIME})
FORM = urlencode({"phone": PHONE, "factor": FACTOR, "pickup_code": PICKUP, "one_time_code": ONE_TIME, "name": NAME})
HEADERS = {"Cookie": f"__Host-cf-patient={COOKIE}", "X-Forwarded-For": FORGED, "Referer": f"https://x/q/{QR}"}


@dataclass(frozen=True)
class Hospital:
    folder: Path
    front: Front
    back: int
    token: str

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, http.client.HTTPMessage, str]:
        """Through nginx, with personal data wherever a client may put it."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.front.https, timeout=30, context=blind())
        form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        try:
            connection.request(method, path, body, {**HEADERS, **form, **headers})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode(errors="replace")
        finally:
            connection.close()

    def raw(self, port: int, sent: bytes, *, tls: bool = False) -> bytes:
        """The start of the answer to bytes that no HTTP client would send."""
        plain = socket.create_connection(("127.0.0.1", port), timeout=20)
        with blind().wrap_socket(plain) if tls else plain as connection:
            try:
                connection.sendall(sent)
                if not tls:
                    connection.shutdown(socket.SHUT_WR)
                return connection.recv(4096)
            except (ConnectionResetError, BrokenPipeError):
                return b""

    def logs(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in sorted((self.folder / "logs").iterdir())}


def blind() -> ssl.SSLContext:
    """A client that trusts our own certificate of a day."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    folder = tmp_path_factory.mktemp("hospital")
    environment = {**production(folder), **HERE, "CLOUDFILM_LOG_LEVEL": "debug"}
    services = build(Settings.from_env(environment))
    token = bearer(services, "upload", "ris")["Authorization"]
    services.db.dispose()
    options = ("--log-level", "debug", "--access-logfile", str(folder / "logs" / "gunicorn-access.log"))
    with (
        gunicorn(folder, *options, application=BREAKING, environ=environment) as back,
        nginx(folder, back.port) as front,
    ):
        yield Hospital(folder, front, back.port, token)


WALK = [
    ("GET", f"/q/{QR}?{QUERY}", None, 200, "GET /q/<code>"),
    ("GET", f"/s/{PICKUP}?{QUERY}", None, 200, "GET /s/<code>"),
    ("POST", f"/q/{QR}?{QUERY}", FORM, 403, "POST /q/<code>"),
    ("POST", f"/s/{PICKUP}", FORM, 403, "POST /s/<code>"),
    ("POST", "/s", FORM, 403, "POST /s"),
    ("POST", f"/q/{QR}", f"{FORM}&more={'x' * 9000}", 413, "POST /q/<code>"),
    ("POST", f"/q/{QR}", f"{FORM}&more={'x' * 90000}", 413, ""),
    ("GET", f"/exams/{QR}?{QUERY}", None, 404, "GET /exams/<exam_id>"),
    ("GET", f"/no/such/page/{QR}?{QUERY}", None, 404, "GET (none)"),
    ("DELETE", f"/q/{QR}?{QUERY}", None, 405, "DELETE (none)"),
    ("BREW", f"/q/{QR}", None, 405, "other (none)"),
    (PICKUP, f"/q/{QR}", None, 400, ""),
    ("GET", f"/break/{QR}?{QUERY}", None, 500, "GET /break/<code>"),
    ("GET", f"/q/{QR}{'x' * 10000}", None, 414, ""),
    ("GET", f"/q/%00{QR}", None, 400, ""),
    ("GET", f"/q/{QR}/%ff", None, 404, "GET (none)"),
    ("POST", f"/hooks/sms/tencent?secret={HOOK_SECRET}&{QUERY}", "[{", 400, "POST /hooks/sms/tencent"),
    ("PUT", f"/api/v1/exams/{PHONE}?{QUERY}", FORM, 401, "PUT /api/v1/exams/<accession>"),
    ("POST", f"/dicomweb/studies?{QUERY}", FORM, 401, "POST /dicomweb/studies"),
]


@pytest.fixture(scope="module")
def walked(hospital: Hospital) -> dict[str, str]:
    """All logs after every kind of request, good, bad and broken."""
    answers = [hospital.ask(method, path, body) for method, path, body, *_ in WALK]
    assert [status for status, _, _ in answers] == [status for *_, status, _ in WALK]
    for _, headers, text in answers:
        assert "X-CloudFilm-Route" not in headers
        assert QR not in text
    for line in (
        f"GET /q/{QR} HTTP/9.9",
        f"GET /q/{QR}?{QUERY} and more HTTP/1.1",
        f"get /q/{QR} HTTP/1.1",
        f"/q/{QR}",
        f"GET /q/{QR} HTTP/1.1\r\nHost: 127.0.0.1\r\n{PHONE} {ID_NUMBER}",
        f"GET /q/{QR} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-{PICKUP}: {'x' * 60000}",
        f"POST /q/{QR} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n{PICKUP}\r\n{FORM}",
        f"POST /q/{QR} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {PICKUP}",
        f"POST /q/{QR} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 7\r\nContent-Length: 8",
    ):
        sent = f"{line}\r\n\r\n".encode()
        hospital.raw(hospital.front.https, sent, tls=True)
        hospital.raw(hospital.front.http, sent)
        hospital.raw(hospital.back, sent)
    assert b"400" in hospital.raw(hospital.front.https, f"GET /q/{QR} HTTP/1.1\r\n\r\n".encode())  # no TLS
    break_off(hospital)
    return hospital.logs()


def break_off(hospital: Hospital) -> None:
    """Answers and uploads that end in the middle."""
    connection = http.client.HTTPConnection("127.0.0.1", hospital.back, timeout=30)
    form = {**HEADERS, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", f"/break/{QR}?{QUERY}", FORM, form)
    with pytest.raises(http.client.IncompleteRead):
        connection.getresponse().read()
    connection.close()
    head = f"POST /dicomweb/studies?{QUERY} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {hospital.token}\r\n"
    head += "Content-Type: multipart/related; boundary=x; type=application/dicom\r\nContent-Length: 1000\r\n\r\n"
    hospital.raw(hospital.back, head.encode() + f"--x\r\n\r\n{NAME}".encode())


def test_no_log_of_any_server_holds_what_a_client_sent(hospital: Hospital, walked: dict[str, str]) -> None:
    assert {"gunicorn.log", "gunicorn-access.log", "cloudfilm-access.log", "cloudfilm-error.log"} <= set(walked)
    for name, text in walked.items():
        assert leaks((*SECRETS, hospital.token.split()[1]), text) == [], name
        for number in (f"%{byte:02X}" for byte in NAME.encode()):
            assert number not in text, name


def test_nginx_writes_a_line_with_the_route_of_every_request(walked: dict[str, str]) -> None:
    lines = [json.loads(line) for line in walked["cloudfilm-access.log"].splitlines()]
    expected = [(route, str(status)) for *_, status, route in WALK]
    assert [(line["route"], line["status"]) for line in lines[: len(WALK)]] == expected
    assert len([line for line in lines if line["status"] == "400"]) >= 5
    assert walked["access.log"] == ""
    assert walked["cloudfilm-error.log"] == ""


def test_gunicorns_access_log_holds_the_route(walked: dict[str, str]) -> None:
    lines = [json.loads(line) for line in walked["gunicorn-access.log"].splitlines()]
    served = [(line["route"], line["status"]) for line in lines]
    expected = [(route, str(status)) for *_, status, route in WALK if route]
    assert served[: len(expected)] == expected
    assert {route for route, _ in served[len(expected) :]} <= {
        "-",
        *(route for *_, route in WALK),
        "POST /break/<code>",
    }


def test_the_application_says_what_failed_and_where(walked: dict[str, str]) -> None:
    lines = [json.loads(line) for line in walked["gunicorn.log"].splitlines() if line.startswith("{")]
    [forced] = [line for line in lines if line["event"] == "unforeseen error"]
    assert forced["exception"].startswith("ValueError at factories/breaking_wsgi.py:")
    [escaped] = [line for line in lines if line["logger"] == "gunicorn.error" and "exception" in line]
    assert "breaking_wsgi.py" in escaped["exception"]
    assert escaped["place"].startswith("workers/gthread.py:")
    requests = [line for line in lines if line["event"] == "request"]
    assert {"method", "route", "status", "ms", "bytes"} <= set(requests[0])
    assert {line["level"] for line in requests} == {"info"}
    others = [line for line in walked["gunicorn.log"].splitlines() if not line.startswith("{")]
    assert others == ["settings are usable (production); database, store, queue answer"]


def test_a_client_cannot_forge_its_address_through_nginx(hospital: Hospital) -> None:
    for forged in (FORGED, f"{FORGED}, {FORGED}", "", "127.0.0.1, 10.0.0.1"):
        assert (
            hospital.ask("GET", "/who", **{"X-Forwarded-For": forged, "Forwarded": f"for={FORGED}"})[2] == "127.0.0.1"
        )


def test_metrics_are_for_this_machine_and_bodies_have_limits_by_door(hospital: Hospital) -> None:
    assert hospital.ask("GET", "/metrics")[0] == 200
    large = "x" * 200_000
    assert hospital.ask("POST", "/s", large)[0] == 413
    json_type = {"Content-Type": "application/json", "Authorization": hospital.token}
    assert hospital.ask("PUT", "/api/v1/exams/A1", large, **json_type)[0] == 400  # reached the application
    assert hospital.ask("PUT", "/api/v1/exams/A1", large * 6, **json_type)[0] == 413


def test_a_refused_upload_gets_its_answer_through_the_unbuffered_proxy(hospital: Hospital) -> None:
    """Not a 502, though the application answers while megabytes are still on their way."""
    body = "x" * 8_000_000
    form = {"Content-Type": "multipart/related; boundary=x; type=application/dicom"}
    for _ in range(3):
        assert hospital.ask("POST", "/dicomweb/studies", body, **form, Authorization=hospital.token)[0] == 400
        assert hospital.ask("POST", "/dicomweb/studies", body, **form, Authorization="Bearer no")[0] == 401
        assert hospital.ask("POST", "/dicomweb/studies", body, Authorization=hospital.token)[0] == 415


def test_with_gunicorn_gone_nginx_does_not_quote_requests_either(tmp_path: Path, hospital: Hospital) -> None:
    with nginx(tmp_path, upstream=1) as front:
        alone = Hospital(tmp_path, front, 0, "")
        status, _, _ = alone.ask("POST", f"/q/{QR}?{QUERY}", FORM)
        assert status == 502
    logs = alone.logs()  # written in full now that nginx has ended
    assert '"status": "502"' in logs["cloudfilm-access.log"]
    assert not [name for name, text in logs.items() for secret in SECRETS[:-1] if secret in text]
