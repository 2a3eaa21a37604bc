"""Lists the objects in quarantine. Objects are put there by `ingest`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from app.database import Database
from app.models import QuarantineItem
from app.repos.ingest import quarantine as repo
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import WHOLE_QUARANTINE
from app.services.paging import TOP, Asked, Key, Page, paged

MOST = 500
SHOWN = 50


@dataclass(frozen=True, kw_only=True)
class Quarantine:
    """Decides nothing: it lists refused objects. Raises InvalidInput."""

    db: Database
    audit: Audit

    def newest(self, actor: str) -> list[QuarantineItem]:
        """At most 500 items without their bytes, newest first. Reading them is audited."""
        return list(self._read(actor, TOP, MOST).rows)

    def page(self, actor: str, asked: Asked = TOP) -> Page[QuarantineItem]:
        """The same for the console, 50 on a page. Raises InvalidInput (no key of a page)."""
        return self._read(actor, asked, SHOWN)

    def _read(self, actor: str, asked: Asked, size: int) -> Page[QuarantineItem]:
        with self.db.session() as session:
            page = paged(asked, size, partial(repo.newest, session), _key_of)
            count = len(page.rows)
            self.audit.record(
                session, Action.MACHINE_READ, actor=actor, subject=WHOLE_QUARANTINE, what="list", count=count
            )
            return page


def _key_of(item: QuarantineItem) -> Key:
    return item.received_at, item.id
