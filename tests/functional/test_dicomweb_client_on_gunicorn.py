"""dicomweb-client, a client's library, on a real web server: it stores, searches, retrieves."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pydicom
import pytest
from dicomweb_client.api import DICOMwebClient
from PIL import Image

from app.bootstrap import build
from deploy.testbed.checked_studies import CT, DOCUMENT, FILM, SR, A, B, film, report, slices
from deploy.testbed.servers import gunicorn, settings_of
from tests.factories.door_app import bearer

pytestmark = pytest.mark.server
OCTETS = (("application/octet-stream", "1.2.840.10008.1.2.1"),)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DICOMwebClient]:
    folder: Path = tmp_path_factory.mktemp("client")
    services = build(settings_of(folder))
    token = bearer(services, "upload", "read")
    services.pictures.renderer.close()
    services.db.dispose()
    with gunicorn(folder) as server:
        client = DICOMwebClient(f"http://127.0.0.1:{server.port}/dicomweb", headers=token)
        files = [pydicom.dcmread(io.BytesIO(file)) for file in (*slices(), film(), report())]
        answer = client.store_instances(files)
        assert len(answer.ReferencedSOPSequence) == len(files)
        yield client


def test_studies_series_and_instances_are_found(client: DICOMwebClient) -> None:
    [study] = client.search_for_studies(search_filters={"PatientName": "Check*", "PatientID": "CHECK1"})
    assert pydicom.Dataset.from_json(study).StudyInstanceUID == A
    assert (
        len(client.search_for_studies(fields=["ReferringPhysicianName"], search_filters={"StudyDate": "20260105"})) == 1
    )
    assert {item["0020000E"]["Value"][0] for item in client.search_for_series(B)} == {FILM, SR}
    assert len(client.search_for_instances(A, get_remaining=True, limit=1)) == 3


def test_instances_come_whole_decoded_and_as_they_were(client: DICOMwebClient) -> None:
    files = client.retrieve_study(A)
    assert {file.SOPInstanceUID for file in files} == {f"{CT}.{number}" for number in (1, 2, 3)}
    explicit = (("application/dicom", "1.2.840.10008.1.2.1"),)  # without it this client takes any syntax
    decoded = client.retrieve_instance(B, FILM, f"{FILM}.1", media_types=explicit)
    assert decoded.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert (decoded.pixel_array == np.arange(4)[:, None, None]).all()
    stored = client.retrieve_instance(B, FILM, f"{FILM}.1", media_types=(("application/dicom", "*"),))
    assert stored.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.5"
    assert len(client.retrieve_series_metadata(A, CT)) == 3


def test_frames_and_bulk_data_come_as_octets(client: DICOMwebClient) -> None:
    frames = client.retrieve_instance_frames(B, FILM, f"{FILM}.1", [4, 2], media_types=OCTETS)
    assert frames == [b"\x03" * 64, b"\x01" * 64]
    compressed = (("image/dicom-rle", "1.2.840.10008.1.2.5"),)
    assert len(client.retrieve_instance_frames(B, FILM, f"{FILM}.1", [1], media_types=compressed)[0]) < 130
    metadata = client.retrieve_instance_metadata(B, SR, f"{SR}.1")
    address = urlsplit(metadata["00420011"]["BulkDataURI"])
    base = urlsplit(client.base_url)  # the demo is known under another port
    url = address._replace(netloc=base.netloc).geturl()
    assert client.retrieve_bulkdata(url) == [DOCUMENT]


def test_pictures_come_as_they_are_asked_for(client: DICOMwebClient) -> None:
    png = client.retrieve_instance_rendered(A, CT, f"{CT}.1", media_types=("image/png",))
    assert Image.open(io.BytesIO(png)).size == (12, 16)
    jpeg = client.retrieve_instance_frames_rendered(B, FILM, f"{FILM}.1", [2], media_types=("image/jpeg",))
    assert Image.open(io.BytesIO(jpeg)).format == "JPEG"
