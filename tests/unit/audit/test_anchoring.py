"""A log that was emptied, cut, or cut and grown anew is told apart from a young one, by anchors outside the
database."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.bootstrap import Services
from app.models import AuditEvent, AuditHead
from app.security import private_files
from app.services.audit.anchoring import AFTER_FAULT, EVERY
from app.services.audit.log import Action
from tests.factories.access import application
from tests.factories.house import clock_of, copied, services
from tests.factories.log_output import written

DAY = 24 * 3600


@pytest.fixture
def house(tmp_path: Path) -> Services:
    """Three days of events, each day's last ones anchored."""
    built = services(tmp_path / "house")
    for _ in range(3):
        happen(built, 4)
        clock_of(built).advance(DAY)
    return built


def happen(house: Services, events: int, *, anchored: bool = True) -> None:
    for number in range(events):
        with house.db.session() as session:
            house.audit.log.record(session, Action.EXAM_VIEWED, actor="test", subject="exam:1", number=number)
    if anchored:
        anchor(house)


def anchor(house: Services) -> None:
    """Until the event that tells of a day's first anchor is anchored, too."""
    for _ in range(2):
        house.audit.anchoring.anchor_due()
        clock_of(house).advance(EVERY.total_seconds())


def faults(house: Services) -> list[str]:
    return [fault.reason for fault in house.audit.reading.faults()]


def folder(house: Services) -> Path:
    return house.settings.anchor_path


def files(house: Services) -> list[Path]:
    return sorted(folder(house).glob("audit-*.json"))


def last(house: Services) -> int:
    with house.db.read() as session:
        return session.scalar(select(func.max(AuditEvent.seq))) or 0


def head(session: Session) -> tuple[int, bytes]:
    row = session.scalars(select(AuditHead)).one()
    return row.seq, row.hash


def cut(house: Services, to: int, head_hash: bytes = b"") -> None:
    """As somebody who can write the database, and kept a copy of a former head."""
    with house.db.session() as session:
        session.execute(delete(AuditEvent).where(AuditEvent.seq > to))
        session.execute(update(AuditHead).values(seq=to, hash=head_hash))


def cut_with_its_head(house: Services) -> tuple[int, Callable[[], None]]:
    """A former head, and how to go back to it so that the chain itself shows nothing."""
    with house.db.read() as session:
        seq, head_hash = head(session)
    return seq, lambda: cut(house, seq, head_hash)


def test_a_young_log_and_an_untouched_one_are_whole(house: Services, tmp_path: Path) -> None:
    assert faults(house) == []
    assert len(files(house)) == 3
    young = services(tmp_path / "young")
    anchor(young)
    assert faults(young) == []
    assert files(young) == []  # nothing happened yet


def test_a_log_that_was_emptied_is_no_young_one(house: Services) -> None:
    before = last(house)
    cut(house, 0)
    assert len(faults(house)) == 1
    assert faults(house)[0].startswith(f"rows 1 to {before} are missing: the log stood at row {before} on 2026-03-04")


def test_an_end_that_was_cut_off_is_told_with_its_rows_though_the_chain_shows_nothing(house: Services) -> None:
    seq, turn_back = cut_with_its_head(house)
    happen(house, 3)
    assert last(house) > seq
    end = last(house)
    turn_back()
    with house.db.read() as session:
        assert house.audit.log.verify(session) == []
    assert faults(house) == [
        f"rows {seq + 1} to {end} are missing: the log stood at row {end} on 2026-03-05 01:00:35 UTC"
    ]


@pytest.mark.parametrize("grown", [1, 3, 30])
def test_an_end_that_was_cut_off_and_grew_anew_is_told_and_stays_told(house: Services, grown: int) -> None:
    """The application itself goes on writing: no anchor of the true log is overwritten meanwhile."""
    seq, turn_back = cut_with_its_head(house)
    happen(house, 3)
    turn_back()
    kept = {path: path.read_bytes() for path in files(house)}
    for _ in range(3):
        happen(house, grown)
        clock_of(house).advance(DAY)
    assert {path: path.read_bytes() for path in files(house)} == kept
    assert len(faults(house)) >= 1
    for fault in faults(house):
        assert f"rows {seq + 1} to" in fault or f"rows {last(house) + 1} to" in fault
        assert "grown anew" in fault or "are missing" in fault


def test_an_emptied_log_that_grew_anew_is_told(house: Services) -> None:
    cut(house, 0)
    happen(house, 50)
    told = faults(house)
    assert [fault for fault in told if "the log was cut and grown anew" in fault]
    assert told[0].startswith("rows 1 to 5 are not those that were anchored on 2026-03-02")


def test_a_removed_anchor_is_told_for_each_day(house: Services) -> None:
    files(house)[1].unlink()
    assert faults(house) == ["the anchor of 2026-03-03 is missing"]


