"""The download of originals: a medium that any reader of DICOM opens, a page that needs no network, and parts of it."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydicom import dcmread
from pydicom.fileset import FileSet

from app.bootstrap import Services
from app.web import downloads
from deploy.testbed.ct import ct_slice, part10
from tests.factories.access import let_in
from tests.factories.evidence import (
    RAW_DATA,
    RT_PLAN,
    ecg,
    key_object_list,
    pdf,
    pdf_object,
    presentation_state,
    segmentation,
    structured_report,
    text_row,
    without_pixels,
)
from tests.factories.pictures_of import prepare
from tests.factories.sharing import guest, share
from tests.factories.taken_away import originals_in
from tests.factories.telling import exam_of

STUDY = "1.2.3.4"
PART = re.compile(r"[A-Z0-9_]{1,8}\Z")


@lru_cache(maxsize=1)
def files() -> tuple[bytes, ...]:
    """One of each kind of record. Their UIDs are drawn once."""
    uids = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": "1.2.3.4.1"}
    slices = [ct_slice(32, InstanceNumber=z, ImagePositionPatient=[0, 0, z], **uids) for z in range(1, 6)]
    objects = (
        structured_report(STUDY, text_row("所见", "结节"), SeriesNumber=91, SeriesDescription="<b>报告</b>"),
        pdf_object(STUDY, pdf(), SeriesNumber=92),
        ecg(STUDY, 1, SeriesNumber=93),
        segmentation(STUDY, [np.ones((8, 8), dtype=bool)], [(0, 0, 1)], SeriesNumber=94),
        key_object_list(STUDY, slices[0]),
        presentation_state(STUDY, slices[0], SeriesNumber=95),
        without_pixels(RT_PLAN, "RTPLAN", STUDY, SeriesNumber=96, RTPlanLabel="P"),
        without_pixels(RAW_DATA, "OT", STUDY, SeriesNumber=97),
        without_pixels("1.2.840.10008.5.1.4.1.1.999", "OT", STUDY, SeriesNumber=98),
    )
    return tuple(part10(each) for each in (*slices, *objects))


@pytest.fixture
def phone(house: Services, app: Flask) -> tuple[FlaskClient, str]:
    prepare(house, *files())
    exam_id = exam_of(house).id
    return let_in(app, house, exam_id), f"/exams/{exam_id.hex}"


def download(client: FlaskClient, page: str) -> bytes:
    with client.get(f"{page}/dicom.zip") as answer:
        assert answer.status_code == 200
        content: bytes = answer.data
    return content


def archive(client: FlaskClient, page: str) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(download(client, page)))


def test_the_directory_names_every_file_and_every_file_is_there(phone: tuple[FlaskClient, str], tmp_path: Path) -> None:
    archive(*phone).extractall(tmp_path)
    directory = dcmread(tmp_path / "DICOMDIR")
    file_set = FileSet(directory)
    assert len(file_set) == len(files())
    file_set._stage["t"].cleanup()  # pydicom leaves it to the collector, which warns
    named = {}
    for record in directory.DirectoryRecordSequence:
        if "ReferencedFileID" in record:
            parts = list(record.ReferencedFileID)
            assert all(PART.match(part) for part in parts), parts
            assert len(parts) <= 8
            found = dcmread(tmp_path.joinpath(*parts), stop_before_pixels=True)
            assert found.SOPInstanceUID == record.ReferencedSOPInstanceUIDInFile
            assert found.file_meta.TransferSyntaxUID == record.ReferencedTransferSyntaxUIDInFile
            named["/".join(parts)] = record.DirectoryRecordType
    on_medium = {str(path.relative_to(tmp_path)) for path in (tmp_path / "DICOM").rglob("*") if path.is_file()}
    assert set(named) == on_medium
    kinds = set(named.values())
    assert kinds == {
        *("IMAGE", "SR DOCUMENT", "ENCAP DOC", "WAVEFORM", "KEY OBJECT DOC", "PRESENTATION", "RT PLAN", "RAW DATA"),
        "PRIVATE",
    }
    (patient,) = [record for record in directory.DirectoryRecordSequence if record.DirectoryRecordType == "PATIENT"]
    assert patient.PatientID == "P1"
    assert "李^娜" in str(patient.PatientName)


@pytest.mark.skipif(shutil.which("dcmdump") is None, reason="needs dcmtk")
def test_dcmtk_reads_the_directory_and_each_file(phone: tuple[FlaskClient, str], tmp_path: Path) -> None:
    archive(*phone).extractall(tmp_path)
    paths = [tmp_path / "DICOMDIR", *(path for path in (tmp_path / "DICOM").rglob("*") if path.is_file())]
    dump = subprocess.run(["dcmdump", *map(str, paths)], capture_output=True, text=True, check=False)
    assert dump.returncode == 0, dump.stderr
    assert not re.search(r"^[EF]: ", dump.stderr, re.MULTILINE), dump.stderr


def test_files_are_as_they_were_received(phone: tuple[FlaskClient, str]) -> None:
    assert sorted(originals_in(download(*phone))) == sorted(files())


def test_the_page_shows_every_picture_and_asks_no_network(phone: tuple[FlaskClient, str]) -> None:
    client, page = phone
    found = archive(client, page)
    body = found.read("index.html").decode()
    pictures = [name for name in found.namelist() if name.startswith("PICTURES/")]
    assert len(pictures) == 5
    assert all(name in body for name in pictures)
    assert "//" not in re.sub(r"<!--.*?-->", "", body)
    assert "李娜" not in body
    assert found.read(pictures[2]) == client.get(f"{page}/series/1/frames/3.jpg").data


@pytest.mark.parametrize("name", ["dicom.zip", "images.zip"])
def test_a_download_that_was_cut_is_taken_up_where_it_ended(phone: tuple[FlaskClient, str], name: str) -> None:
    client, page = phone
    path = f"{page}/{name}"
    with client.get(path) as answer:
        whole, tag = answer.data, answer.headers["ETag"]
        assert int(answer.headers["Content-Length"]) == len(whole)
        assert zipfile.ZipFile(io.BytesIO(whole)).testzip() is None
        assert answer.headers["Accept-Ranges"] == "bytes"
    for begin in (1, len(whole) // 2, len(whole) - 1):
        with client.get(path, headers={"Range": f"bytes={begin}-", "If-Range": tag}) as answer:
            assert answer.status_code == 206
            assert answer.data == whole[begin:]
    with client.get(path, headers={"Range": "bytes=5-", "If-Range": '"another"'}) as answer:
        assert answer.status_code == 200
        assert answer.data == whole
    for beyond in (f"bytes={len(whole)}-", "bytes=x", "bytes=9-1", f"bytes={len(whole)}-{len(whole) + 9}"):
        assert client.get(path, headers={"Range": beyond}).status_code == 416
    with client.get(path, headers={"Range": "bytes=0-0,-1"}) as answer:  # and no place was lost by those
        assert (answer.status_code, answer.data) == (200, whole)


def test_what_was_not_shared_is_not_in_the_archive_and_marked_pictures_have_no_parts(
    app: Flask, phone: tuple[FlaskClient, str]
) -> None:
    client, page = phone
    exam_id = page.rpartition("/")[2]
    own = archive(client, page)
    bare, base = guest(app, share(client, exam_id, report="1", originals="1"))
    names = archive(bare, base).namelist()
    assert "DICOMDIR" in names
    assert not [name for name in names if name == "index.html" or name.startswith("PICTURES/")]
    seeing, base = guest(app, share(client, exam_id, pictures="1", originals="1"))
    given = archive(seeing, base)
    assert given.namelist() == own.namelist()
    picture = "PICTURES/SE000001/IM000003.JPG"
    assert given.read(picture) != own.read(picture)
    for name in ("dicom.zip", "images.zip"):
        with seeing.get(f"{base}/{name}", headers={"Range": "bytes=5-"}) as answer:
            assert answer.status_code == 200
            assert answer.data.startswith(b"PK")


def test_pictures_alone_leave_out_what_cannot_be_shown_and_keep_the_numbers(house: Services, app: Flask) -> None:
    series = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": "1.2.3.4.1"}
    slices = [ct_slice(32, InstanceNumber=z, ImagePositionPatient=[0, 0, z], **series) for z in range(1, 4)]
    slices[1].PixelData = slices[1].PixelData[:100]
    prepare(house, *map(part10, slices))
    exam_id = exam_of(house).id
    client, page = let_in(app, house, exam_id), f"/exams/{exam_id.hex}"
    with client.get(f"{page}/images.zip") as answer:
        found = zipfile.ZipFile(io.BytesIO(answer.data))
    assert found.namelist() == ["series-01/0001.jpg", "series-01/0003.jpg"]
    assert found.read("series-01/0003.jpg") == client.get(f"{page}/series/1/frames/3.jpg").data


@pytest.mark.parametrize(("limit", "count"), [(1 << 31, 65_535), (4000, 65_535), (1, 2), (100_000, 2)])
def test_the_length_of_an_archive_is_known_before_it_is_made(
    monkeypatch: pytest.MonkeyPatch, limit: int, count: int
) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", limit)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", count)
    sizes = [("DICOMDIR", 1234), ("index.html", 0), ("DICOM/SE000001/IM000001", 5000), ("图.JPG", 70)]
    made = b"".join(downloads.zip_stream((name, iter([b"x" * size])) for name, size in sizes))
    assert len(made) == downloads.zip_length(sizes)
