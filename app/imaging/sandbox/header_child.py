"""The child's side of reading headers: it takes open files from its socket, answers with what they say, and ends with
its parent.

Before the first file arrives, the child binds its `hands`. A hostile header can kill only this process. Unlike a
decoding child it loads pydicom and reads files; it cannot open one. The parent's side is in `header_process` and
`header_pool`.
"""

from __future__ import annotations

import codecs
import gc
import json
import os
import socket
import sys
from contextlib import ExitStack
from typing import BinaryIO

from pydicom.charset import python_encoding

from app.dicom.part10 import HeaderLimits
from app.dicom.refusals import Refusal
from app.dicom.same_content import likeness
from app.dicom.text_bytes import GB18030, UTF8
from app.errors import RefusedObject
from app.imaging.evidence.kinds import SetAside
from app.imaging.evidence.reading import read_evidence
from app.imaging.header.described_objects import answer_described, is_about_described
from app.imaging.header.examined import examined
from app.imaging.header.stored_header import StoredQuestion, answer_of
from app.imaging.sandbox.hands import bind_hands, limit_processor_time
from app.imaging.sandbox.header_answers import parts_of, parts_of_refusal, parts_of_stored
from app.imaging.sandbox.header_protocol import MOST_FILES, Answer, evidence_in, receive_request
from app.imaging.sandbox.messages import READY, BrokenAnswer, send_answer


def serve(connection: socket.socket, time_limit_s: int, limits: HeaderLimits) -> None:
    """Answer requests until the parent closes the socket. The child ends when memory runs out: what is left of one
    object must not make the next one fail."""
    gc.disable()  # objects of pydicom hold no cycles to speak of, and looking for them takes a tenth of the time
    while (request := receive_request(connection)) is not None:
        limit_processor_time(time_limit_s)
        files, question = request
        try:
            kind, parts = answer(files, question, limits)
        except MemoryError:
            kind, parts = Answer.OUT_OF_MEMORY, []
        del files, request
        send_answer(connection, kind, parts)
        if kind == Answer.OUT_OF_MEMORY:
            return
        del parts
        gc.collect()  # while nobody waits


def answer(files: list[BinaryIO], question: bytes, limits: HeaderLimits) -> tuple[Answer, list[bytes]]:
    """Kind and parts of the answer to one request. Raises MemoryError."""
    with ExitStack() as opened:
        for file in files:
            opened.enter_context(file)
        try:
            if is_about_described(question):
                return Answer.STORED, parts_of_stored(answer_described(question, files))
            if (kind := evidence_in(question)) is not None:
                return Answer.EVIDENCE, read_evidence(files[0], kind, limits)
            if question:
                behind = files[1].read() if len(files) > 1 else b""
                told = answer_of(StoredQuestion.from_bytes(question), files[0], behind, limits)
                return Answer.STORED, parts_of_stored(told)
            if len(files) == 1:
                return Answer.EXAMINED, parts_of(examined(files[0], limits))
            mine, other = files
            return Answer.LIKENESS, [likeness(mine, other, limits).encode()]
        except SetAside as aside:
            return Answer.SET_ASIDE, [aside.fault.encode()]
        except RefusedObject as fault:
            if fault.reason == Refusal.NEEDS_TOO_MUCH_MEMORY:
                raise MemoryError from None
            return Answer.REFUSED, parts_of_refusal(fault)


def load_character_sets() -> None:
    """Python loads a character set at its first use. That must happen while the child can still open files."""
    for encoding in {*python_encoding.values(), UTF8, GB18030, "latin-1", "ascii"}:
        codecs.lookup(encoding)


def main() -> None:
    memory_limit_bytes, time_limit_s = int(sys.argv[1]), int(sys.argv[2])
    limits = HeaderLimits(**json.loads(sys.argv[3]))
    connection = socket.socket(fileno=0)
    load_character_sets()
    bind_hands(memory_limit_bytes, open_files=MOST_FILES)
    gc.collect()
    gc.freeze()
    connection.sendall(READY)
    try:
        serve(connection, time_limit_s, limits)
    except (MemoryError, OSError, BrokenAnswer):
        os._exit(1)
    os._exit(0)