def test_a_removed_folder_is_told_and_not_begun_anew_by_itself(house: Services) -> None:
    shutil.rmtree(folder(house))
    assert faults(house) == ["no anchor is left, though the log was anchored up to 2026-03-04"]
    happen(house, 3)
    assert faults(house) == ["no anchor is left, though the log was anchored up to 2026-03-04"]


@pytest.mark.parametrize("name", ["seq", "row_hash", "at", "counter", "day", "place", "mac"])
def test_a_forged_anchor_is_told_and_never_overwritten(house: Services, name: str) -> None:
    path = files(house)[-1]
    document = json.loads(path.read_text())
    value = document[name]
    document[name] = value + 1 if isinstance(value, int) else value[:-1] + ("0" if value[-1] != "0" else "1")
    path.write_text(json.dumps(document))
    forged = path.read_bytes()
    happen(house, 3)
    assert path.read_bytes() == forged
    assert faults(house) == ["the anchor of 2026-03-04 was changed, or made with another key file"]


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"\xff", b'{"mac": 1}', b"[" * 5000])
def test_a_file_that_is_no_anchor_is_a_forged_one(house: Services, content: bytes) -> None:
    files(house)[-1].write_bytes(content)
    assert faults(house) == ["the anchor of 2026-03-04 was changed, or made with another key file"]


def test_an_anchor_of_another_day_or_key_is_a_forged_one(house: Services, tmp_path: Path) -> None:
    shutil.copy(files(house)[0], files(house)[2])
    assert faults(house) == ["the anchor of 2026-03-04 was changed, or made with another key file"]
    other = services(tmp_path / "other")
    happen(other, 1)
    shutil.copy(files(other)[0], files(house)[0])
    assert "the anchor of 2026-03-02 was changed, or made with another key file" in faults(house)


def test_anchors_that_were_removed_and_came_again_are_told_by_their_counter(house: Services) -> None:
    clock_of(house).advance(-DAY)
    for path in files(house)[1:]:
        path.unlink()
    happen(house, 1)
    assert [path.name for path in files(house)] == ["audit-2026-03-02.json", "audit-2026-03-04.json"]
    assert faults(house) == [
        "the anchor of 2026-03-03 is missing",
        "the anchor of 2026-03-04 is an older one: a copy was put back",
    ]


def test_the_counter_of_the_anchors_never_falls(house: Services) -> None:
    reading = house.audit.anchoring.folder
    anchors = [reading.read(day) for day in reading.days()]
    assert [(anchor.counter, anchor.seq) for anchor in anchors if anchor] == [(2, 5), (4, 10), (6, 15)]


def test_a_copy_of_a_later_anchor_under_an_earlier_day_is_told_although_its_mac_is_right(house: Services) -> None:
    """Only who has the key could make one, or a fault of ours."""
    reading = house.audit.anchoring.folder
    later = reading.read("2026-03-04")
    assert later is not None
    reading.put(replace(later, day="2026-03-02"))
    assert "the anchor of 2026-03-03 is older than that of 2026-03-02: a copy was put back" in faults(house)


def test_a_process_that_dies_between_commit_and_anchor_has_not_tampered(house: Services) -> None:
    happen(house, 5, anchored=False)
    again = services(house.settings.var_dir)
    assert faults(again) == []
    anchor(again)
    assert faults(again) == []


