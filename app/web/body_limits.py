"""How large a request's body may be: a limit that holds before anything of it is read."""

from __future__ import annotations

from flask import request
from werkzeug.exceptions import LengthRequired

MAX_FORM_BYTES = 4096
"""The forms people fill in are small."""


def limit_form() -> None:
    """For `before_request` of a blueprint."""
    limit_body(MAX_FORM_BYTES)


def limit_body(most_bytes: int) -> None:
    """Larger bodies are answered 413, those that do not say how large they are 411: they would be cut in silence."""
    request.max_content_length = most_bytes
    if request.content_length is None and request.headers.get("Transfer-Encoding"):
        raise LengthRequired
