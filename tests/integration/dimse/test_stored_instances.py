"""What the DIMSE door keeps: the bytes as received, each instance once."""

from __future__ import annotations

import io

import pydicom
from pydicom.uid import ImplicitVRLittleEndian, JPEGLSLossless

from deploy.testbed.ct import ct_file, ct_series, ct_slice, part10
from deploy.testbed.shared_data import files_of
from tests.factories.dicom_client import associate, send
from tests.factories.open_door import Open, stored
from tests.shared_data import needs


def dataset_bytes(part10: bytes) -> bytes:
    """What follows the file meta information."""
    return part10[144 + int.from_bytes(part10[140:144], "little") :]


def test_a_stored_instance_is_kept_byte_for_byte(open_door: Open) -> None:
    door, services = open_door()
    files = ct_series(5)
    association = associate(door.port)
    assert send(association, files) == [0] * 5
    association.release()
    kept = stored(services)
    for file in files:
        uid = str(pydicom.dcmread(io.BytesIO(file)).SOPInstanceUID)
        assert dataset_bytes(kept[uid]) == dataset_bytes(file)


def test_an_instance_sent_again_succeeds_and_other_content_fails_with_0110(open_door: Open) -> None:
    door, services = open_door()
    uids = {"SOPInstanceUID": "1.2.3.4", "StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.3.1"}
    association = associate(door.port)
    statuses = send(association, [ct_file(**uids), ct_file(**uids), ct_file(**uids, PixelData=b"\x01" * 128)])
    association.release()
    assert statuses == [0, 0, 0x0110]
    assert len(stored(services)) == 1


def test_transfer_syntaxes_are_stored_as_received(open_door: Open) -> None:
    needs("ct-chest-nlst-101287")
    slices = [path for path in files_of("ct-chest-nlst-101287") if path.parent.name == "ct"]
    door, services = open_door()
    files = [path.read_bytes() for path in slices[:3]]
    association = associate(door.port, syntaxes=[JPEGLSLossless])
    assert send(association, files) == [0] * 3
    association.release()
    kept = stored(services)
    for file in files:
        dataset = pydicom.dcmread(io.BytesIO(file), stop_before_pixels=True)
        copy = pydicom.dcmread(io.BytesIO(kept[str(dataset.SOPInstanceUID)]))
        assert copy.file_meta.TransferSyntaxUID == JPEGLSLossless
        assert copy.PixelData == pydicom.dcmread(io.BytesIO(file)).PixelData


def test_implicit_little_endian_is_kept_implicit(open_door: Open) -> None:
    door, services = open_door()
    association = associate(door.port, syntaxes=[ImplicitVRLittleEndian])
    assert send(association, [part10(ct_slice(), ImplicitVRLittleEndian)]) == [0]
    association.release()
    [kept] = stored(services).values()
    assert pydicom.dcmread(io.BytesIO(kept)).is_implicit_VR
