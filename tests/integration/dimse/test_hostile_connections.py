"""Strangers at the DIMSE door: silent, slow, idle or endless. They never take the places of a modality."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
from pydicom import Dataset
from pynetdicom.association import Association
from pynetdicom.dsutils import encode

from app.dimse import bounds, places, scp
from deploy.testbed.ct import ct_file
from tests.factories.dicom_client import associate, send
from tests.factories.open_door import Open, stored

ELSEWHERE = "127.0.0.2"
VERIFICATION = "1.2.840.10008.1.1"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as open_things:
        yield open_things


def silent(stack: ExitStack, port: int, count: int, source: str = "127.0.0.1") -> list[socket.socket]:
    return [stack.enter_context(socket.create_connection(("127.0.0.1", port), 20, (source, 0))) for _ in range(count)]


def is_closed(connection: socket.socket) -> bool:
    try:
        while connection.recv(4096):
            pass
    except ConnectionResetError:
        pass
    except TimeoutError:
        return False
    return True


def p_data(fragment: bytes, control: int) -> bytes:
    """A P-DATA-TF with one fragment (PS3.8 9.3.5, E.2) of the first presentation context."""
    value = struct.pack(">IBB", len(fragment) + 2, 1, control) + fragment
    return struct.pack(">BBI", 4, 0, len(value)) + value


def command(field: int, has_data_set: bool) -> bytes:
    made = Dataset()
    made.AffectedSOPClassUID, made.CommandField, made.MessageID = VERIFICATION, field, 1
    made.CommandDataSetType = 1 if has_data_set else 0x0101
    written = encode(made, True, True)
    assert written is not None
    return struct.pack("<HHII", 0, 0, 4, len(written)) + written


def raw(association: Association) -> socket.socket:
    connection = association.dul.socket
    assert connection is not None
    assert connection.socket is not None
    return connection.socket


def ended(association: Association, within_s: float = 15) -> bool:
    until = time.monotonic() + within_s
    while time.monotonic() < until and association.is_established:
        time.sleep(0.05)
    return not association.is_established


@pytest.mark.parametrize("source", ["127.0.0.1", ELSEWHERE])
def test_silent_connections_never_keep_a_modality_out(open_door: Open, stack: ExitStack, source: str) -> None:
    door, services = open_door()
    connections = silent(stack, door.port, 100, source)
    association = associate(door.port)
    assert send(association, [ct_file()]) == [0]
    association.release()
    assert len(stored(services)) == 1
    assert sum(map(is_closed, connections[:50])) == 50  # the oldest made room


def test_a_silent_connection_is_cut_after_a_short_time(
    open_door: Open, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "NEGOTIATION_S", 0.2)
    door, _ = open_door()
    assert all(map(is_closed, silent(stack, door.port, 3)))


def test_an_address_has_so_many_associations_and_no_more_whatever_it_does_with_them(open_door: Open) -> None:
    door, _ = open_door()
    idle = [associate(door.port, bind_address=(ELSEWHERE, 0)) for _ in range(places.ASSOCIATIONS_OF_AN_ADDRESS + 2)]
    assert [each.is_established for each in idle] == [True] * places.ASSOCIATIONS_OF_AN_ADDRESS + [False] * 2
    assert idle[-1].is_rejected
    modality = associate(door.port)
    assert send(modality, [ct_file()]) == [0]
    modality.release()
    idle[0].release()
    again = associate(door.port, bind_address=(ELSEWHERE, 0))
    assert again.is_established
    for each in [*idle[1 : places.ASSOCIATIONS_OF_AN_ADDRESS], again]:
        each.release()


def test_idle_associations_of_many_addresses_make_room_for_a_modality(
    open_door: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "MAX_ASSOCIATIONS", 6)
    door, services = open_door()
    idle = [associate(door.port, bind_address=(f"127.0.0.{2 + number % 3}", 0)) for number in range(6)]
    assert all(each.is_established for each in idle)
    time.sleep(2 * places.IDLE_S)
    modality = associate(door.port)
    assert send(modality, [ct_file(), ct_file()]) == [0, 0]
    assert sum(ended(each, within_s=1) for each in idle) == 1
    again = [associate(door.port, bind_address=(f"127.0.0.{2 + number % 3}", 0)) for number in range(6)]
    assert not any(each.is_established for each in again)  # they have as many as the modality, or were idle before
    assert send(modality, [ct_file()]) == [0]
    modality.release()
    for each in idle:
        if each.is_established:
            each.release()
    assert len(stored(services)) == 3


def test_an_association_that_was_quiet_for_a_while_stores_and_ends_as_any_other(open_door: Open) -> None:
    door, services = open_door()
    association = associate(door.port)
    for _ in range(2):
        time.sleep(places.DROWSY_S + 1)
        assert send(association, [ct_file()]) == [0]
    time.sleep(places.DROWSY_S + 1)
    association.release()
    assert association.is_released
    assert len(stored(services)) == 2


def test_an_idle_association_ends_after_a_while(open_door: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scp, "NETWORK_TIMEOUT_S", 2)
    door, _ = open_door()
    assert ended(associate(door.port))


def test_a_message_that_comes_drop_by_drop_ends_its_association(
    open_door: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "WINDOW_S", 0.5)
    door, _ = open_door()
    whole = associate(door.port)
    line = raw(whole)
    line.sendall(p_data(command(0x30, has_data_set=False), 3)[:10])
    for _ in range(100):
        if not whole.is_established:
            break
        try:
            line.sendall(b"\0")
        except OSError:
            break
        time.sleep(0.1)
    assert ended(whole, within_s=5)


def test_small_fragments_of_a_message_that_never_ends_are_cut_too(
    open_door: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "WINDOW_S", 0.5)
    door, _ = open_door()
    association = associate(door.port)
    for _ in range(100):
        if not association.is_established:
            break
        try:
            raw(association).sendall(p_data(b"\0", 1))
        except OSError:
            break
        time.sleep(0.1)
    assert ended(association, within_s=5)


def test_endless_commands_end_their_association(open_door: Open) -> None:
    door, _ = open_door()
    association = associate(door.port)
    for _ in range(bounds.COMMAND_BYTES // 16_000 + 1):
        raw(association).sendall(p_data(bytes(16_000), 1))
    assert ended(association)


def test_a_large_data_set_of_a_message_that_stores_nothing_ends_its_association(open_door: Open) -> None:
    door, _ = open_door()
    association = associate(door.port)
    raw(association).sendall(p_data(command(0x20, has_data_set=True), 3))
    with suppress(OSError):  # it is cut in the middle
        for _ in range(bounds.DATASET_BYTES // 16_000 + 20):
            raw(association).sendall(p_data(bytes(16_000), 0))
    assert ended(association)


def test_messages_that_wait_for_no_answer_end_their_association(open_door: Open) -> None:
    door, _ = open_door()
    association = associate(door.port)
    with suppress(OSError):
        raw(association).sendall(p_data(command(0x30, has_data_set=False), 3) * 2000)
    assert ended(association)


def test_a_request_for_an_association_has_a_largest_size(open_door: Open, stack: ExitStack) -> None:
    door, _ = open_door()
    [connection] = silent(stack, door.port, 1)
    connection.sendall(b"\x01\x00" + struct.pack(">I", 300 * 1024))
    assert is_closed(connection)
