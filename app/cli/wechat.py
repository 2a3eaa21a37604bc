"""`flask wechat-check` and `flask wechat-menu`: set-up of the official account. The work is in wechat/."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from app.bootstrap import Services
from app.bootstrap.wechat import menu_of, set_up_of
from app.cli.plain import PlainCommand

WORDS = Path(__file__).resolve().parents[2] / "templates" / "wechat" / "check.toml"


def _words() -> dict[str, Any]:
    with WORDS.open("rb") as file:
        return tomllib.load(file)


@click.command("wechat-check", cls=PlainCommand)
@with_appcontext
def wechat_check() -> None:
    """Walk through the set-up of the official account and say what to mend. Exit 1 when something is wrong."""
    services: Services = current_app.extensions["cloudfilm"]
    words, is_faulty = _words(), False
    for finding in set_up_of(services.wechat):
        is_faulty = is_faulty or finding.is_fault
        detail = f"（{finding.detail}）" if finding.detail else ""
        mark = "✗" if finding.is_fault else "✓"
        click.echo(f"{mark} {words['steps'][finding.step]}：{words['results'][finding.result]}{detail}")
    if is_faulty:
        raise SystemExit(1)


@click.command("wechat-menu", cls=PlainCommand)
@click.option("--diff", "only_shows", is_flag=True, help="Only show what would change.")
@with_appcontext
def wechat_menu(only_shows: bool) -> None:
    """Put our entry into the menu of the account, beside those of others. Prints what changes."""
    services: Services = current_app.extensions["cloudfilm"]
    difference = menu_of(services.settings, services.wechat, _words()["menu_name"], only_shows=only_shows)
    click.echo(difference or "-")
