"""Patients at the phone door, and strangers: what they post there and the digits that their phones get."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from app.bootstrap import Services
from tests.factories.telling import messages, sweep

PHONE = "13900000001"
NO_PATIENTS = "13800000009"


def ask(client: FlaskClient, phone: str = PHONE, source: str = "203.0.113.9") -> Any:
    """Ask for digits."""
    return client.post("/p", data={"phone": phone, "action": "send_code"}, environ_base={"REMOTE_ADDR": source})


def enter(client: FlaskClient, digits: str, factor: str = "0027", phone: str = PHONE) -> Any:
    form = {"phone": phone, "one_time_code": digits, "factor": factor}
    return client.post("/p", data=form, environ_base={"REMOTE_ADDR": "203.0.113.9"})


def digits_on(house: Services, phone: str = PHONE) -> list[str]:
    """The digits of every verification message that this phone got."""
    sweep(house)
    texts = [message.text for message in messages(house, "+86" + phone) if "验证码是" in message.text]
    return [text.partition("验证码是")[2][:6] for text in texts]


def inside(app: Flask, house: Services, factor: str = "0027", phone: str = PHONE) -> FlaskClient:
    """A browser that came in by the phone door."""
    client = app.test_client()
    assert ask(client, phone).status_code == 200
    answer = enter(client, digits_on(house, phone)[-1], factor, phone)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/exams")
    return client


def listed(client: FlaskClient) -> list[str]:
    """The ids on the list, in its order."""
    told = client.get("/exams", headers={"Accept": "application/json"}).json
    assert told is not None
    return [exam["id"] for exam in told["exams"]]
