"""Ids of rows as they stand in addresses."""

from __future__ import annotations

import uuid

from app.errors import NotFound


def row_id(text: str) -> uuid.UUID:
    """The id in a part of an address, hexadecimal. Raises NotFound: what is no id names nothing."""
    try:
        return uuid.UUID(hex=text)
    except ValueError:
        raise NotFound from None
