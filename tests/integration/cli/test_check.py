"""`flask check-config` as an operator sees it: a line when all is well, else every fault on its own, no traceback.

What it finds at an open front door is in tests/functional/test_who_is_asking.py.
"""

from __future__ import annotations

import platform
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakeredis import TcpFakeServer
from structlog.testing import capture_logs

from deploy.testbed.processes import finished, free_port
from tests.factories.door_app import door_app
from tests.factories.production import WITHOUT_KEYS, production

SECRET = "hunter2-hunter2"


def flask(command: str, environment: dict[str, str]) -> tuple[int, list[str]]:
    """Exit code and lines of a command in a process of its own."""
    code, said = finished([sys.executable, "-m", "flask", command], environment)
    assert "Traceback" not in said
    assert SECRET not in said
    return code, said.splitlines()


@pytest.fixture
def redis_url() -> Iterator[str]:
    server = TcpFakeServer(("127.0.0.1", 0))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"redis://127.0.0.1:{server.server_address[1]}/0"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def closed_door() -> dict[str, str]:
    """An environment whose front door is shut, as before the first start."""
    return {"CLOUDFILM_BASE_URL": f"https://127.0.0.1:{free_port()}"}


def test_usable_settings_give_one_line_a_note_on_the_shut_front_door_and_0(tmp_path: Path) -> None:
    door = closed_door()
    code, lines = flask("check-config", production(tmp_path) | door)
    assert (code, lines[0]) == (0, "settings are usable (production); database, store, queue answer")
    [note] = lines[1:]
    told = f"NOTE: the front door at {door['CLOUDFILM_BASE_URL']} does not answer (ConnectionRefusedError)"
    assert note == f"{told}: what address it sees was not checked"


def test_the_demos_front_door_is_not_asked(tmp_path: Path) -> None:
    code, lines = flask("check-config", {"CLOUDFILM_PROFILE": "demo", "CLOUDFILM_VAR_DIR": str(tmp_path)})
    assert (code, lines) == (0, ["settings are usable (demo); database, store, queue answer"])


def test_redis_is_asked_where_it_is_set(tmp_path: Path, redis_url: str) -> None:
    code, lines = flask("check-config", {**production(tmp_path), **closed_door(), "CLOUDFILM_REDIS_URL": redis_url})
    assert (code, lines[0]) == (0, "settings are usable (production); database, store, redis, queue answer")


@pytest.mark.parametrize("command", ["check-config", "worker", "scp"])
def test_every_fault_of_the_settings_has_a_line_of_its_own(tmp_path: Path, command: str) -> None:
    """Whatever the command: none of them gets so far as to run."""
    faulty = {
        **WITHOUT_KEYS,
        "CLOUDFILM_VAR_DIR": str(tmp_path),
        "CLOUDFILM_BASE_URL": "http://film.example.org",
        "CLOUDFILM_TENCENT_CALLBACK_SECRET": SECRET[:12],
        "CLOUDFILM_TENCENT_SECRET_KEY": SECRET,
        "DICOM_PORT": "many",
    }
    code, lines = flask(command, faulty)
    assert code == 1
    assert lines[0] == "Error: settings are not usable:"
    assert [line.split()[1].rstrip(":") for line in lines[1:]] == [
        "DICOM_PORT",
        "CLOUDFILM_KEY_FILE",
        "CLOUDFILM_BASE_URL",
        "CLOUDFILM_TENCENT_CALLBACK_SECRET",
    ]


def test_parts_that_do_not_answer_are_named_together_without_their_passwords(tmp_path: Path) -> None:
    nobody = free_port()
    (tmp_path / "objects").write_text("in the way of the store's folder")
    code, lines = flask(
        "check-config",
        {
            **production(tmp_path),
            "CLOUDFILM_DATABASE_URL": f"postgresql+psycopg://film:{SECRET}@127.0.0.1:{nobody}/film",
            "CLOUDFILM_REDIS_URL": f"redis://:{SECRET}@127.0.0.1:{nobody}/0",
            "CLOUDFILM_TENCENT_TEMPLATE_IDS": "one_time_code=1",
        },
    )
    assert code == 1
    told = "\n".join(lines[1:])
    for fault in (
        "TEMPLATE_IDS lacks images_ready_t0_2",
        "CLOUDFILM_STORE_URL cannot be opened",
        "database does not answer (OperationalError)",
        "redis does not answer (ConnectionError)",
    ):
        assert fault in told


def test_a_store_that_went_away_is_told_though_the_database_answers(tmp_path: Path) -> None:
    environment = {**production(tmp_path), "CLOUDFILM_STORE_URL": "s3://film/archive", "AWS_ALLOW_HTTP": "true"}
    environment |= closed_door() | {"AWS_ENDPOINT": f"http://127.0.0.1:{free_port()}", "AWS_ACCESS_KEY_ID": "id"}
    code, lines = flask("check-config", {**environment, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "eu"})
    assert code == 1
    assert len(lines) == 2
    assert lines[1].startswith("  - store does not answer (StoreUnavailable")


def test_a_machine_that_cannot_cage_decoding_children_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with capture_logs() as logs:
        app, services = door_app(tmp_path)
    try:
        told = app.test_cli_runner().invoke(args=["check-config"]).output.splitlines()
    finally:
        services.db.dispose()
    reason = "this architecture has no list of system calls"
    assert told[-1] == f"NOTE: decoding children are held by limits alone: {reason}"
    assert [line["event"][:42] for line in logs] == ["decoding children are held by limits alone"]
