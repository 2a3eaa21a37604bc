"""Reads the ids of rows in addresses. Services look the rows up."""

from __future__ import annotations

import uuid

from app.errors import NotFound


def row_id(text: str) -> uuid.UUID:
    """The id in a part of an address, hexadecimal. Raises NotFound when the text is not an id."""
    try:
        return uuid.UUID(hex=text)
    except ValueError:
        raise NotFound from None
