"""What a door makes of a body takes at most a multiple of the body's bytes, as with the readers of DICOM files
(tests/unit/dicom/test_expansion.py). Time is not measured here.
"""

from __future__ import annotations

import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.cli.incoming_files import count, find
from app.errors import InvalidInput
from app.web.machine.dicomweb.multipart_related import Limits, read_parts
from app.web.machine.ris.bodies import exam_input, report_input
from sms.errors import InvalidCallback
from sms.tencent.callback import receipts_of

MIB = 1024 * 1024
FACTOR, CONSTANT = 64, 32 * MIB
"""A name of one letter in JSON is a text of fifty bytes. The constant is an archive's largest list of members, and a
member that is unpacked in memory."""

BODIES: dict[str, bytes] = {
    "many empty lists": b"[" + b"[]," * 80_000 + b"[]]",
    "lists in lists": b"[" * 100_000 + b"]" * 100_000,
    "many names": json.dumps({f"{n:x}": 0 for n in range(25_000)}).encode(),
    "a long number": b'{"patient": ' + b"9" * 250_000 + b"}",
    "a number of a large power": b'{"patient": 1e999999999}',
    "one long text": json.dumps({"findings": "\u4e00" * 80_000}).encode(),
    "text of combining marks": json.dumps({"findings": "\ufdfa" * 40_000}).encode(),
    "many receipts": json.dumps([{"sid": "1", "report_status": "SUCCESS"}] * 5_000).encode(),
}


def _parts(body: bytes, folder: Path) -> int:
    """Reads a part and lets it go, as the door does."""
    number = 0
    for part in read_parts(io.BytesIO(body), "edge", Limits(part_bytes=64 * MIB), folder):
        part.file.close()
        number += 1
    return number


def _json(reader: Callable[[Any], Any]) -> Callable[[bytes], Any]:
    return lambda body: reader(json.loads(body))


READERS: dict[str, Callable[[bytes], Any]] = {
    "exam": _json(exam_input),
    "report": _json(report_input),
    "receipts": _json(receipts_of),
}


def peak(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
    except (InvalidInput, InvalidCallback, ValueError, RecursionError):
        pass
    finally:
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return most


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("reader", READERS)
def test_a_body_of_json_takes_at_most_a_multiple_of_its_bytes(reader: str, kind: str) -> None:
    body = BODIES[kind]
    assert peak(lambda: READERS[reader](body)) <= FACTOR * len(body) + CONSTANT


def _multipart(count: int, head: bytes, size: int) -> bytes:
    return (b"--edge\r\n" + head + b"\r\n\r\n" + bytes(size) + b"\r\n") * count + b"--edge--\r\n"


@pytest.mark.parametrize(
    "body",
    [
        _multipart(4_000, b"Content-Type: a/b", 0),
        _multipart(2, b"Content-Type: a/b", 8 * MIB),
        _multipart(1, b"X: y\r\n" * 20_000 + b"Content-Type: a/b", 0),
        _multipart(1, b"Content-Type: " + b"a" * MIB, 0),
        b"--edge\r\n" + b"-" * 4 * MIB,
        b"\r\n" * 2 * MIB,
    ],
    ids=["many parts", "large parts", "many headers", "a long header", "no header's end", "no beginning"],
)
def test_a_multipart_body_takes_at_most_a_multiple_of_its_bytes(body: bytes, tmp_path: Path) -> None:
    assert peak(lambda: _parts(body, tmp_path)) <= 4 * len(body) + CONSTANT


def _archives(folder: Path) -> Iterator[Path]:
    for name, members, size in (("many", 5_000, 0), ("large", 2, 20 * MIB)):
        with zipfile.ZipFile(folder / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(members):
                archive.writestr(f"{number:x}", bytes(size))
        yield folder / f"{name}.zip"
    repeated = folder / "repeated.zip"
    repeated.write_bytes(_one_member_named_often(360_000))
    yield repeated


def _one_member_named_often(times: int) -> bytes:
    """A list of members that all are the same few bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a", b"b")
    data = made.getvalue()
    start, end = data.index(b"PK\1\2"), data.index(b"PK\5\6")
    entries = data[start:end] * times
    size = len(entries).to_bytes(4, "little")
    return data[:start] + entries + data[end : end + 12] + size + data[end + 16 :]


def test_an_archive_takes_at_most_a_multiple_of_its_bytes(tmp_path: Path) -> None:
    for path in _archives(tmp_path):
        size = path.stat().st_size
        assert peak(lambda path=path: [item.file.close() for item in find([path], spool=tmp_path)]) <= (  # type: ignore[misc]
            4 * size + CONSTANT
        ), path.name
        assert peak(lambda path=path: count([path])) <= 4 * size + CONSTANT, path.name  # type: ignore[misc]
