"""Answers in gzip for a client that takes it (RFC 9110 8.4.1). Texts only: pixels are mostly compressed already."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from flask import Response, request

_TEXTS = ("application/dicom+json", "application/json", "application/dicom+xml", "text/")
_GZIP = 16 + zlib.MAX_WBITS


def gzipped(response: Response) -> Response:
    """The answer, compressed piece by piece where client and content allow it."""
    content = response.headers.get("Content-Type", "")
    is_text = content.startswith(_TEXTS) or content.startswith('multipart/related; type="application/dicom+xml"')
    if not is_text or response.status_code != 200:
        return response
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] <= 0:
        return response
    response.response = _compressed(response.iter_encoded())
    response.headers.pop("Content-Length", None)
    response.content_encoding = "gzip"
    etag, _ = response.get_etag()
    if etag:
        response.set_etag(etag, weak=True)
    return response


def _compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=_GZIP)
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()
