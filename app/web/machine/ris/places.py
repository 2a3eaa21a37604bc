"""Where the RIS wants the QR on its own PDF: `page`, `x_mm`, `y_mm` of the query."""

from __future__ import annotations

import re

from flask import request

from app.errors import InvalidInput
from app.services.paper.stamped_pdf import Wanted

_MILLIMETRES = re.compile(r"\d{1,4}(\.\d{1,3})?\Z", re.ASCII)
_PAGE = re.compile(r"[1-9]\d?\Z", re.ASCII)


def wanted_place() -> Wanted:
    """Raises InvalidInput: for anything but numbers, and for one of both coordinates alone."""
    page, left, top = (request.args.get(name) for name in ("page", "x_mm", "y_mm"))
    if page is not None and not _PAGE.match(page):
        raise InvalidInput("page", "must be a number from 1 to 99")
    if (left is None) != (top is None):
        raise InvalidInput("x_mm, y_mm", "go together")
    if left is None or top is None:
        return Wanted(int(page or 1))
    if not _MILLIMETRES.match(left) or not _MILLIMETRES.match(top):
        raise InvalidInput("x_mm, y_mm", "must be millimetres")
    return Wanted(int(page or 1), float(left), float(top))
