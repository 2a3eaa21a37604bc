"""Tokens of systems at the command line: listed without being shown, and ended at once in servers that run."""

from __future__ import annotations

import hashlib

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from app import bootstrap
from app.bootstrap import Services
from app.models import AuditEvent, MachineToken
from tests.factories.access import application


def told(house: Services, *arguments: str) -> Result:
    """What a command says, in a process' worth of its own on the same database."""
    other = bootstrap.build(house.settings, house.clock)
    try:
        return application(other).test_cli_runner().invoke(args=list(arguments))
    finally:
        other.pictures.renderer.close()
        other.db.dispose()


def status(app: Flask, token: str) -> int:
    answer = app.test_client().get("/dicomweb/studies", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


@pytest.mark.parametrize("by", ["name", "fingerprint"])
def test_a_revoked_token_is_401_at_once_in_a_server_that_runs(house: Services, app: Flask, by: str) -> None:
    leaked, other = (told(house, "create-token", name, "read").stdout.strip() for name in ("viewer", "viewer2"))
    assert status(app, leaked) == 204
    which = "viewer" if by == "name" else hashlib.sha256(leaked.encode()).hexdigest()[:10].upper()
    assert told(house, "revoke-token", which).stdout == "revoked: viewer\n"
    assert status(app, leaked) == 401
    assert status(app, other) == 204
    with house.db.read() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "token.revoked")).one()
    assert (event.actor, event.subject) == ("cli", "machine:viewer")


def test_a_list_shows_no_token(house: Services) -> None:
    token = told(house, "create-token", "viewer", "read", "upload").stdout.strip()
    digest = hashlib.sha256(token.encode()).hexdigest()
    told(house, "create-token", "ris", "ris")
    told(house, "revoke-token", "ris")
    listed = told(house, "list-tokens").stdout
    lines = dict(line.split("\t")[1:5:3] for line in listed.splitlines())
    assert lines == {"viewer": "live", "ris": f"revoked {house.clock.now():%Y-%m-%d %H:%M} UTC"}
    assert digest[:12] in listed
    for secret in (token, token[:8], digest[:13]):
        assert secret not in listed
    with house.db.read() as session:
        assert session.scalars(select(AuditEvent).where(AuditEvent.action == "token.listed")).one().actor == "cli"


def test_which_token_has_to_be_said_clearly(house: Services) -> None:
    with house.db.session() as session:
        for name, start in (("a", b"\xaa\xbb\xcc\xdd\x01"), ("b", b"\xaa\xbb\xcc\xdd\x02")):
            row = MachineToken(name=name, token_hash=start + b"\0" * 27, scopes="ris", created_at=house.clock.now())
            session.add(row)
    for which, words in (("aabbccd", "no token"), ("aabbccdd", "several"), ("", "no token"), ("A", "no token")):
        result = told(house, "revoke-token", which)
        assert (result.exit_code, words in result.stderr) == (2, True), which
    assert told(house, "revoke-token", "aabbccdd02").stdout == "revoked: b\n"
    assert "revoked already" in told(house, "revoke-token", "b").stderr
    assert told(house, "create-token", "b", "ris").exit_code == 2
