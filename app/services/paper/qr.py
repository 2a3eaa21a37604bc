"""QR codes for paper, large and clear enough to scan from a thermal print (ISO/IEC 18004). Addresses are made in
`paper`."""

from __future__ import annotations

import io

import segno

QUIET_ZONE = 4
MILLIMETRES = 20.5
"""Printed width of the symbol without its quiet zone. To scan well it needs at least 20 mm."""
PIXELS_PER_MODULE = 10


def _qr(url: str) -> segno.QRCode:
    return segno.make_qr(url, error="m")


def svg(url: str) -> bytes:
    """An SVG whose symbol prints 20.5 mm wide, for every QR version."""
    code = _qr(url)
    buffer = io.BytesIO()
    scale = MILLIMETRES / code.symbol_size(border=0)[0]
    code.save(buffer, kind="svg", border=QUIET_ZONE, scale=scale, unit="mm", dark="#000", light="#fff", xmldecl=False)
    return buffer.getvalue()


def png(url: str) -> bytes:
    """A PNG in black on white, 10 pixels a module."""
    buffer = io.BytesIO()
    _qr(url).save(buffer, kind="png", border=QUIET_ZONE, scale=PIXELS_PER_MODULE)
    return buffer.getvalue()


def modules(url: str) -> list[list[bool]]:
    """Rows of modules (True is dark) without quiet zone, for drawing."""
    return [[bool(module) for module in row] for row in _qr(url).matrix]
