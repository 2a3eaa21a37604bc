"""`flask` commands: each reads its arguments, calls one service and prints a summary. The work is in app/services."""

from __future__ import annotations

from flask import Flask

from app.cli.archive import ingest, verify_archive
from app.cli.audit import verify_audit
from app.cli.backup import backup, restore
from app.cli.bind_fields import bind_fields
from app.cli.check import check_config, told_plainly
from app.cli.counts import verify_counts
from app.cli.scp import scp
from app.cli.sms_check import sms_check
from app.cli.staff import create_staff
from app.cli.tokens import create_token, list_tokens, revoke_token
from app.cli.wechat import wechat_check, wechat_menu
from app.cli.worker import worker

__all__ = ["register", "told_plainly"]


def register(app: Flask) -> None:
    tokens = (create_token, list_tokens, revoke_token)
    checks = (check_config, verify_audit, verify_archive, verify_counts)
    for command in (
        *checks,
        *tokens,
        create_staff,
        bind_fields,
        backup,
        restore,
        ingest,
        scp,
        worker,
        sms_check,
        wechat_check,
        wechat_menu,
    ):
        app.cli.add_command(command)
