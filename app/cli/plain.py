"""A command that fails prints one line on standard error and exits with 2, without a traceback.

Exit code 1 means that the command worked and found faults. An unexpected error stays an exception with its log line.
"""

from __future__ import annotations

import re
from typing import Any

import click

from app.errors import CloudFilmError


class NotDone(click.ClickException):
    exit_code = 2


class PlainCommand(click.Command):
    """A command that prints the message of a domain exception. This is safe: such a message quotes nothing typed."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CloudFilmError as error:
            raise NotDone(str(error) or _words(error)) from None


def _words(error: CloudFilmError) -> str:
    """The error's class name as words: `NotFound` gives "not found"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()
