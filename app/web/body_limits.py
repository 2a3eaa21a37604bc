"""How large the body of a request may be. The limit is checked before the body is read. Views check what the body
holds."""

from __future__ import annotations

from flask import request
from werkzeug.exceptions import LengthRequired

MAX_FORM_BYTES = 4096
"""The forms people fill in are small."""


def limit_form() -> None:
    """Limit the body of a form. For `before_request` of a blueprint."""
    limit_body(MAX_FORM_BYTES)


def limit_body(most_bytes: int) -> None:
    """A larger body gets 413. A body without a stated length gets 411, because it would be cut off without notice."""
    request.max_content_length = most_bytes
    if request.content_length is None and request.headers.get("Transfer-Encoding"):
        raise LengthRequired
