"""Keeps a token of the official account in the database, where every process finds it. When one is fetched is decided
in wechat/tokens.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.clock import Clock
from app.database import Database
from app.repos.wechat import tokens as repo
from app.security.fields import FieldSealer, place_of
from wechat.tokens import Kept


class TokenName(StrEnum):
    ACCESS = "access"
    JSAPI = "jsapi"


@dataclass(frozen=True, kw_only=True)
class TokenShelf:
    """A `Shelf`. It decides nothing and raises DatabaseUnavailable."""

    db: Database
    clock: Clock
    fields: FieldSealer
    name: TokenName

    def read(self) -> Kept | None:
        with self.db.read() as session:
            row = repo.token(session, self.name)
        if row is None or row.value_sealed is None or row.expires_at is None:
            return None
        return Kept(self.fields.open_of(row, "value_sealed"), row.expires_at, row.refused_at)

    def claim(self, until: datetime) -> bool:
        with self.db.session() as session:
            repo.ensure(session, self.name)
            return repo.claim(session, self.name, self.clock.now(), until)

    def keep(self, kept: Kept) -> None:
        with self.db.session() as session:
            repo.ensure(session, self.name)
            row = repo.token(session, self.name)
            assert row is not None  # the line before made it
            sealed = self.fields.seal(kept.value, place_of(row, "value_sealed"))
            values = {"value_sealed": sealed, "expires_at": kept.expires_at, "refused_at": kept.refused_at}
            repo.change(session, self.name, leased_until=None, **values)

    def drop(self) -> None:
        with self.db.session() as session:
            repo.change(session, self.name, leased_until=None)
