"""How every `flask` command tells what it could not do: one line on standard error, exit code 2, no traceback.

Exit code 1 is a command's own answer (faults were found). What nobody foresaw stays an exception with its log line.
"""

from __future__ import annotations

import re
from typing import Any

import click

from app.errors import CloudFilmError


class NotDone(click.ClickException):
    exit_code = 2


class PlainCommand(click.Command):
    """The domain's exceptions quote nothing of what was typed, so that their words can be shown as they are."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CloudFilmError as error:
            raise NotDone(str(error) or _words(error)) from None


def _words(error: CloudFilmError) -> str:
    """NotFound: not found."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()
