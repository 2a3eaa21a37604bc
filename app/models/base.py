"""What every table shares: the declarative base, constraint names, UTC datetimes. No table lives here."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from string import ascii_lowercase, ascii_uppercase
from typing import Annotated, Any, ClassVar

from sqlalchemy import DateTime, Dialect, MetaData, String, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, validates
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC datetimes in Python; a naive value is refused. SQLite stores no zone, PostgreSQL timestamptz."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime: the database keeps aware UTC only")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime(), uuid.UUID: Uuid()}


_CAPITALS = str.maketrans(ascii_lowercase, ascii_uppercase)


def accession_key(number: str) -> str:
    """An accession number as numbers are compared: devices write capitals, and DICOM pads with spaces (PS3.5 6.2)."""
    return number.strip(" ").translate(_CAPITALS)


class NamedByAccession:
    """A row with an accession number, and the key by which others find it."""

    accession_number: Mapped[str]
    accession_key: Mapped[str] = mapped_column(
        String(64), index=True, server_default="", default=lambda row: _key_of_new(row.get_current_parameters())
    )

    @validates("accession_number")
    def _follow(self, _name: str, number: str) -> str:
        self.accession_key = accession_key(number)
        return number


def _key_of_new(columns: dict[str, Any]) -> str:
    return accession_key(columns["accession_number"])


UuidKey = Annotated[uuid.UUID, mapped_column(Uuid(), primary_key=True, default=uuid.uuid4)]
