"""Every `flask` command says in one line what it could not do: exit code 2, no traceback, nothing of what was typed."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from flask import Flask

from app.bootstrap import Services
from app.cli.plain import PlainCommand
from app.errors import DatabaseUnavailable
from tests.factories.access import application
from tests.factories.house import services

SECRET = "hunter2-hunter2"
OURS = {
    "backup",
    "bind-fields",
    "check-config",
    "create-staff",
    "create-token",
    "ingest",
    "list-tokens",
    "restore",
    "revoke-token",
    "scp",
    "sms-check",
    "verify-archive",
    "verify-audit",
    "verify-counts",
    "wechat-check",
    "wechat-menu",
    "worker",
}


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return services(tmp_path)


@pytest.fixture
def app(house: Services) -> Flask:
    return application(house)


def test_every_command_of_ours_is_a_plain_one(app: Flask) -> None:
    assert {name for name, command in app.cli.commands.items() if isinstance(command, PlainCommand)} == OURS
    assert {name for name, command in app.cli.commands.items() if type(command) is click.Command} == set()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["create-token", "pacs", SECRET], "scopes: must be some of read ris upload"),
        (["create-token", SECRET * 5, "ris"], "name: must be 1 to 64 printable characters"),
        (["create-token", " ", "ris"], "name: must be 1 to 64 printable characters"),
        (["create-token", "taken", "ris"], "a token of this name exists"),
        (["revoke-token", SECRET], "no token of this name or fingerprint"),
        (["create-staff", f"{SECRET}!", "desk"], "username: must be 2 to 32 small letters"),
        (["create-staff", "--reset", SECRET, "desk"], "not found"),
    ],
)
def test_what_could_not_be_done_is_one_line_on_standard_error(
    house: Services, app: Flask, arguments: list[str], told: str
) -> None:
    house.machines.tokens.create("taken", {"read"}, "test")
    result = app.test_cli_runner().invoke(args=arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"Error: {told}")
    assert result.stderr.count("\n") == 1
    assert SECRET not in result.output


@pytest.mark.parametrize("command", ["list-tokens", "verify-audit", "verify-archive", "verify-counts"])
def test_a_database_that_fails_is_told_so(
    house: Services, app: Flask, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("the database failed")

    for way in ("session", "read"):
        monkeypatch.setattr(house.db.__class__, way, fail)
    result = app.test_cli_runner().invoke(args=[command])
    assert result.exit_code == 2
    assert "Error: the database failed\n" in result.stderr
    assert "Traceback" not in result.output
