"""Headers that take too much, or end the process that reads them, at each door: refused with their reason, kept in
quarantine, and the others of the same request are stored."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.bootstrap import Services
from app.dicom.refusals import Refusal
from app.dimse.scp import start_door
from app.errors import StoreUnavailable
from app.imaging.errors import ChildUnavailable
from app.imaging.sandbox.children import Children
from app.imaging.sandbox.header_process import HeaderChild
from app.repos.ingest import quarantine
from app.services.ingest.incoming import DoorName, Duplicate, IncomingObject, Refused, Stored, Superseding
from deploy.testbed.ct import ct_file, ct_slice, part10
from deploy.testbed.multipart import STOW_TYPE, body
from tests.factories.dicom_client import CALLING, associate, send
from tests.factories.door_app import bearer, door_app
from tests.factories.fragile_headers import CRASH, MEMORY, TIME, fragile
from tests.factories.open_door import stored

REASONS = {
    MEMORY: (Refusal.NEEDS_TOO_MUCH_MEMORY, 0xA700),
    TIME: (Refusal.TAKES_TOO_LONG, 0xA700),
    CRASH: (Refusal.READING_CRASHES, 0xC000),
}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    app, services = door_app(tmp_path, dicom_calling_aes=CALLING)
    with fragile(services):
        yield app
    services.db.dispose()


@pytest.fixture
def services(app: Flask) -> Services:
    found: Services = app.extensions["cloudfilm"]
    return found


def hostile(kind: str) -> bytes:
    return ct_file(SeriesDescription=kind)


def refusals(services: Services) -> list[str]:
    with services.db.read() as session:
        return sorted(item.reason for item in quarantine.all_items(session))


def kept(services: Services) -> list[bytes]:
    with services.db.read() as session:
        return [
            services.archive.objects.open(
                item.object_key, item.object_version, services.archive.data_keys.open(session, item.data_key_id)
            )
            for item in quarantine.all_items(session)
        ]


@pytest.mark.parametrize("kind", REASONS)
def test_over_stow_the_others_of_the_request_are_stored(app: Flask, services: Services, kind: str) -> None:
    reason, code = REASONS[kind]
    attack, good = hostile(kind), [ct_file() for _ in range(6)]
    headers = {"Content-Type": STOW_TYPE, **bearer(services, "upload")}
    answer = app.test_client().post("/dicomweb/studies", data=body([*good[:3], attack, *good[3:]]), headers=headers)
    assert answer.status_code == 202
    assert [item["00081197"]["Value"] for item in answer.json["0008119A"]["Value"]] == [[code]]
    assert len(stored(services)) == 6
    assert refusals(services) == [reason]
    assert kept(services) == [attack]


@pytest.mark.parametrize("kind", REASONS)
def test_over_dimse_the_association_goes_on(services: Services, kind: str) -> None:
    reason, code = REASONS[kind]
    door = start_door(services.settings, services.ingest.ingest)
    try:
        association = associate(door.port)
        assert send(association, [ct_file(), hostile(kind), ct_file()]) == [0, code, 0]
        association.release()
    finally:
        door.stop(grace_s=2)
    assert len(stored(services)) == 2
    assert refusals(services) == [reason]


@pytest.mark.parametrize("kind", REASONS)
def test_on_the_command_line_the_other_files_are_taken(
    app: Flask, services: Services, kind: str, tmp_path: Path
) -> None:
    reason, _ = REASONS[kind]
    sent = tmp_path / "sent"
    sent.mkdir()
    for name, data in {"a": ct_file(), "b": hostile(kind), "c": ct_file()}.items():
        (sent / name).write_bytes(data)
    done = app.test_cli_runner().invoke(args=["ingest", str(sent)])
    assert done.exit_code == 1
    assert "2 stored" in done.output
    assert len(stored(services)) == 2
    assert refusals(services) == [reason]


def test_objects_that_kill_each_child_in_turn_cost_no_good_object(services: Services) -> None:
    files = [hostile(kind) if kind else ct_file() for kind in [CRASH, "", MEMORY, "", CRASH, "", "", CRASH] * 2]
    outcomes = services.ingest.ingest.receive(
        [IncomingObject(io.BytesIO(file)) for file in files], DoorName.CLI, "test"
    )
    assert [type(outcome) for outcome in outcomes] == [
        Refused,
        Stored,
        Refused,
        Stored,
        Refused,
        Stored,
        Stored,
        Refused,
    ] * 2


def test_a_second_version_that_cannot_be_read_is_kept_apart_and_the_next_one_taken(services: Services) -> None:
    """The stored one stays as it is; a header that cannot be read is no new version."""
    good = ct_slice()
    assert isinstance(receive(services, part10(good)), Stored)
    good.SeriesDescription = CRASH
    assert isinstance(receive(services, part10(good)), Refused)
    good.SeriesDescription = "corrected"
    assert isinstance(receive(services, part10(good)), Superseding)
    assert isinstance(receive(services, part10(good)), Duplicate)


def receive(services: Services, file: bytes) -> object:
    [outcome] = services.ingest.ingest.receive([IncomingObject(io.BytesIO(file))], DoorName.STOW, "test")
    return outcome


def test_when_no_child_can_start_nothing_is_blamed_and_nothing_acknowledged(services: Services) -> None:
    def no_child() -> HeaderChild:
        raise ChildUnavailable("none")

    pool = services.ingest.reader
    fragile_ones, pool._children = pool._children, Children(2, 10, no_child)
    with pytest.raises(StoreUnavailable):
        receive(services, ct_file())
    pool._children = fragile_ones
    assert refusals(services) == []
    assert isinstance(receive(services, ct_file()), Stored)
