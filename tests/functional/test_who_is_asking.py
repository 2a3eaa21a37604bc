"""Real nginx before real gunicorn: whatever a client writes, it is seen as who it is, or as unknown; never as nginx.

All of 127/8 is this machine, so that a client, and the staff, have other addresses than nginx, which is 127.0.0.1.
"""

from __future__ import annotations

import http.client
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from app.bootstrap import build
from app.config import Settings
from deploy.testbed.processes import finished
from deploy.testbed.servers import gunicorn
from tests.factories.forwarded_headers import OPEN_QUOTE, client_of, values
from tests.factories.front import HERE, NGINX, Front, nginx
from tests.factories.production import production
from tests.functional.test_server_logs import blind

BREAKING = "tests.factories.breaking_wsgi:application"
pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(NGINX is None, reason="nginx is not here: deploy/test-tools.sh unpacks Debian's"),
]
PROXY, STRANGER, OTHER, STAFF = "127.0.0.1", "127.77.0.1", "127.78.0.1", "127.66.0.1"
LIMIT = 5
SET = "proxy_set_header X-Forwarded-For $remote_addr;"
APPENDED = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"


@dataclass(frozen=True)
class House:
    folder: Path
    proxies: int
    environment: dict[str, str]
    back: int
    front: Front

    def connection(self, source: str, *, past_nginx: bool = False) -> http.client.HTTPConnection:
        if past_nginx:
            return http.client.HTTPConnection(PROXY, self.back, timeout=30, source_address=(source, 0))
        return http.client.HTTPSConnection(
            PROXY, self.front.https, timeout=30, source_address=(source, 0), context=blind()
        )


@pytest.fixture(scope="module", params=[0, 1, 2])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The console is open to nginx' own address too, as it is by default. With no proxy counted all come from there:
    production refuses that."""
    folder, proxies = tmp_path_factory.mktemp("house"), request.param
    environment = (
        production(folder)
        | HERE
        | {
            "CLOUDFILM_TRUSTED_PROXIES": str(proxies),
            "CLOUDFILM_PROXY_ADDRESSES": f"{PROXY}/32",
            "CLOUDFILM_STAFF_ADDRESSES": f"{PROXY}/32,127.66.0.0/16",
            "CLOUDFILM_SHARED_ADDRESSES": f"{PROXY}/32",
            "CLOUDFILM_ADDRESS_FAILURES_PER_HOUR": str(LIMIT),
        }
    )
    if not proxies:  # production always has one
        environment = {name: text for name, text in environment.items() if "SMS" not in name and "TENCENT" not in name}
        environment["CLOUDFILM_PROFILE"] = "demo"
    build(Settings.from_env(environment)).db.dispose()
    with ExitStack() as running:
        back = running.enter_context(gunicorn(folder, application=BREAKING, environ=environment))
        yield House(folder, proxies, environment, back.port, running.enter_context(nginx(folder, back.port)))


def asked(connection: http.client.HTTPConnection, path: str, forwarded: str | None) -> tuple[int, str]:
    connection.putrequest("GET", path)
    if forwarded is not None:
        connection.putheader("X-Forwarded-For", forwarded.encode("latin-1"))
    connection.endheaders()
    answer = connection.getresponse()
    return answer.status, answer.read().decode(errors="replace")


def test_through_nginx_no_header_changes_who_a_client_is(house: House) -> None:
    connection, headers = house.connection(STRANGER), values()
    seen = Counter(asked(connection, "/who", header) for header in headers)
    connection.close()
    assert len(headers) >= 500
    assert seen == {(200, {0: PROXY, 1: STRANGER, 2: ""}[house.proxies]): len(headers)}


def test_past_nginx_only_its_own_machine_is_believed(house: House) -> None:
    headers = values()
    for source in (PROXY, STRANGER):
        connection = house.connection(source, past_nginx=True)
        answers = [asked(connection, "/who", header) for header in headers]
        connection.close()
        assert {status for status, _ in answers} == {200}
        seen = [address for _, address in answers]
        if not house.proxies:
            assert set(seen) == {source}
        elif source == STRANGER:
            assert set(seen) == {""}
        else:
            assert seen == [client_of(header.strip(" \t"), house.proxies) for header in headers]
            assert seen.count("") >= 150
            assert len(set(seen)) >= 8


@pytest.mark.parametrize("house", [1, 2], indirect=True)
def test_the_console_is_the_staffs_whatever_a_stranger_writes(house: House) -> None:
    """An open quote once opened it to everybody."""
    forged = (OPEN_QUOTE, f'"{PROXY}', f"{STAFF}", f"{OPEN_QUOTE}, {STAFF}", "", None, "unknown", f"[{STAFF}]:1", PROXY)
    for source in (STRANGER, STAFF, PROXY):
        connection = house.connection(source)
        statuses = {asked(connection, "/staff/login", header)[0] for header in forged}
        connection.close()
        assert statuses == {200 if source == STAFF and house.proxies == 1 else 404}, source


@pytest.mark.parametrize("house", [1, 2], indirect=True)
def test_forged_headers_buy_no_guess_and_who_is_unknown_is_counted(house: House) -> None:
    """Though the proxy's own address is said to be shared by many."""
    letters = iter("ABCDEFGHIJKLMNOPQRSTUVWXYZ")

    def guess(source: str, forged: str) -> int:
        connection = house.connection(source)
        form = {"Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-For": forged}
        connection.request("POST", f"/q/{next(letters) * 26}", urlencode({"factor": "9999"}), form)
        status = connection.getresponse().status
        connection.close()
        return status

    forged = [OPEN_QUOTE, PROXY, "unknown", '"127.0.0.1', "198.51.100.7", "", OPEN_QUOTE, f"{PROXY}, {PROXY}"]
    assert [guess(STRANGER, header) for header in forged] == [403] * LIMIT + [429] * (len(forged) - LIMIT)
    assert guess(OTHER, OPEN_QUOTE) == (403 if house.proxies == 1 else 429)  # known by itself, or unknown like the rest


