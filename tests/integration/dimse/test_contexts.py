"""Which contexts of an association are accepted, and in which transfer syntax."""

from __future__ import annotations

import pytest
from pydicom.uid import (
    MPEG4HP41,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
)
from pynetdicom import AE
from pynetdicom.presentation import build_context

from deploy.testbed.ct import ct_file, ct_slice, part10
from tests.factories.dicom_client import CALLED, CALLING, associate, send
from tests.factories.open_door import Open, stored

CT, PRIVATE_SYNTAX = "1.2.840.10008.5.1.4.1.1.2", UID("1.2.840.113619.5.2")


@pytest.mark.parametrize(
    ("offered", "picked"),
    [
        ([ImplicitVRLittleEndian, ExplicitVRLittleEndian], ExplicitVRLittleEndian),
        ([ImplicitVRLittleEndian, JPEGLosslessSV1, ExplicitVRLittleEndian], ExplicitVRLittleEndian),
        ([ExplicitVRBigEndian, ImplicitVRLittleEndian], ImplicitVRLittleEndian),
        ([PRIVATE_SYNTAX, ImplicitVRLittleEndian, ExplicitVRLittleEndian], ExplicitVRLittleEndian),
        ([PRIVATE_SYNTAX, JPEG2000Lossless], JPEG2000Lossless),
        ([MPEG4HP41, ImplicitVRLittleEndian], ImplicitVRLittleEndian),
        ([JPEG2000Lossless, ExplicitVRLittleEndian], JPEG2000Lossless),
        ([ExplicitVRLittleEndian, JPEG2000Lossless], ExplicitVRLittleEndian),
        ([PRIVATE_SYNTAX, MPEG4HP41], MPEG4HP41),
        ([PRIVATE_SYNTAX], PRIVATE_SYNTAX),
        ([ExplicitVRBigEndian], ExplicitVRBigEndian),
        ([ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian], DeflatedExplicitVRLittleEndian),
    ],
)
def test_of_what_a_context_offers_a_syntax_that_can_be_shown_is_picked(
    open_door: Open, offered: list[UID], picked: UID
) -> None:
    door, _ = open_door()
    association = associate(door.port, syntaxes=offered)
    (context,) = [context for context in association.accepted_contexts if context.abstract_syntax == CT]
    assert context.transfer_syntax == [picked]
    association.release()


def test_a_context_that_offers_no_syntax_is_refused_and_the_others_stay(open_door: Open) -> None:
    door, _ = open_door()
    ae, mr = AE(ae_title=CALLING), "1.2.840.10008.5.1.4.1.1.4"
    asked = [build_context(uid, ExplicitVRLittleEndian) for uid in (CT, mr, STORAGE["echo"])]
    asked[1].transfer_syntax = []
    association = ae.associate("127.0.0.1", door.port, contexts=asked, ae_title=CALLED)
    assert association.is_established
    assert {str(context.abstract_syntax) for context in association.accepted_contexts} == {CT, STORAGE["echo"]}
    assert [context.result for context in association.rejected_contexts] == [0x04]
    association.release()


def test_a_slice_is_stored_in_the_syntax_that_was_picked(open_door: Open) -> None:
    door, services = open_door()
    association = associate(door.port, syntaxes=[PRIVATE_SYNTAX, ImplicitVRLittleEndian])
    assert send(association, [part10(ct_slice(), ImplicitVRLittleEndian)]) == [0]
    association.release()
    association = associate(door.port, syntaxes=[ImplicitVRLittleEndian, ExplicitVRLittleEndian])
    assert send(association, [ct_file()]) == [0]
    association.release()
    assert len(stored(services)) == 2


STORAGE = {
    "CT": CT,
    "enhanced SR": "1.2.840.10008.5.1.4.1.1.88.22",
    "retired ultrasound": "1.2.840.10008.5.1.4.1.1.6",
    "newer than the dictionary": "1.2.840.10008.5.1.4.1.1.999.7",
    "private": "1.3.46.670589.11.0.0.12.1",
    "echo": "1.2.840.10008.1.1",
}
OTHERS = {
    "find": "1.2.840.10008.5.1.4.1.2.2.1",
    "move": "1.2.840.10008.5.1.4.1.2.2.2",
    "worklist": "1.2.840.10008.5.1.4.31",
    "performed procedure step": "1.2.840.10008.3.1.2.3.3",
    "storage commitment": "1.2.840.10008.1.20.1",
    "print": "1.2.840.10008.5.1.1.9",
    "retired study management": "1.2.840.10008.3.1.2.3.1",
    "directory of a medium": "1.2.840.10008.1.3.10",
    "a transfer syntax": "1.2.840.10008.1.2.1",
    "nothing known": "1.2.840.10008.77.1",
}


def test_storage_is_offered_for_storage_classes_only(open_door: Open) -> None:
    door, _ = open_door()
    ae = AE(ae_title=CALLING)
    ae.requested_contexts = [build_context(uid, ExplicitVRLittleEndian) for uid in (STORAGE | OTHERS).values()]
    association = ae.associate("127.0.0.1", door.port, ae_title=CALLED)
    accepted = {str(context.abstract_syntax) for context in association.accepted_contexts}
    rejected = {str(context.abstract_syntax): context.result for context in association.rejected_contexts}
    association.release()
    assert accepted == set(STORAGE.values())
    assert rejected == dict.fromkeys(OTHERS.values(), 0x03)
