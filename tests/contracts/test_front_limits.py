"""Every form that a stranger may post is under the limit of nginx. What nginx makes of it is in tests/functional."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from tests.factories.house import services
from tests.factories.stranger_posts import posts_of_strangers
from tests.places import ROOT

LIMITED = re.compile(r"location ~ (\S+) \{\n[^}]*limit_req zone=cloudfilm_entry burst=100 nodelay;")
ASKED_FOR = ("/unbind", "/h", "/family", "/family/x/remove")
"""Of a session, or not built yet, but of the same kind."""


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    house = services(tmp_path)
    return create_app(house.settings, house)


def limited() -> re.Pattern[str]:
    [found] = LIMITED.findall((ROOT / "deploy" / "nginx.conf").read_text())
    return re.compile(found)


def test_every_form_of_strangers_is_under_the_limit(app: Flask) -> None:
    found = posts_of_strangers(app)
    assert {"/q/X", "/s", "/s/X", "/p", "/bind", "/g/X", "/d", "/t/X"} <= set(found)
    assert [path for path in (*found, *ASKED_FOR) if not limited().match(path)] == []


def test_a_form_that_nobody_put_under_the_limit_is_found(app: Flask) -> None:
    from app.web.guards import guarded_blueprint, public

    forgotten = guarded_blueprint("forgotten", __name__, public)
    forgotten.post("/forgotten/<code>")(lambda code: code)
    app.register_blueprint(forgotten)
    assert [path for path in posts_of_strangers(app) if not limited().match(path)] == ["/forgotten/X"]


@pytest.mark.parametrize(
    "path", ["/", "/exams/x/leave", "/staff/login", "/static/x", "/guest/x", "/hooks/wechat", "/px"]
)
def test_the_limit_is_of_nobody_else(path: str) -> None:
    assert not limited().match(path)
