"""Codes and second factors, as a patient and as a stranger: the attacks of the design's rule 3."""

from __future__ import annotations

import threading

from flask import Flask
from sqlalchemy import event, func, select

from app.bootstrap import Services
from app.models import AccessAttempts, AuditEvent, Base, OneTimeCode, PatientSession
from app.repos import exams as repo
from app.security.codes import is_long, is_pickup
from app.services.exam_input import exam_input
from tests.factories.access import Issued, application, issued, opened
from tests.factories.house import clock_of, exam_body, services
from tests.factories.telling import sweep

WRONG = {"factor": "9999"}


def test_the_qr_and_the_last_four_open_the_exam(app: Flask, exam: Issued) -> None:
    assert is_long(exam.qr)
    answer = app.test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/exams/{exam.exam_id}")
    page = opened(app, exam).get(f"/exams/{exam.exam_id}")
    assert page.status_code == 200
    assert "李*" in page.text


def test_the_pick_up_code_opens_only_with_its_phone(app: Flask, exam: Issued) -> None:
    assert is_pickup(exam.pickup)
    form = {"phone": exam.phone, "pickup_code": exam.pickup.lower(), "factor": exam.factor}
    assert app.test_client().post("/s", data=form).status_code == 303
    assert app.test_client().post(f"/s/{exam.pickup}", data=form).status_code == 303
    assert app.test_client().post("/s", data={**form, "phone": "13900000002"}).status_code == 403
    assert app.test_client().post(f"/s/{exam.pickup}", data={"factor": exam.factor}).status_code == 403


def test_the_birth_date_never_opens(app: Flask, exam: Issued) -> None:
    for guess in ("19600102", "1960-01-02", "0102", "1960"):
        assert app.test_client().post(f"/q/{exam.qr}", data={"factor": guess}).status_code == 403


def test_full_width_digits_and_a_small_x_are_understood(house: Services, app: Flask) -> None:
    exam = issued(house, "A2", patient_id_number="11010519491231002X", patient_birth_date="1949-12-31")
    assert app.test_client().post(f"/q/{exam.qr}", data={"factor": "００２x"}).status_code == 303


def test_the_qr_is_the_same_for_the_exams_life_and_another_after_revocation(house: Services, exam: Issued) -> None:
    assert issued(house).qr == exam.qr
    revoke(house, "A1")
    assert issued(house).qr != exam.qr


def test_ten_thousand_gets_tell_nothing_and_change_nothing(house: Services, app: Flask, exam: Issued) -> None:
    def census() -> dict[str, int]:
        with house.db.read() as session:
            return {
                name: session.scalar(select(func.count()).select_from(table)) or 0
                for name, table in Base.metadata.tables.items()
            }

    before, client = census(), app.test_client()
    for start, live in (("/q/", exam.qr), ("/s/", exam.pickup), ("/s/", exam.qr)):
        pages = {(page.status_code, page.data) for page in (client.get(start + live) for _ in range(100))}
        for number in range(3300):
            code = f"{number:0{len(live)}d}".translate(str.maketrans("01", "AB")).replace("8", "C").replace("9", "D")
            page = client.get(start + code)
            assert "Set-Cookie" not in page.headers
            pages.add((page.status_code, page.data))
        assert len(pages) == 1
        assert next(iter(pages))[0] == 200
    assert census() == before


