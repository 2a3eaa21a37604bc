"""The parent believes nothing a decoding child says."""

from __future__ import annotations

import pickle
import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest

from app.imaging.display.render_spec import RenderSpec
from app.imaging.sandbox.messages import BrokenAnswer, receive_answer, send_answer
from app.imaging.sandbox.pool import _reason
from app.imaging.sandbox.protocol import PICTURES, Request, receive_request, send_request
from tests.factories.images import image_header


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    parent, child = socket.socketpair()
    with parent, child:
        yield parent, child


def soon() -> float:
    return time.monotonic() + 5


def test_requests_and_answers_arrive_as_they_were_sent(pair: tuple[socket.socket, socket.socket]) -> None:
    parent, child = pair
    request = Request(image_header(), 3, (RenderSpec(),), "token")
    frame = bytes(1_000_000)
    sender = threading.Thread(target=send_request, args=(parent, request, frame))
    sender.start()
    assert receive_request(child) == (request, frame)
    sender.join()
    send_answer(child, PICTURES, [b"one", b"", b"three"])
    assert receive_answer(parent, soon()) == (PICTURES, [b"one", b"", b"three"])


@pytest.mark.parametrize(
    "words",
    [
        pickle.dumps({"an": "object"}) * 10,
        struct.pack(">BIQ", PICTURES, 1, 1 << 62),
        struct.pack(">BI", PICTURES, 1 << 31),
        struct.pack(">BIQ", PICTURES, 1, 10) + b"cut",
        b"",
    ],
)
def test_an_answer_out_of_bounds_is_broken_and_allocates_nothing(
    pair: tuple[socket.socket, socket.socket], words: bytes
) -> None:
    parent, child = pair
    child.sendall(words)
    child.shutdown(socket.SHUT_WR)
    with pytest.raises(BrokenAnswer):
        receive_answer(parent, soon())


def test_a_late_answer_is_broken_however_slowly_it_drips(pair: tuple[socket.socket, socket.socket]) -> None:
    parent, child = pair
    child.sendall(struct.pack(">BIQ", PICTURES, 1, 100) + b"drip")
    started = time.monotonic()
    with pytest.raises(BrokenAnswer):
        receive_answer(parent, started + 0.1)
    assert time.monotonic() - started < 20


def test_a_child_is_told_that_its_parent_is_gone(pair: tuple[socket.socket, socket.socket]) -> None:
    parent, child = pair
    parent.close()
    assert receive_request(child) is None


def test_a_reason_from_a_child_is_cut_and_cleaned() -> None:
    assert _reason([b"JPEG: \x1b[31m\n\xff" + b"x" * 1000]).startswith("JPEG: [31m")
    assert len(_reason([b"x" * 1000])) == 100
    assert _reason([]) == ""
