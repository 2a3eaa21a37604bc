"""WeChat users who log in, in a house with a simulated WeChat in this process: what their browser asks for."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from flask.testing import FlaskClient

from app.bootstrap import Services
from app.services.wechat.states import LeadsTo
from tests.factories.phone_door import digits_on

OPENID = "oFresh0000000000000000000001"
NAME, ID_NUMBER = "李娜", "120101196001020027"
BROWSER = "browser-of-a-test"


def authorised(house: Services, address: str, openid: str = OPENID) -> tuple[str, str]:
    """Code and state with which WeChat leads back after this address."""
    assert house.simulation.wechat is not None
    asked = address.partition("#")[0] + f"&as={openid}"
    answer = house.simulation.wechat.session.get(asked, allow_redirects=False, timeout=5)
    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    return back["code"][0], back["state"][0]


def logged_in(house: Services, openid: str = OPENID) -> Any:
    """A login without pages; its row's id."""
    login = house.wechat.login
    assert login is not None
    code, state = authorised(house, login.address(LeadsTo.EXAMS, BROWSER), openid)
    return login.finish(code, state, BROWSER, "203.0.113.9")


def enter(client: FlaskClient, house: Services, openid: str = OPENID, to: str = "exams") -> Any:
    """The whole way from the menu: the answer of the callback."""
    asked = client.get(f"/wx/enter?to={to}")
    assert asked.status_code == 302
    code, state = authorised(house, asked.headers["Location"], openid)
    return client.get("/wx/callback", query_string={"code": code, "state": state})


def ask(client: FlaskClient, name: str = NAME, id_number: str = ID_NUMBER) -> Any:
    return client.post("/bind", data={"name": name, "id_number": id_number, "action": "send_code"})


def answer(client: FlaskClient, digits: str, name: str = NAME, id_number: str = ID_NUMBER) -> Any:
    return client.post("/bind", data={"name": name, "id_number": id_number, "one_time_code": digits})


def bound(app: Flask, house: Services, openid: str = OPENID) -> FlaskClient:
    """A browser of 李娜, who came from the menu and was bound."""
    client = app.test_client()
    assert enter(client, house, openid).headers["Location"] == "/bind"
    assert ask(client).status_code == 200
    done = answer(client, digits_on(house)[-1])
    assert (done.status_code, done.headers["Location"]) == (303, "/exams")
    return client


def csrf(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/exams").text)
    assert found
    return found[1]
