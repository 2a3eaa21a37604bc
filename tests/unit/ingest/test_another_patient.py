"""An object of another patient gets into no study."""

from __future__ import annotations

import pytest

from app.services.ingest.incoming import Refused, Stored
from deploy.testbed.ct import ct_file
from tests.factories.ingest_rig import IngestRig


@pytest.mark.parametrize(
    "difference",
    [
        {"PatientID": "P2"},
        {"PatientBirthDate": "19800102"},
        {"PatientSex": "M"},
        {"PatientName": "Wang^Xiaodong=王^小东"},
    ],
    ids=str,
)
def test_an_object_of_another_patient_gets_into_no_study_and_a_human_must_look(
    rig: IngestRig, difference: dict[str, str]
) -> None:
    rig.receive(ct_file(StudyInstanceUID="1.2"))
    stranger = ct_file(StudyInstanceUID="1.2", **difference)
    (outcome,) = rig.receive(stranger)
    assert isinstance(outcome, Refused)
    assert len(rig.instances()) == len(rig.quarantined()) == 1
    assert rig.order("1.2").match_state == "detached"
    # A human settled it; the same stranger sent once more does not undo that.
    with rig.db.session() as session:
        session.merge(rig.order("1.2")).match_state = "unmatched"
    rig.receive(stranger)
    assert rig.order("1.2").match_state == "unmatched"


@pytest.mark.parametrize("name", ["LI NA", "李^娜", "Li^Na=", ""])
def test_the_same_patient_in_another_script_is_no_stranger(rig: IngestRig, name: str) -> None:
    rig.receive(ct_file(StudyInstanceUID="1.2"))
    assert isinstance(rig.receive(ct_file(StudyInstanceUID="1.2", PatientName=name))[0], Stored)
    assert rig.order("1.2").match_state == "unmatched"


def test_an_object_of_another_patient_in_the_same_batch_is_kept_out_too(rig: IngestRig) -> None:
    outcomes = rig.receive(ct_file(StudyInstanceUID="1.2"), ct_file(StudyInstanceUID="1.2", PatientID="P2"))
    assert [type(outcome) for outcome in outcomes] == [Stored, Refused]
    assert rig.order("1.2").match_state == "detached"


def test_missing_identity_in_an_object_is_no_contradiction(rig: IngestRig) -> None:
    rig.receive(ct_file(StudyInstanceUID="1.2"))
    (outcome,) = rig.receive(ct_file(StudyInstanceUID="1.2", PatientID="", PatientSex=None, PatientBirthDate=""))
    assert isinstance(outcome, Stored)


def test_a_series_stays_in_one_study(rig: IngestRig) -> None:
    rig.receive(ct_file(StudyInstanceUID="1.2", SeriesInstanceUID="1.5"))
    outcomes = rig.receive(
        ct_file(StudyInstanceUID="1.3", SeriesInstanceUID="1.5"),
        ct_file(StudyInstanceUID="1.6", SeriesInstanceUID="1.7"),
        ct_file(StudyInstanceUID="1.8", SeriesInstanceUID="1.7"),
    )
    assert [type(outcome) for outcome in outcomes] == [Refused, Stored, Refused]
