"""The RIS' door against its own description: schemathesis makes requests of it, valid and invalid ones.

Nothing of it is a server error, and each answer is one that the description names. What is valid beyond doubt is
tests/contracts/test_openapi.py.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.security.permissions import Scope
from app.web.machine.ris.bodies import exam_input, report_input
from app.web.machine.ris.openapi import DOCUMENT, EXAMPLES
from tests.factories.access import application
from tests.factories.house import services

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
REQUESTS = int(os.environ.get("SOAK_REQUESTS", "25"))
"""Of each operation; tests/soak/described.py makes more."""
ACCESSION = "CT260302-001"
OPERATIONS = [found.ok() for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()]
WITHOUT_INPUT = {"GET /openapi.json"}
answers: Counter[tuple[str, int]] = Counter()


@schemathesis.serializer("application/pdf")
def _as_it_is(_context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    house = services(tmp_path_factory.mktemp("house"))
    house.exams.registration.register(ACCESSION, exam_input(EXAMPLES["Exam"]), "test")
    house.exams.reports.add(ACCESSION, report_input(EXAMPLES["Report"]), "test")
    yield application(house)
    house.pictures.renderer.close()
    house.db.dispose()


@pytest.fixture(scope="module")
def token(app: Flask) -> str:
    token: str = app.extensions["cloudfilm"].machines.tokens.create("all", set(Scope), "test")
    return token


@pytest.mark.hypothesis
@pytest.mark.parametrize(
    ("operation", "mode"),
    [
        pytest.param(operation, mode, id=f"{operation.label} {mode.value}")
        for operation in OPERATIONS
        for mode in GenerationMode
        if mode == GenerationMode.POSITIVE or operation.label not in WITHOUT_INPUT
    ],
)
def test_each_answer_is_one_that_the_description_names(
    operation: APIOperation[Any, Any, Any], mode: GenerationMode, app: Flask, token: str
) -> None:
    """Not `described.parametrize`: its tests all have one name, and of these a parallel run takes one."""

    strategies = [operation.as_strategy(generation_mode=mode)]
    if mode == GenerationMode.POSITIVE:
        strategies += operation.get_strategies_from_examples()

    @settings(max_examples=REQUESTS)
    @given(case=st.one_of(strategies))
    def ask(case: schemathesis.Case) -> None:
        answer = case.call(app=app, headers={"Authorization": f"Bearer {token}"})
        answers[operation.label, answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    ask()


def test_each_operation_was_asked_for_what_it_does_and_for_what_it_refuses() -> None:
    if not answers:
        pytest.skip("the requests above were not made")
    operations = {operation.label for operation in OPERATIONS}
    assert operations == {label for label, _ in answers}
    taken = {label for label, status in answers if status < 300}
    # no study is known here, and bytes at random are no sheet: tests/integration/paper/test_stamping.py
    assert taken >= operations - {"POST /studies/{study_uid}/complete", "POST /exams/{accession}/report-sheet"}
    assert answers["PUT /exams/{accession}", 400] >= 5
    assert answers["PUT /exams/{accession}/report", 400] >= 5
