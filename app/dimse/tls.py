"""TLS for the DIMSE door (PS3.15 B.12: TLS 1.2 or newer). Connections are in `server`."""

from __future__ import annotations

import ssl

from app.config import Settings


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """The TLS context of the door; None when the settings name no certificate."""
    if not settings.dicom_tls_cert:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.dicom_tls_cert, settings.dicom_tls_key)
    return context
