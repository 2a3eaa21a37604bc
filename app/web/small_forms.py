"""The forms people fill in are small: a limit that holds before anything of a request's body is read."""

from __future__ import annotations

from flask import request

MAX_FORM_BYTES = 4096


def limit() -> None:
    """For `before_request` of a blueprint; what is larger is answered 413 when it is asked for."""
    request.max_content_length = MAX_FORM_BYTES
