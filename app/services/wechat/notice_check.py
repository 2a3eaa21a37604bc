"""Compares our notices with the templates of the official account, once a day: who changes a category there deletes its
templates, and then no notice goes out any more. The whole set-up is walked through by `flask wechat-check`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy.orm import Session

from app.clock import CHINA, Clock
from app.database import Database
from app.errors import NotAnswered, NoticesDiffer
from app.models.states import JobKind
from wechat.errors import CallError
from wechat.set_up import Finding

log = structlog.get_logger(__name__)

NOTICE_CHECK = JobKind.CHECK_NOTICES
FROM_H = 7
"""In the morning, before news is told."""


@dataclass(kw_only=True)
class NoticeCheck:
    """Decides when the templates are looked at. `look`: asks WeChat; None without notices. Raises NoticesDiffer,
    NotAnswered."""

    db: Database
    clock: Clock
    enqueue: Callable[[Session, str, str], None]
    look: Callable[[], Sequence[Finding]] | None
    _planned: str = field(default="", init=False)

    def plan_due(self) -> int:
        """Queue today's look, once for all workers. Returns 0: nothing waits for it."""
        local = self.clock.now().astimezone(CHINA)
        day = f"{local:%Y-%m-%d}"
        if self.look is None or local.hour < FROM_H or day == self._planned:
            return 0
        with self.db.session() as session:
            self.enqueue(session, NOTICE_CHECK, day)
        self._planned = day
        return 0

    def check(self) -> None:
        """A fault makes the job fail: the console and /metrics show it until somebody acts."""
        try:
            found = self.look() if self.look else ()
        except CallError as error:
            raise NotAnswered(f"WeChat says {error}") from None
        faults = [finding for finding in found if finding.is_fault]
        for fault in faults:
            log.error("a notice cannot be sent: its template is not as registered", notice=fault.detail)
        if faults:
            raise NoticesDiffer(", ".join(fault.detail for fault in faults))
