"""DICOM's codes for a refusal: C-STORE (PS3.4 B.2-1) and STOW-RS (PS3.18 I.2-2); MIB. Our reasons are in `refusals`."""

from __future__ import annotations

# Failure reasons of PS3.4 table B.2-1 (C-STORE status) and PS3.18 table I.2-2 (STOW-RS).
OUT_OF_RESOURCES = 0xA700


NOT_AS_PROMISED = 0xA900


CANNOT_UNDERSTAND = 0xC000


PROCESSING_FAILURE = 0x0110


MIB = 1024 * 1024
