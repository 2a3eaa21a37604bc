"""The console's forms have a session; nobody else's request has one."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import session

from tests.factories.access import application
from tests.factories.house import services


def test_a_session_is_there_for_the_console_and_refuses_to_be_written_elsewhere(tmp_path: Path) -> None:
    app = application(services(tmp_path))
    with app.test_request_context("/staff/login"):
        session["csrf_token"] = "x"
        assert session["csrf_token"] == "x"
    for path in ("/", "/exams/0123", "/dicomweb/studies"):
        with app.test_request_context(path):
            assert session.get("csrf_token") is None
            with pytest.raises(RuntimeError):
                session["csrf_token"] = "x"
