"""How far the binding of sealed fields to their rows is. The fields themselves are columns of the other tables."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class FieldBinding(Base):
    """The single row that tells all processes which form they write. Whoever can write the database can turn it back:
    what ends the first form for good stands in the key file."""

    __tablename__ = "field_binding"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    phase: Mapped[str] = mapped_column(String(8))
    """`BindingPhase` of app/security/fields.py"""
