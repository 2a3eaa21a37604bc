"""Whatever document a person is registered with, and however many phones: one person is bound."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.bootstrap import Services
from tests.factories.house import clock_of, services
from tests.factories.login import ID_NUMBER, NAME, answer, ask, bound, enter
from tests.factories.phone_door import digits_on, listed
from tests.factories.telling import correct, register

SECOND = "oSecond000000000000000000001"


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return services(tmp_path, wechat_notices="simulated")


@pytest.fixture
def app(house: Services) -> Flask:
    return create_app(house.settings, house)


@pytest.mark.parametrize(
    ("registered", "typed"),
    [
        ("11010519491231002X", "11010519491231002x"),
        ("11010519491231002X", "１１０１０５１９４９１２３１００２Ｘ"),
        ("110105491231002", "11010519491231002X"),
        ("E12345678", "e 1234 5678"),
        ("PE1234567", "PE1234567"),
        ("810000199408230021", "8100 0019 9408 2300 21"),
        ("H12345678", "h12345678"),
        ("FRA110077040123", "fra110077040123"),
    ],
    ids=[
        "X",
        "full width",
        "first generation",
        "passport",
        "another passport",
        "residence permit",
        "pass",
        "foreigner",
    ],
)
def test_a_person_is_bound_by_whatever_document_is_registered(
    house: Services, app: Flask, registered: str, typed: str
) -> None:
    register(house, patient_id_number=registered)
    client = app.test_client()
    enter(client, house)
    ask(client, NAME, typed)
    assert answer(client, digits_on(house)[-1], NAME, typed).status_code == 303
    assert len(listed(client)) == 1


def test_a_changed_phone_leaves_the_binding_and_the_next_digits_go_to_the_new_one(house: Services, app: Flask) -> None:
    register(house)
    client = bound(app, house)
    correct(house, patient_phone="13900000009")
    assert len(listed(client)) == 1
    other, old = app.test_client(), len(digits_on(house))
    enter(other, house, SECOND)
    clock_of(house).advance(61)
    ask(other)
    assert len(digits_on(house)) == old
    assert answer(other, digits_on(house, "13900000009")[-1], NAME, ID_NUMBER).status_code == 303


def test_a_person_with_two_phones_is_bound_by_that_of_the_newest_exam_and_sees_both(
    house: Services, app: Flask
) -> None:
    register(house)
    clock_of(house).advance(60)
    register(house, "A2", patient_id="P-OLD", patient_phone="13900000077")
    client = app.test_client()
    enter(client, house)
    ask(client)
    assert answer(client, digits_on(house, "13900000077")[-1]).status_code == 303
    assert len(listed(client)) == 2
