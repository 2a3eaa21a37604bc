"""Bearer tokens of systems: who they are of, at every request as the database says now."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from app.bootstrap import Services
from app.errors import Unauthenticated
from app.models import MachineToken
from app.services.machines.tokens import MachineCaller
from tests.factories.house import services


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return services(tmp_path)


def test_a_token_names_its_system_and_scopes(house: Services) -> None:
    token = house.machines.tokens.create("pacs", {"upload", "read"}, "test")
    assert house.machines.tokens.authenticate(token) == MachineCaller("pacs", frozenset({"read", "upload"}))


def test_a_token_that_nobody_made_is_nobodys(house: Services) -> None:
    token = house.machines.tokens.create("pacs", {"upload"}, "test")
    for wrong in ("", token[:-1], token + "x", token.swapcase()):
        with pytest.raises(Unauthenticated):
            house.machines.tokens.authenticate(wrong)


def test_a_revoked_token_is_refused_from_the_next_request_on(house: Services) -> None:
    token = house.machines.tokens.create("pacs", {"upload"}, "test")
    house.machines.tokens.authenticate(token)
    with house.db.session() as session:
        session.execute(update(MachineToken).where(MachineToken.name == "pacs").values(revoked_at=house.clock.now()))
    with pytest.raises(Unauthenticated):
        house.machines.tokens.authenticate(token)
