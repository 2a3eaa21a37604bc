"""A command that fails prints one line on standard error and exits with 2, without a traceback.

Exit code 1 is the command's own answer (it found faults). An unexpected error stays an exception with its log line.
"""

from __future__ import annotations

import re
from typing import Any

import click

from app.errors import CloudFilmError


class NotDone(click.ClickException):
    exit_code = 2


class PlainCommand(click.Command):
    """Shows the message of a domain exception. Such a message quotes nothing that was typed, so it is safe to show."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CloudFilmError as error:
            raise NotDone(str(error) or _words(error)) from None


def _words(error: CloudFilmError) -> str:
    """NotFound: not found."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()
