"""Every call of a logger: a literal sentence, fields of the closed list, nothing put together from what was handled."""

from __future__ import annotations

import ast
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.jobs.steps import JOBS
from app.logs.lines import FIELDS, line_of
from tests.contracts.test_arrows import ROOT, sources
from tests.factories.house import services

LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log", "write"}
LOGGERS = {"log", "logger", "logging"}


def log_calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name) and called.id == "write":
            yield node  # a level that is chosen first: `write = log.debug if … else log.info`
        elif isinstance(called, ast.Attribute) and called.attr in LEVELS and logger_of(called) in LOGGERS:
            yield node


def logger_of(called: ast.Attribute) -> str:
    return called.value.id if isinstance(called.value, ast.Name) else ""


def faults(call: ast.Call) -> list[str]:
    found = []
    if len(call.args) != 1 or not isinstance(call.args[0], ast.Constant):
        found.append("its only argument must be a literal")
    elif "(withheld)" in line_of(record(str(call.args[0].value))):
        found.append("its sentence would be withheld: plain English words, no digits")
    names = {keyword.arg for keyword in call.keywords}
    found += [f"{name} is no field of app/logs/lines.py" for name in names - {*FIELDS, "exc_info"}]
    return found


def record(event: str) -> logging.LogRecord:
    return logging.LogRecord("app", logging.INFO, "", 0, {"event": event}, (), None)


@pytest.mark.parametrize("path", list(sources()), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_log_call_says_a_literal_and_known_fields(path: Path) -> None:
    for call in log_calls(ast.parse(path.read_text())):
        assert faults(call) == [], f"{path.relative_to(ROOT)}:{call.lineno}"


@pytest.mark.parametrize(
    "line",
    [
        'log.info(f"hello {name}")',
        'log.info("hello %s", name)',
        'log.info("hello " + name)',
        "log.info(text)",
        'log.info("hello", name=name)',
        'log.info("hello", **facts)',
        'log.info("hello 17")',
        'logging.error("hello %s", name)',
        'write("hello", name=name)',
    ],
)
def test_this_contract_sees_what_it_forbids(line: str) -> None:
    [call] = log_calls(ast.parse(line))
    assert faults(call)


def test_no_room_speaks_past_the_logger() -> None:
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                assert path.relative_to(ROOT).as_posix() == "app/demo/__main__.py", (
                    f"{path.relative_to(ROOT)}:{node.lineno}"
                )


def test_the_closed_words_are_those_in_use(tmp_path: Path) -> None:
    assert all(FIELDS["kind"](kind) for kind in JOBS)
    assert all(FIELDS["part"](part) for part in services(tmp_path).probes())
