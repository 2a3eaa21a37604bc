"""Fields of a release before are bound to their rows: in batches, while processes go on, after any crash. Then nobody
can bring the first form back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.bootstrap import Services
from app.errors import FieldRefused
from app.models import AuditEvent, FieldBinding, Patient
from app.repos.operations.field_binding import sealed_tables
from app.security.fields import COLUMN_FORM, ROW_FORM, BindingPhase, FieldSealer, place_of
from app.security.keys import MasterKeys
from app.services.operations import field_binding
from tests.factories.access import application
from tests.factories.house import clock_of, copied, services
from tests.factories.sealed_fields import PEOPLE, forms, of_the_release_before, places, two_patients, write
from tests.factories.telling import correct, exam_of, register, report, sweep

pytestmark = pytest.mark.usefixtures("small_batches")


@pytest.fixture(scope="module")
def small_batches() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(field_binding, "BATCH", 1)
        yield


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a closed house of before."""
    folder = tmp_path_factory.mktemp("former") / "house"
    house = two_patients(folder)
    of_the_release_before(house)
    house.db.dispose()
    return folder


@pytest.fixture
def house(former: Path, tmp_path: Path) -> Services:
    return again(former, tmp_path / "house")


def again(former: Path, folder: Path) -> Services:
    copied(former, folder)
    return started(folder)


def started(folder: Path) -> Services:
    """A process of this release."""
    return services(folder, wechat_notices="simulated")


def of_before(house: Services) -> FieldSealer:
    """What a process of the release before opens and writes."""
    return FieldSealer(house.keys.derive("fields"), BindingPhase.UNBOUND)


def names(house: Services) -> list[str]:
    with house.db.read() as session:
        return sorted(house.fields.open_of(row, "name_sealed") for row in session.scalars(select(Patient)))


def bind(house: Services) -> field_binding.Batch:
    return house.operations.field_binding.bind_all(house.settings.key_path)


def test_until_binding_begins_the_release_before_reads_all_that_this_one_writes(house: Services) -> None:
    assert house.fields.phase is BindingPhase.UNBOUND
    register(house, "A3", patient_id="P3", patient_phone="13900000003")
    report(house, "A3")
    correct(house, "A1", patient_phone="13900000009")
    sweep(house)
    for place, blob in places(house.db):
        assert of_before(house).open(blob, place), place


def test_everything_is_bound_and_reads_as_before(house: Services) -> None:
    fields = house.fields
    before = {place: fields.open(blob, place) for place, blob in places(house.db)}
    done = bind(house)
    assert (done.bound, done.refused) == (len(before), 0)
    assert forms(house.db) == {ROW_FORM}
    assert {place: fields.open(blob, place) for place, blob in places(house.db)} == before
    assert fields.phase is BindingPhase.BOUND
    with house.db.read() as session:
        told = [event.action for event in session.scalars(select(AuditEvent).order_by(AuditEvent.seq))][-2:]
    assert told == ["fields.binding", "fields.bound"]
    assert bind(house) == field_binding.Batch(0, 0)


def test_a_crash_between_any_two_batches_loses_nothing_and_the_rest_is_done_after(former: Path, tmp_path: Path) -> None:
    ended = 0
    for number in range(1000):
        house = again(former, tmp_path / str(number))
        before = {place: house.fields.open(blob, place) for place, blob in places(house.db)}
        binder = house.operations.field_binding
        binder.begin()
        batches = binder.batches()
        ended = sum(1 for _ in zip(range(number), batches, strict=False))
        house.db.dispose()
        if ended < number:
            break
        after = started(house.settings.var_dir)
        assert {place: after.fields.open(blob, place) for place, blob in places(after.db)} == before
        bind(after)
        assert {place: after.fields.open(blob, place) for place, blob in places(after.db)} == before
        assert forms(after.db) == {ROW_FORM}
        after.db.dispose()
    assert ended > len(list(sealed_tables()))


