"""The forms people fill in are small: a limit that holds before anything of a request's body is read."""

from __future__ import annotations

from flask import request
from werkzeug.exceptions import LengthRequired

MAX_FORM_BYTES = 4096


def limit() -> None:
    """For `before_request` of a blueprint: larger forms are answered 413, those that do not say how large 411.

    Browsers always say it; a chunked body would be cut at the limit in silence.
    """
    request.max_content_length = MAX_FORM_BYTES
    if request.content_length is None and request.headers.get("Transfer-Encoding"):
        raise LengthRequired
