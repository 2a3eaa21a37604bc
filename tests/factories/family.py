"""Two people with an exam each, who come in by the phone door, and what they post on the family's page."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from app.bootstrap import Services
from tests.factories.phone_door import inside
from tests.factories.sharing import form_token
from tests.factories.telling import messages, register, sweep

MOTHER = {
    "name": "赵敏芝",
    "id_number": "120101196001020043",
    "phone": "13900000002",
    "patient_id": "P2",
    "birth_date": "1960-01-02",
}
CHILD = {
    "name": "李小宝",
    "id_number": "120101201806010014",
    "phone": "13900000003",
    "patient_id": "P3",
    "birth_date": "2018-06-01",
    "sex": "M",
}


def registered(house: Services, accession: str, person: dict[str, str]) -> str:
    """An exam of a person; its id."""
    return register(
        house, accession, **{f"patient_{name}" if name != "patient_id" else name: text for name, text in person.items()}
    ).hex


def daughter(app: Flask, house: Services) -> FlaskClient:
    """A browser of 李娜, who came in by the phone door."""
    return inside(app, house)


def mother(app: Flask, house: Services) -> FlaskClient:
    return inside(app, house, "0043", MOTHER["phone"])


def post(client: FlaskClient, person: dict[str, str] = MOTHER, **more: str) -> Any:
    form = {"name": person["name"], "id_number": person["id_number"], "relation": "parent", **more}
    return client.post("/family", data={"csrf_token": form_token(client, "/family"), **form})


def ask(client: FlaskClient, person: dict[str, str] = MOTHER) -> Any:
    return post(client, person, action="send_code")


def family_digits(house: Services, phone: str = MOTHER["phone"]) -> list[str]:
    """The digits that this phone got for relatives."""
    sweep(house)
    texts = [message.text for message in messages(house, "+86" + phone) if "亲友申请" in message.text]
    return [text.partition("验证码是")[2][:6] for text in texts]


def added(client: FlaskClient, house: Services, person: dict[str, str] = MOTHER) -> None:
    """The person is a member of this browser's family from now on."""
    assert ask(client, person).status_code == 200
    done = post(client, person, one_time_code=family_digits(house, person["phone"])[-1])
    assert (done.status_code, done.headers["Location"]) == (303, "/family")


def grants(client: FlaskClient) -> list[str]:
    """The ids on the page, of both sides."""
    return re.findall(r'action="/family/([0-9a-f]{32})/remove"', client.get("/family").text)


def remove(client: FlaskClient, grant_id: str) -> Any:
    return client.post(f"/family/{grant_id}/remove", data={"csrf_token": form_token(client, "/family")})


def looks_of(client: FlaskClient, exam_id: str) -> list[tuple[str, str]]:
    told = client.get(f"/exams/{exam_id}/looks", headers={"Accept": "application/json"}).get_json()
    return [(look["how"], look["who"]) for look in told["looks"]]
