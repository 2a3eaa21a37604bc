"""No personal data and no secret reaches a log line, however it was handed to a logger."""

from __future__ import annotations

import logging
import sys
import uuid
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import requests
import structlog
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy.exc import StatementError

from app.logs.lines import FIELDS, WITHHELD
from tests.factories.leaks import leaks
from tests.factories.log_output import LogOutput, written
from tests.factories.personal import KINDS, secrets
from tests.factories.reach import must_reach, reached

ours = structlog.get_logger("app.tests")
foreign = logging.getLogger("somebody.else")
keys = st.one_of(st.sampled_from(sorted(FIELDS)), st.sampled_from([*KINDS, "note", "url"]), secrets)


def assert_silent(output: LogOutput, *secret: str) -> None:
    """A line was written, and no secret stands in it."""
    assert output.lines()
    assert leaks(secret, output.getvalue()) == []


@given(keys, secrets)
def test_a_secret_as_an_events_value_is_not_written(key: str, secret: str) -> None:
    with written() as output:
        ours.info("something happened", **{key: secret})
    assert_silent(output, secret)


@given(keys, secrets, st.sampled_from([dict.fromkeys, lambda s: {"a": {s[0]: s[0]}}, set, lambda s: [(s,)], str, repr]))
def test_a_secret_inside_nested_values_is_not_written(key: str, secret: str, nest: Callable[[Any], Any]) -> None:
    with written() as output:
        ours.warning("something happened", **{key: nest([secret])})
    assert_silent(output, secret)


@given(secrets)
def test_a_secret_as_a_key_is_not_written(secret: str) -> None:
    with written() as output:
        ours.info("something happened", **{secret: 1})
    assert_silent(output, secret)


@given(secrets.filter(lambda secret: not secret.isalpha()))
def test_an_event_that_is_no_plain_sentence_is_withheld(secret: str) -> None:
    """Letters alone could be a sentence: tests/contracts/test_log_calls.py holds that events are literals."""
    with written() as output:
        ours.info(f"hello {secret}")
    assert_silent(output, secret)
    assert output.lines()[0]["event"] == WITHHELD


def raised(secret: str) -> Exception:
    """An exception whose message, notes, cause, context and group members all hold the secret."""
    try:
        try:
            try:
                raise KeyError(secret)
            except KeyError:
                raise ValueError(f"no such thing: {secret}") from OSError(28, secret, secret)
        except ValueError as error:
            error.add_note(secret)
            raise ExceptionGroup(secret, [error, RuntimeError(secret)]) from None
    except ExceptionGroup as group:
        try:
            raise LookupError(secret)
        except LookupError as last:
            last.__cause__ = group
            return last


@given(secrets)
def test_an_exceptions_message_is_not_written_but_its_types_and_places_are(secret: str) -> None:
    error = raised(secret)
    with written() as output:
        ours.error("it failed", exc_info=error)
        try:
            raise error
        except LookupError:
            ours.exception("it failed")
            ours.error("it failed", exc_info=True)
            foreign.exception("it failed for %s", secret)
            foreign.error(error)
            foreign.critical("it failed", exc_info=error, stack_info=True, extra={"who": secret})
    assert_silent(output, secret)
    told = output.lines()[0]["exception"]
    for word in (
        "LookupError at logs/test_logs.py:",
        "ExceptionGroup",
        "ValueError",
        "OSError[ENOSPC]",
        "RuntimeError",
    ):
        assert word in told


@must_reach("looked for", times=10)
@given(secrets, st.sampled_from([logging.WARNING, logging.ERROR, logging.CRITICAL]))
def test_another_librarys_message_is_told_without_what_came_from_outside(secret: str, level: int) -> None:
    with written() as output:
        foreign.log(level, "no connection to %s (%s)", secret, secret)
        foreign.log(level, f"no connection to {secret}")
        foreign.log(level, secret)
        foreign.log(level, secret + "%s", "")
        foreign.log(level, "%(who)s", {"who": secret})
        foreign.log(level, "%d", secret)  # a fault in the caller: the standard library would print the arguments
        foreign.log(level, {"event": secret, "phone": secret})
    if not secret.isalpha():
        reached("looked for")
        assert_silent(output, secret)
    first = output.lines()[0]
    assert first["event"] == "no connection to %s (%s)"
    assert first["place"].startswith("logs/test_logs.py:")


@pytest.mark.parametrize("level", ["debug", "info"])
def test_other_libraries_speak_from_warning_on_only(level: str) -> None:
    with written(level) as output:
        foreign.info("body of %s", "a request")
        logging.getLogger("tencentcloud_sdk_common").debug("body of %s", "a request")
        ours.info("we speak")
    assert [line["event"] for line in output.lines()] == ["we speak"]


@given(secrets)
def test_warnings_of_the_interpreter_are_told_by_kind_and_place(secret: str) -> None:
    with written() as output, warnings.catch_warnings():
        warnings.simplefilter("always")
        from app.logs import configure

        configure("debug")  # catch_warnings had put the interpreter's own hook back
        warnings.warn(secret, RuntimeWarning, stacklevel=1)
    assert_silent(output, secret)
    assert output.lines()[0]["exception"] == "RuntimeWarning"
    assert output.lines()[0]["place"].startswith("logs/test_logs.py:")


@given(KINDS["wechat_app_id"], KINDS["wechat_secret"])
def test_the_secret_in_the_address_of_a_failed_http_call_is_not_written(app_id: str, secret: str) -> None:
    with written() as output:
        try:
            requests.get(f"http://127.0.0.1:1/token?appid={app_id}&secret={secret}", timeout=1)
        except requests.RequestException as error:
            ours.error("no token", exc_info=error)
            foreign.exception("no token")
            foreign.warning("retrying %r", error)
    assert_silent(output, app_id, secret)
    assert "ConnectionError" in output.lines()[0]["exception"]


@given(KINDS["name"], KINDS["phone"])
def test_the_parameters_of_a_failed_statement_are_not_written(name: str, phone: str) -> None:
    error = StatementError("refused", "INSERT INTO patients VALUES (?, ?)", [(name, phone)], ValueError(phone))
    with written() as output:
        ours.error("it failed", exc_info=error)
        foreign.error("it failed: %s", error)
    assert_silent(output, name, phone)


@given(secrets)
@example("K7M2QX")
def test_gunicorns_own_log_quotes_no_request(secret: str) -> None:
    server = logging.getLogger("gunicorn.error")
    server.propagate = False
    handler = logging.StreamHandler()
    server.addHandler(handler)
    try:
        with written() as output:
            handler.setStream(sys.stderr)
            server.warning(f"Invalid request from ip=1.2.3.4: Invalid HTTP request line: 'GET /q/{secret}'")
            try:
                raise ValueError(secret)
            except ValueError:
                server.exception("Error handling request %s", f"/q/{secret}")
    finally:
        server.removeHandler(handler)
        server.propagate = True
    assert_silent(output, secret, "1.2.3.4")
    assert output.lines()[1]["event"] == "Error handling request %s"


def test_what_a_field_allows_is_written() -> None:
    with written() as output:
        ours.info(
            "request",
            method="GET",
            route="/exams/<exam_id>/series/<int:n>/frames/<int:k>.<fmt>",
            status=200,
            ms=1.5,
            bytes=10,
            client="10.1.2.3",
            failure_code="FailedOperation.ContainSensitiveWord",
            tls=True,
            kind="prepare_study",
            exam=uuid.UUID(int=7),
        )
    line = output.lines()[0]
    assert WITHHELD not in line.values()
    assert line["route"].startswith("/exams/")
    assert line["exam"] == uuid.UUID(int=7).hex