@pytest.mark.parametrize("step", range(12))
def test_a_crash_at_any_step_of_anchoring_is_no_tampering_and_the_next_sweep_goes_on(
    house: Services, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """On the first anchor of a new day, which is also told of in the log."""
    happen(house, 3, anchored=False)
    steps = 0

    def dying(do: Callable[..., object]) -> Callable[..., object]:
        def perhaps(*arguments: object, **named: object) -> object:
            nonlocal steps
            steps += 1
            if steps - 1 == step:
                raise KeyboardInterrupt
            return do(*arguments, **named)

        return perhaps

    with monkeypatch.context() as patch:
        for name in ("fsync", "open", "replace", "rename"):
            patch.setattr(os, name, dying(getattr(os, name)))
        patch.setattr(Path, "replace", dying(Path.replace))
        patch.setattr(type(house.audit.log), "record", dying(type(house.audit.log).record))
        try:
            house.audit.anchoring.anchor_due()
        except KeyboardInterrupt:
            assert steps == step + 1
        else:
            assert steps > 4
    again = services(house.settings.var_dir)
    clock_of(again).advance((clock_of(house).now() - clock_of(again).now()).total_seconds())
    assert faults(again) == []
    happen(again, 1)
    assert faults(again) == []
    newest = again.audit.anchoring.newest()
    assert newest is not None
    assert newest.seq == last(again)


def test_two_processes_anchor_and_write_at_once_and_nothing_looks_like_tampering(house: Services) -> None:
    processes = [services(house.settings.var_dir) for _ in range(3)]
    found: list[str] = []

    def work(process: Services) -> None:
        clock_of(process).advance(3 * DAY)
        try:
            for _ in range(12):
                happen(process, 2)
                found.extend(faults(process))
        except Exception as error:
            found.append(repr(error))

    threads = [threading.Thread(target=work, args=(process,)) for process in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == []
    anchor(processes[0])
    newest = house.audit.anchoring.newest()
    assert newest is not None
    assert newest.seq == last(house)
    assert newest.counter > 10


def test_a_clock_that_is_set_back_turns_no_anchor_back(house: Services) -> None:
    clock_of(house).advance(-2 * DAY)
    happen(house, 3)
    assert faults(house) == []
    assert len(files(house)) == 3
    assert house.audit.anchoring.newest().seq == last(house)  # type: ignore[union-attr]


def test_an_anchor_tells_nothing_of_what_happened_and_only_its_owner_reads_it(house: Services) -> None:
    for path in files(house):
        assert path.stat().st_mode & 0o777 == 0o600
        assert set(json.loads(path.read_text())) == {"place", "day", "counter", "seq", "row_hash", "at", "mac"}
    assert folder(house).stat().st_mode & 0o777 == 0o700


def test_another_machine_that_never_anchored_reports_nothing(house: Services, tmp_path: Path) -> None:
    """Anchors lie in the folder of the machine that runs the worker."""
    house.db.dispose()
    elsewhere = services(house.settings.var_dir, anchor_dir=str(tmp_path / "elsewhere"))
    assert faults(elsewhere) == []
    happen(elsewhere, 1)
    assert faults(elsewhere) == []
    assert faults(services(house.settings.var_dir)) == []


def test_a_folder_that_cannot_be_used_is_logged_every_minute_and_stops_no_other_sweep(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    house = services(tmp_path / "house", anchor_dir=str(tmp_path / "taken"))
    with written() as output:
        for _ in range(10):
            happen(house, 1)
        assert house.worker.run_sweeps() is False
    told = [line for line in output.lines() if line["event"] == "the audit log cannot be anchored"]
    assert len(told) == 1 + 10 * 2 * EVERY // AFTER_FAULT
    assert EVERY < AFTER_FAULT < timedelta(hours=1)


def test_a_contradiction_is_logged(house: Services) -> None:
    cut(house, 2)
    with written() as output:
        happen(house, 1)
    assert "the audit log and its anchors differ and it is not anchored any more" in output.getvalue()


def test_the_command_says_what_differs_and_how_far_it_is_anchored(house: Services) -> None:
    told = application(house).test_cli_runner().invoke(args=["verify-audit"])
    assert told.exit_code == 0
    assert "anchored up to row 15 on 2026-03-04 01:00:25 UTC (anchor 6)" in told.output
    cut(house, 0)
    told = application(house).test_cli_runner().invoke(args=["verify-audit"])
    assert told.exit_code == 1
    assert "row 1: rows 1 to 15 are missing" in told.output
    assert "BROKEN" in told.output


def test_a_restored_backup_is_told_until_an_operator_says_so_and_the_former_anchors_stay(
    house: Services, tmp_path: Path
) -> None:
    house.db.dispose()
    copied(house.settings.var_dir, tmp_path / "backup")
    happen(house, 6)
    newest = files(house)[-1].read_bytes()
    after = services(tmp_path / "backup", anchor_dir=str(folder(house)))
    clock_of(after).advance(5 * DAY)
    commands = application(after).test_cli_runner()
    told = commands.invoke(args=["verify-audit"])
    assert (told.exit_code, "rows 16 to 22 are missing" in told.output) == (1, True)
    said = commands.invoke(args=["verify-audit", "--restored"])
    assert (said.exit_code, "rows 16 to 22 are missing" in said.output) == (0, True)
    assert faults(after) == []
    happen(after, 3)
    assert faults(after) == []
    (aside,) = folder(after).glob("former-*")
    assert len(list(aside.iterdir())) == 4
    assert newest in [path.read_bytes() for path in aside.iterdir()]
    with after.db.read() as session:
        anew = [event for event in session.scalars(select(AuditEvent)) if event.detail.get("anew")]
    assert [event.detail["set_aside"] for event in anew] == [4]
    files(after)[-1].unlink()
    assert faults(after) != []


def test_private_files_are_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.json"
    private_files.write_new(path, {"n": 1})
    with monkeypatch.context() as patch:

        def die(descriptor: int) -> None:
            raise KeyboardInterrupt

        patch.setattr(os, "fsync", die)
        with pytest.raises(KeyboardInterrupt):
            private_files.replace(path, {"n": 2})
    assert json.loads(path.read_text()) == {"n": 1}
    with pytest.raises(FileExistsError):
        private_files.write_new(path, {"n": 3})