def test_a_crash_before_the_key_file_is_written_is_made_up_for_by_running_it_again(
    house: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(MasterKeys, "mark_fields_bound", die)
        with pytest.raises(KeyboardInterrupt):
            bind(house)
    after = started(house.settings.var_dir)
    assert after.fields.phase is BindingPhase.BOUND  # the database says so
    note = after.operations.field_binding.note()
    assert note is not None
    assert "key file" in note
    bind(after)
    assert MasterKeys.from_file(after.settings.key_path).fields_are_bound
    assert started(house.settings.var_dir).operations.field_binding.note() is None


def test_another_process_that_runs_already_writes_the_second_form_once_binding_began(house: Services) -> None:
    """It learns it under the write lock, in the very transaction that writes."""
    other = started(house.settings.var_dir)
    assert other.fields.phase is BindingPhase.UNBOUND
    house.operations.field_binding.begin()
    list(house.operations.field_binding.batches())
    register(other, "A3", patient_id="P3", patient_phone="13900000003")
    correct(other, "A1", patient_phone="13900000009")
    assert forms(house.db) == {ROW_FORM}
    house.operations.field_binding.finish(house.settings.key_path, bound=1, refused=0)
    register(other, "A4", patient_id="P4", patient_phone="13900000004")
    assert other.fields.phase is BindingPhase.BOUND


@pytest.mark.hypothesis
def test_whatever_is_written_meanwhile_all_ends_bound_and_readable(
    former: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Writers of two processes before binding and between any two batches."""
    counts: list[int] = []

    @settings(max_examples=15)
    @given(data=st.data())
    def run(data: st.DataObject) -> None:
        house = again(former, tmp_path_factory.mktemp("meanwhile") / "house")
        other = started(house.settings.var_dir)
        binder = house.operations.field_binding
        written = meanwhile(data, house, other, 0)
        binder.begin()
        for _ in binder.batches():
            written += meanwhile(data, house, other, written)
        binder.finish(house.settings.key_path, bound=1, refused=0)
        assert forms(house.db) == {ROW_FORM}
        for process in (house, other, started(house.settings.var_dir)):
            assert [process.fields.open(blob, place) for place, blob in places(house.db)]
            process.db.dispose()
        counts.append(written)

    run()
    assert max(counts) > 1


def meanwhile(data: st.DataObject, house: Services, other: Services, written: int) -> int:
    process = data.draw(st.sampled_from([None, house, other]))
    if process is None:
        return 0
    clock_of(process).advance(1)
    number = data.draw(st.integers(1, 4))
    register(process, f"A{number}", patient_id=f"P{number}", patient_phone=f"139000{written:05}")
    report(process, f"A{number}", status="amended", findings=f"第{written}次")
    return 1


def test_once_bound_the_first_form_is_refused_in_every_process_and_in_each_that_starts(house: Services) -> None:
    old = dict(places(house.db))
    other = started(house.settings.var_dir)
    bind(house)
    register(other, "A3", patient_id="P3", patient_phone="13900000003")
    for place, blob in old.items():
        for process in (house, other, started(house.settings.var_dir)):
            with pytest.raises(FieldRefused):
                process.fields.open(blob, place)


def test_whoever_turns_the_database_back_cannot_bring_the_first_form_back(house: Services) -> None:
    """Old ciphertexts were seen before, or come from a former backup; the key file was not."""
    old = dict(places(house.db))
    bind(house)
    with house.db.session() as session:
        session.execute(update(FieldBinding).values(phase=BindingPhase.UNBOUND))
    for place, blob in old.items():
        write(house.db, place, blob)
    after = started(house.settings.var_dir)
    for place, blob in old.items():
        with pytest.raises(FieldRefused):
            after.fields.open(blob, place)
    refused = application(after).test_cli_runner().invoke(args=["bind-fields"])
    assert refused.exit_code == 1
    assert f"{len(old)} fields do not open where they stand" in refused.output
    assert forms(house.db) == {COLUMN_FORM}


def test_a_restored_backup_of_before_is_bound_when_somebody_vouches_for_it(house: Services) -> None:
    bind(house)
    of_the_release_before(house)
    MasterKeys.mark_fields_bound(house.settings.key_path)
    after = started(house.settings.var_dir)
    note = after.operations.field_binding.note()
    assert note is not None
    assert "--restored" in note
    done = application(after).test_cli_runner().invoke(args=["bind-fields", "--restored"])
    assert done.exit_code == 0, done.output
    assert forms(after.db) == {ROW_FORM}
    assert names(after) == sorted(person["name"] for person in PEOPLE)
    assert started(house.settings.var_dir).operations.field_binding.note() is None


def test_a_field_that_does_not_open_hinders_no_other_and_is_counted(house: Services) -> None:
    with house.db.read() as session:
        row = session.scalars(select(Patient)).first()
    assert row is not None
    damaged = place_of(row, "phone_sealed")
    write(house.db, damaged, COLUMN_FORM + bytes(40))
    every = len(dict(places(house.db)))
    done = application(house).test_cli_runner().invoke(args=["bind-fields"])
    assert done.exit_code == 1
    assert f"{every - 1} fields bound to their rows" in done.output
    assert "1 fields do not open" in done.output
    assert dict(places(house.db))[damaged] == COLUMN_FORM + bytes(40)  # nothing is thrown away
    assert house.fields.phase is BindingPhase.BOUND


def test_the_key_is_rotated_before_between_and_after_and_everything_opens(house: Services) -> None:
    path = house.settings.key_path
    MasterKeys.rotate(path)
    house = started(house.settings.var_dir)
    house.operations.field_binding.begin()
    batches = house.operations.field_binding.batches()
    next(batches)
    MasterKeys.rotate(path)
    house = started(house.settings.var_dir)
    bind(house)
    MasterKeys.rotate(path)
    after = started(house.settings.var_dir)
    assert MasterKeys.from_file(path).fields_are_bound
    assert [after.fields.open(blob, place) for place, blob in places(after.db)]


def test_a_new_hospital_never_takes_the_first_form(tmp_path: Path) -> None:
    house = two_patients(tmp_path)
    assert house.fields.phase is BindingPhase.BOUND
    assert house.operations.field_binding.note() is None
    assert exam_of(house)
    for place, blob in places(house.db):
        with pytest.raises(FieldRefused):
            house.fields.open(of_before(house).seal(house.fields.open(blob, place), place), place)


def test_check_config_says_what_is_left_to_do(house: Services) -> None:
    told = application(house).test_cli_runner().invoke(args=["check-config"])
    assert "run flask bind-fields once every process runs this release" in told.output
    bind(house)
    told = application(started(house.settings.var_dir)).test_cli_runner().invoke(args=["check-config"])
    assert "bind-fields" not in told.output