def test_a_get_runs_no_statement_on_the_database(house: Services, app: Flask, exam: Issued) -> None:
    seen: list[str] = []
    event.listen(house.db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    for address in (f"/q/{exam.qr}", f"/s/{exam.pickup}", "/s", "/"):
        app.test_client().get(address)
    assert seen == []


def failing_posts(house: Services, exam: Issued) -> dict[str, tuple[str, dict[str, str]]]:
    expired = issued(house, "A8")
    revoked = issued(house, "A9")
    revoke(house, "A9")
    clock_of(house).advance(31 * 86400)
    live = issued(house, "A10")
    return {
        "unknown": ("/q/" + "A" * 26, WRONG),
        "malformed": ("/q/nothing-of-ours", WRONG),
        "revoked": (f"/q/{revoked.qr}", {"factor": revoked.factor}),
        "wrong": (f"/q/{live.qr}", WRONG),
        "empty": (f"/q/{issued(house, 'A11').qr}", {}),
        "expired": (f"/s/{expired.pickup}", {"phone": expired.phone, "factor": expired.factor}),
        "unknown pick-up": ("/s", {"phone": "13911112222", "pickup_code": "ABCDEF", "factor": "0028"}),
    }


def test_every_failure_looks_alike_and_costs_alike(house: Services, app: Flask, exam: Issued) -> None:
    statements: list[str] = []
    event.listen(house.db.engine, "before_cursor_execute", lambda *args: statements.append(args[2].split(" WHERE")[0]))
    answers, costs = set(), {}
    for name, (address, form) in failing_posts(house, exam).items():
        statements.clear()
        answer = app.test_client().post(address, data=form, environ_base={"REMOTE_ADDR": f"10.0.0.{len(costs)}"})
        answers.add((answer.status_code, answer.data, tuple(sorted(answer.headers.items()))))
        costs[name] = tuple(statements)
    assert len(answers) == 1, [answer[0] for answer in answers]
    assert len(set(costs.values())) == 1, {name: len(cost) for name, cost in costs.items()}


def test_five_wrong_in_a_row_pause_the_code_and_then_even_the_right_one_waits(
    house: Services, app: Flask, exam: Issued
) -> None:
    client = app.test_client()
    assert [client.post(f"/q/{exam.qr}", data=WRONG).status_code for _ in range(7)] == [403] * 5 + [429] * 2
    paused = client.post(f"/q/{exam.qr}", data={"factor": exam.factor})
    assert paused.status_code == 429
    assert 0 < int(paused.headers["Retry-After"]) <= 900
    clock_of(house).advance(901)
    assert client.post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 303


def test_an_unknown_code_is_paused_alike(app: Flask) -> None:
    client = app.test_client()
    assert [client.post("/q/" + "B" * 26, data=WRONG).status_code for _ in range(6)] == [403] * 5 + [429]


def test_fifty_parallel_guesses_get_no_more_than_five_comparisons(app: Flask, exam: Issued) -> None:
    answers: list[int] = []
    start = threading.Barrier(50)

    def guess(number: int) -> None:
        start.wait()
        answers.append(app.test_client().post(f"/q/{exam.qr}", data={"factor": f"{number:04d}"}).status_code)

    threads = [threading.Thread(target=guess, args=(number + 9000,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [403] * 5 + [429] * 45


def test_a_restart_resets_nothing(house: Services, app: Flask, exam: Issued) -> None:
    for _ in range(5):
        app.test_client().post(f"/q/{exam.qr}", data=WRONG)
    house.db.dispose()
    again = services(house.settings.var_dir)
    assert application(again).test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 429


def test_the_clock_set_back_neither_lifts_a_pause_nor_makes_it_endless(
    house: Services, app: Flask, exam: Issued
) -> None:
    for _ in range(5):
        app.test_client().post(f"/q/{exam.qr}", data=WRONG)
    clock_of(house).advance(-30 * 86400)
    assert app.test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 429
    clock_of(house).advance(901)
    assert app.test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 303


def revoke(house: Services, accession: str) -> None:
    with house.db.session() as session:
        row = repo.exam_by_accession(session, accession)
        assert row is not None
        house.access_codes.revoke_all(session, row, "staff:a", "lost")


def burn(house: Services, app: Flask, exam: Issued) -> None:
    """A stranger with a photographed QR tries ten times."""
    for _ in range(2):
        for _ in range(5):
            app.test_client().post(f"/q/{exam.qr}", data=WRONG, environ_base={"REMOTE_ADDR": "203.0.113.9"})
        clock_of(house).advance(901)


def newest_code(house: Services) -> str:
    house.worker.run_sweeps()  # the worker answers requests
    with house.db.read() as session:
        row = session.scalars(select(OneTimeCode).order_by(OneTimeCode.created_at.desc())).first()
        assert row is not None
    return house.verification.codes.one_time_code(row.id.bytes)


def test_a_stranger_burns_a_photographed_qr_and_the_patient_still_gets_in(
    house: Services, app: Flask, exam: Issued
) -> None:
    at_home = opened(app, exam)
    burn(house, app, exam)
    for factor in (exam.factor, "9999"):
        answer = app.test_client().post(f"/q/{exam.qr}", data={"factor": factor})
        assert answer.status_code == 429
        assert "send_code" in answer.text
    # the phone that opened it before
    assert at_home.post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 303
    # a new phone, by the code sent to the number on file
    new_phone = app.test_client()
    assert new_phone.post(f"/q/{exam.qr}", data={"action": "send_code"}).status_code == 200
    code = newest_code(house)
    assert new_phone.post(f"/q/{exam.qr}", data={"one_time_code": code}).status_code == 303
    # which also gave the knowledge factor back, and worked once
    assert app.test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 303
    assert app.test_client().post(f"/q/{exam.qr}", data={"one_time_code": code}).status_code == 403


def test_one_time_codes_are_three_a_day_and_tried_five_times(house: Services, app: Flask, exam: Issued) -> None:
    client = app.test_client()
    pages = {client.post(f"/q/{exam.qr}", data={"action": "send_code"}).data for _ in range(5)}
    pages.add(client.post("/q/" + "C" * 26, data={"action": "send_code"}).data)
    assert len(pages) == 1
    sweep(house)
    with house.db.read() as session:
        assert session.scalar(select(func.count()).select_from(OneTimeCode)) == 3
    for _ in range(5):
        assert client.post(f"/q/{exam.qr}", data={"one_time_code": "000000"}).status_code == 403
    assert client.post(f"/q/{exam.qr}", data={"one_time_code": newest_code(house)}).status_code == 403


def test_thirty_failures_from_an_address_ask_it_to_step_up_but_close_no_door(
    house: Services, app: Flask, exam: Issued
) -> None:
    hostile = {"REMOTE_ADDR": "2001:db8::1"}
    for number in range(30):
        code = "D" * 24 + chr(65 + number % 26) + chr(65 + number // 26)
        assert app.test_client().post(f"/q/{code}", data=WRONG, environ_base=hostile).status_code == 403
    neighbour = {"REMOTE_ADDR": "2001:db8::ffff"}
    answer = app.test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor}, environ_base=neighbour)
    assert answer.status_code == 429
    app.test_client().post(f"/q/{exam.qr}", data={"action": "send_code"}, environ_base=neighbour)
    stepped = {"one_time_code": newest_code(house)}
    assert app.test_client().post(f"/q/{exam.qr}", data=stepped, environ_base=neighbour).status_code == 303
    elsewhere = {"REMOTE_ADDR": "2001:db9::1"}
    assert (
        app.test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor}, environ_base=elsewhere).status_code == 303
    )


def test_without_a_session_everything_under_exams_is_404(app: Flask, exam: Issued) -> None:
    client = app.test_client()
    for address in (f"/exams/{exam.exam_id}", "/exams", f"/exams/{exam.exam_id}/manifest.json"):
        assert client.get(address).status_code == 404
    client.set_cookie("cf-patient", "eyJhbGciOiJub25lIn0.eyJzaWQiOiIxIn0.")
    assert client.get(f"/exams/{exam.exam_id}").status_code == 404


def test_with_one_patients_session_every_url_of_another_exam_is_404(house: Services, app: Flask, exam: Issued) -> None:
    other = issued(house, "B1", patient_name="王五", patient_id="P9")
    client = opened(app, exam)
    assert client.get(f"/exams/{exam.exam_id}").status_code == 200
    tried = 0
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/exams/"):
            continue
        values = {name: {"exam_id": other.exam_id, "fmt": "jpg"}.get(name, 1) for name in rule.arguments}
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            with app.test_request_context():
                address = app.url_map.bind("").build(rule.endpoint, values, method=method)
            assert client.open(address, method=method).status_code == 404, address
            tried += 1
    assert tried >= 8


def test_a_revoked_or_idle_session_ends_at_once(house: Services, app: Flask, exam: Issued) -> None:
    client = opened(app, exam)
    clock_of(house).advance(29 * 60)
    assert client.get(f"/exams/{exam.exam_id}").status_code == 200
    clock_of(house).advance(29 * 60)
    assert client.get(f"/exams/{exam.exam_id}").status_code == 200
    clock_of(house).advance(31 * 60)
    assert client.get(f"/exams/{exam.exam_id}").status_code == 404
    client = opened(app, exam)
    revoke(house, "A1")
    assert client.get(f"/exams/{exam.exam_id}").status_code == 404


def test_leaving_ends_the_session_and_needs_its_token(house: Services, app: Flask, exam: Issued) -> None:
    client = opened(app, exam)
    assert client.post(f"/exams/{exam.exam_id}/leave").status_code == 400
    token = client.get(f"/exams/{exam.exam_id}").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    assert client.post(f"/exams/{exam.exam_id}/leave", data={"csrf_token": token}).status_code == 200
    assert client.get(f"/exams/{exam.exam_id}").status_code == 404
    with house.db.read() as session:
        assert all(row.revoked_at for row in session.scalars(select(PatientSession)))


def test_an_identity_correction_ends_all_access(house: Services, app: Flask, exam: Issued) -> None:
    client = opened(app, exam)
    house.exams.register("A1", exam_input(exam_body(patient_name="赵六")), "machine:ris")
    assert client.get(f"/exams/{exam.exam_id}").status_code == 404
    assert app.test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 403


def test_the_database_holds_no_code_and_the_audit_log_no_value(house: Services, app: Flask, exam: Issued) -> None:
    opened(app, exam)
    app.test_client().post(f"/q/{exam.qr}", data=WRONG)
    house.db.dispose()
    raw = b"".join(path.read_bytes() for path in house.settings.var_dir.glob("cloudfilm.db*"))
    for secret in (exam.qr, exam.phone, "李娜", "120101196001020027"):
        assert secret.encode() not in raw
    with house.db.read() as session:
        actions = [row.action for row in session.scalars(select(AuditEvent))]
        assert {"access.granted", "access.failed", "code.issued"} <= set(actions)
        assert house.audit.verify(session) == []
        assert session.scalar(select(func.count()).select_from(AccessAttempts)) > 0