def checked(house: House, front: Front, trust: bool = True) -> tuple[int, str]:
    """`flask check-config` through this front door: its exit code and what it said."""
    environment = house.environment | {"CLOUDFILM_BASE_URL": f"https://{PROXY}:{front.https}"}
    if trust:
        environment["SSL_CERT_FILE"] = str(house.folder / "cert.pem")
    code, said = finished([sys.executable, "-m", "flask", "check-config"], environment)
    assert "Traceback" not in said
    return code, said


@pytest.mark.parametrize("house", [1, 2], indirect=True)
@pytest.mark.parametrize(
    ("line", "with_one", "with_two"),
    [
        (SET, f"sees this machine as {PROXY}, one of the proxies' own", "has fewer entries than there are trusted"),
        (APPENDED, f"sees this machine as {PROXY}, one of the proxies' own", "anybody may choose an address"),
        ("", "anybody may choose an address", "anybody may choose an address"),
        ('proxy_set_header X-Forwarded-For "";', "X-Forwarded-For is missing", "X-Forwarded-For is missing"),
        ('proxy_set_header X-Forwarded-For "film";', "that counts is not an address", "has fewer entries"),
    ],
)
def test_check_config_says_how_nginx_makes_it_be_seen(house: House, line: str, with_one: str, with_two: str) -> None:
    told = with_one if house.proxies == 1 else with_two
    with nginx(house.folder, house.back, {SET: line}) as front:
        code, said = checked(house, front)
    assert told in said
    assert code == (0 if "sees this machine" in told else 1)


@pytest.mark.parametrize("house", [1], indirect=True)
def test_check_config_notes_a_door_it_cannot_trust_or_that_nobody_stands_behind(house: House) -> None:
    code, said = checked(house, house.front, trust=False)
    assert (code, "does not answer (SSLCertVerificationError)" in said) == (0, True)
    with nginx(house.folder, 1) as front:
        code, said = checked(house, front)
    assert (code, "NOTE" in said, "answers with status 502" in said) == (0, True, True)


def test_no_log_holds_an_address_or_a_pass(house: House) -> None:
    for log in sorted((house.folder / "logs").glob("*.log")):
        text = log.read_text()
        assert not [word for word in (STRANGER, OTHER, STAFF, "198.51.100.7", "X-CloudFilm-Pass") if word in text], (
            log.name
        )
