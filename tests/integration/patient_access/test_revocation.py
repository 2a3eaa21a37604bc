"""A revocation wins over whatever is under way. That a revoked code opens nothing afterwards: desk/test_desk.py."""

from __future__ import annotations

import pytest
from flask import Flask

from app.bootstrap import Services
from app.repos.exams import exams as exam_repo
from tests.factories.access import WRONG, application, issued, opened, post, statuses
from tests.factories.telling import newest_text_code


@pytest.mark.parametrize("step_up", [False, True])
def test_a_revocation_between_comparing_and_opening_wins(
    house: Services, monkeypatch: pytest.MonkeyPatch, step_up: bool
) -> None:
    app, exam = application(house), issued(house)
    form = {"factor": exam.factor}
    if step_up:
        post(app, f"/q/{exam.qr}", {"action": "send_code"})
        form = {"one_time_code": newest_text_code(house)}
    module = "app.services.patient_access.verification.hmac.compare_digest"

    def revoke_meanwhile(one: bytes, other: bytes) -> bool:
        monkeypatch.undo()
        with house.db.session() as session:
            row = exam_repo.exam_by_accession(session, "A1")
            assert row is not None
            house.patient_access.codes.revoke_all(session, row, "staff:a", "lost")
        return one == other

    monkeypatch.setattr(module, revoke_meanwhile)
    assert statuses(app, f"/q/{exam.qr}", form, 1) == [403]


def test_revoking_ends_one_time_codes_that_are_on_their_way_and_forgets_devices(house: Services, app: Flask) -> None:
    exam = issued(house)
    phone = opened(app, exam)
    phone.post(f"/q/{exam.qr}", data={"action": "send_code"})
    code = newest_text_code(house)
    with house.db.session() as session:
        row = exam_repo.exam_by_accession(session, "A1")
        assert row is not None
        house.patient_access.codes.revoke_all(session, row, "staff:a", "lost")
    again = issued(house)
    assert phone.post(f"/q/{again.qr}", data={"one_time_code": code}).status_code == 403
    statuses(app, f"/q/{again.qr}", WRONG, 5)
    assert phone.post(f"/q/{again.qr}", data={"factor": again.factor}).status_code == 429
