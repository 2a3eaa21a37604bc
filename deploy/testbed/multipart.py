"""Makes multipart bodies as DICOMweb clients send them, and splits multipart answers into parts. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterable

BOUNDARY = "edge-of-parts"
STOW_TYPE = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'


def body(files: Iterable[bytes], part_type: str | None = "application/dicom", boundary: str = BOUNDARY) -> bytes:
    header = f"Content-Type: {part_type}\r\n" if part_type else ""
    parts = [f"--{boundary}\r\n{header}\r\n".encode() + data + b"\r\n" for data in files]
    return b"".join(parts) + f"--{boundary}--\r\n".encode()


def take_apart(answer: bytes, content_type: str) -> list[tuple[dict[str, str], bytes]]:
    """(headers by lower-case name, content) of each part of a multipart answer."""
    boundary = content_type.split("boundary=")[1].split(";")[0].strip('"').encode()
    pieces = answer.split(b"--" + boundary)
    assert pieces[0] == b""
    assert pieces[-1].startswith(b"--")
    parts = []
    for piece in pieces[1:-1]:
        head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        lines = (line.partition(":") for line in head.decode().split("\r\n"))
        parts.append(({name.lower(): value.strip() for name, _, value in lines}, content.removesuffix(b"\r\n")))
    return parts
