"""The child's side of `stamping`: takes one PDF from its socket, answers with the stamped one or a reason, and ends.

Before the first byte arrives it binds its hands: memory, processor time, files, system calls.
"""

from __future__ import annotations

import io
import json
import os
import socket
import struct
import sys

from pypdf import PdfWriter

from app.imaging.sandbox.hands import bind_hands, limit_processor_time
from app.imaging.sandbox.messages import READY, receive, send_answer
from app.services.paper.marked_areas import OddPage
from app.services.paper.stamped_pdf import Unstampable, Wanted, stamped

DONE, REFUSED = 0, 1
LENGTHS = struct.Struct(">IQ")
"""Of what is wanted, as JSON, and of the file."""


def answer(said: bytes, pdf: bytes) -> tuple[int, bytes]:
    asked = json.loads(said)
    try:
        wanted = Wanted(asked["page"], asked["left_mm"], asked["top_mm"])
        return DONE, stamped(pdf, asked["modules"], asked["symbol_mm"], asked["quiet"], wanted)
    except (Unstampable, OddPage) as error:
        return REFUSED, str(error).encode()
    except MemoryError:
        raise
    except Exception:  # pypdf meets odd files; its texts quote them
        return REFUSED, b"cannot be read"


def load_pypdf() -> None:
    """pypdf loads parts of itself at their first use. That must happen while the child can still open files."""
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(595, 842)
    writer.write(out)
    modules = [[True] * 25] * 25
    once = stamped(out.getvalue(), modules, 20.0, 4, Wanted())
    stamped(once, modules, 20.0, 4, Wanted())


def main() -> None:
    memory_limit_bytes, time_limit_s = int(sys.argv[1]), int(sys.argv[2])
    connection = socket.socket(fileno=0)
    load_pypdf()
    bind_hands(memory_limit_bytes)
    connection.sendall(READY)
    try:
        said, length = LENGTHS.unpack(receive(connection, LENGTHS.size))
        limit_processor_time(time_limit_s)
        kind, part = answer(receive(connection, said), receive(connection, length))
        send_answer(connection, kind, [part])
    except (MemoryError, OSError, RecursionError):
        os._exit(1)
    os._exit(0)
