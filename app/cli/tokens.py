"""`flask create-token`, `list-tokens`, `revoke-token`: bearer tokens of systems. The work: app/services/machines."""

from __future__ import annotations

from datetime import datetime

import click
from flask import current_app
from flask.cli import with_appcontext

from app.bootstrap import Services
from app.cli.plain import PlainCommand
from app.services.machines.tokens import MachineTokens


def _tokens() -> MachineTokens:
    services: Services = current_app.extensions["cloudfilm"]
    return services.machines.tokens


@click.command("create-token", cls=PlainCommand)
@with_appcontext
@click.argument("name")
@click.argument("scopes", nargs=-1, required=True)
def create_token(name: str, scopes: tuple[str, ...]) -> None:
    """Make a bearer token for a system. SCOPES: upload, read, ris. It is shown once."""
    click.echo(_tokens().create(name, set(scopes), actor="cli"))


@click.command("list-tokens", cls=PlainCommand)
@with_appcontext
def list_tokens() -> None:
    """Fingerprint (start of the SHA-256), name, scopes and times of every token; never a token."""
    for token in _tokens().listed(actor="cli"):
        state = f"revoked {_written(token.revoked_at)}" if token.revoked_at else "live"
        click.echo("\t".join((token.fingerprint, token.name, token.scopes, _written(token.created_at), state)))


@click.command("revoke-token", cls=PlainCommand)
@with_appcontext
@click.argument("which")
def revoke_token(which: str) -> None:
    """End a token at once. WHICH: its name, or the first 8 or more digits of its SHA-256 (as list-tokens shows)."""
    click.echo(f"revoked: {_tokens().revoke(which, actor='cli')}")


def _written(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
