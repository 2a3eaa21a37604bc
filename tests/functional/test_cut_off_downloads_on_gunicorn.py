"""Downloads on slow lines are cut off soon after the right to them ended, and only then."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from app.bootstrap import Services, build
from app.repos.exams import exams as exam_repo
from app.repos.exams.revision import raise_exam_revision
from app.web.exam.cut_off import EVERY_S
from deploy.testbed.servers import gunicorn, settings_of
from tests.factories.access import Issued, issued, revoke
from tests.factories.slow_phone import SlowPhone
from tests.factories.telling import exam_of, receive_study

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("slow")


@pytest.fixture(scope="module")
def phone(folder: Path) -> Iterator[SlowPhone]:
    house = build(settings_of(folder))
    exam = issued(house)
    uid = receive_study(house, slices=12, side=1024)  # type: ignore[arg-type]
    house.pictures.completion.complete_now(uid)
    while house.worker.run_sweeps() or house.worker.run_job():
        pass
    house.pictures.renderer.close()
    house.db.dispose()
    with gunicorn(folder) as server:
        yield SlowPhone(server.port, exam)


def hold(house: Services, phone: SlowPhone) -> None:
    house.release.holds.withhold(exam_of(house).id, "别人的影像", "staff:a")


def lift(house: Services) -> None:
    house.release.holds.release_hold(exam_of(house).id, "已核对", "staff:a")


def revoke_all(house: Services, phone: SlowPhone) -> None:
    revoke(house, "A1")


def leave(house: Services, phone: SlowPhone) -> None:
    page = phone.asked(f"/exams/{phone.exam_id}")
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"Content-Type": "application/x-www-form-urlencoded", **phone.cookies}
    assert phone.ask("POST", f"/exams/{phone.exam_id}/leave", f"csrf_token={token}", form).status == 200


def withdraw(house: Services, phone: SlowPhone) -> None:
    """What the exam shows is not any more what it was when the download began."""
    with house.db.session() as session:
        row = exam_repo.exam_by_accession(session, "A1")
        assert row is not None
        raise_exam_revision(session, row.id)


@pytest.mark.parametrize("end", [hold, leave, withdraw, revoke_all])
@pytest.mark.parametrize("kind", ["stalled", "slow"])
def test_a_download_under_way_is_cut_off(
    phone: SlowPhone, folder: Path, end: Callable[[Services, SlowPhone], None], kind: str
) -> None:
    """Long before the server would give up a client that does not read, and without what it had sent for it."""
    house = build(settings_of(folder))
    visitor = SlowPhone(phone.port, issued_again(house))
    whole = len(visitor.asked(visitor.address))
    status, connection = visitor.takes_slowly()
    assert status == 200
    with connection:
        end(house, visitor)
        if kind == "stalled":
            until_reset(connection)
        assert read_to_the_end(connection) < whole - (1 << 20)
    if end is hold:
        lift(house)
    house.pictures.renderer.close()
    house.db.dispose()


def test_a_download_whose_session_lives_is_sent_whole_however_slowly(phone: SlowPhone, folder: Path) -> None:
    house = build(settings_of(folder))
    visitor = SlowPhone(phone.port, issued_again(house))
    whole = len(visitor.asked(visitor.address))
    _, connection = visitor.takes_slowly()
    with connection:
        time.sleep(3 * EVERY_S)
        assert read_to_the_end(connection, piece=1 << 20, whole=whole - 64) >= whole - 64
    house.pictures.renderer.close()
    house.db.dispose()


def issued_again(house: Services) -> Issued:
    """The exam of the fixture, with a code that works now."""
    exam = exam_of(house)
    with house.db.session() as session:
        row = exam_repo.exam_by_accession(session, "A1")
        assert row is not None
        return Issued(exam.id.hex, house.patient_access.codes.qr_code(session, row), "")


def until_reset(connection: socket.socket) -> None:
    """Without reading anything, until the server broke off."""
    poll = select.poll()
    poll.register(connection, select.POLLERR | select.POLLHUP)
    assert poll.poll(60_000)


def read_to_the_end(connection: socket.socket, piece: int = 16384, whole: int | None = None) -> int:
    """How many bytes came, until the connection ended either way, or `whole` had come: the server keeps it for more."""
    connection.settimeout(60)
    total = 0
    with suppress(ConnectionResetError):
        while (whole is None or total < whole) and (got := connection.recv(piece)):
            total += len(got)
            if piece < 1 << 20:
                time.sleep(0.005)
    return total
