"""WADO-RS: what is retrieved is what was stored, in the forms the client accepts, and every read is audited."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.encaps import generate_frames
from pydicom.uid import ImplicitVRLittleEndian

from app.imaging.decode import decode_frame
from app.imaging.window import Window, to_display
from tests.factories.dicom_objects import ct_dataset, part10
from tests.factories.reading_machine import ReadingMachine, tag
from tests.shared_data import files_of, needs

STUDY, SERIES, MULTI, REPORT = "1.2.3.1", "1.2.3.1.1", "1.2.3.1.7", "1.2.3.1.8"
NATIVE = 'multipart/related; type="application/octet-stream"'


def slices() -> list[bytes]:
    """Three images of 64 x 48, a ramp each."""
    files = []
    for number in range(3):
        ramp = (np.arange(64 * 48, dtype="<u2") + number).tobytes()
        dataset = ct_dataset(
            StudyInstanceUID=STUDY, SeriesInstanceUID=SERIES, SOPInstanceUID=f"{SERIES}.{number + 1}",
            InstanceNumber=number + 1, Rows=64, Columns=48, PixelData=ramp, BitsStored=16, HighBit=15,
            RescaleSlope="1", RescaleIntercept="-1024",
        )  # fmt: skip
        files.append(part10(dataset))
    return files


def multi_frame() -> bytes:
    pixels = b"".join(bytes([frame]) * 64 for frame in range(4))
    return part10(
        ct_dataset(
            StudyInstanceUID=STUDY, SeriesInstanceUID=f"{SERIES}0", SOPInstanceUID=MULTI, NumberOfFrames=4,
            BitsAllocated=8, BitsStored=8, HighBit=7, PixelData=pixels,
        ),
        ImplicitVRLittleEndian,
    )  # fmt: skip


def report() -> bytes:
    gone = dict.fromkeys(
        ("Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated", "BitsStored", "HighBit",
         "PixelRepresentation", "PixelData"),
    )  # fmt: skip
    dataset = ct_dataset(
        StudyInstanceUID=STUDY, SeriesInstanceUID=f"{SERIES}1", SOPInstanceUID=REPORT, Modality="SR",
        SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", **gone,
    )  # fmt: skip
    dataset.add_new(0x00091010, "LO", "PRIVATE")
    dataset.EncapsulatedDocument = b"document" * 400
    return part10(dataset)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReadingMachine]:
    machine = ReadingMachine(tmp_path_factory.mktemp("wado"))
    machine.hold(*slices(), multi_frame(), report())
    yield machine
    machine.close()


ONE = f"/studies/{STUDY}/series/{SERIES}/instances/{SERIES}.2"
CINE = f"/studies/{STUDY}/series/{SERIES}0/instances/{MULTI}"
TEXT = f"/studies/{STUDY}/series/{SERIES}1/instances/{REPORT}"


# --- instances ---


def test_instances_come_byte_for_byte_as_received(machine: ReadingMachine) -> None:
    [(headers, content)] = machine.parts(ONE)
    assert content == slices()[1]
    assert headers["content-type"] == "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"
    assert headers["content-location"].endswith(ONE)
    assert [content for _, content in machine.parts(f"/studies/{STUDY}/series/{SERIES}")] == slices()
    assert len(machine.parts(f"/studies/{STUDY}")) == 5


@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "multipart/related",
        'multipart/related; type="application/dicom"',
        'multipart/related; type="application/dicom"; transfer-syntax=*',
        "multipart/related; type=application/dicom; transfer-syntax=1.2.840.10008.1.2.1",
        'text/html, multipart/related; type="application/dicom"; q=0.1',
    ],
)
def test_accepted_forms_of_instances(machine: ReadingMachine, accept: str) -> None:
    assert machine.get(ONE, accept).content_type.startswith('multipart/related; type="application/dicom"; boundary=')


@pytest.mark.parametrize(
    "accept",
    ["text/html", "application/zip", 'multipart/related; type="image/jpeg"',
     'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.90'],
)  # fmt: skip
def test_forms_that_are_not_served_are_406(machine: ReadingMachine, accept: str) -> None:
    assert machine.get(ONE, accept).status_code == 406


def test_a_single_instance_also_comes_alone(machine: ReadingMachine) -> None:
    answer = machine.get(ONE, "application/dicom")
    assert answer.get_data() == slices()[1]
    assert answer.content_type.startswith("application/dicom")
    assert answer.content_length == len(slices()[1])
    assert machine.get(f"/studies/{STUDY}", "application/dicom").status_code == 406


@pytest.mark.parametrize(
    "path",
    ["/studies/1.9", f"/studies/{STUDY}/series/1.9", f"/studies/{STUDY}/series/{SERIES}/instances/1.9",
     f"/studies/1.9/series/{SERIES}/instances/{SERIES}.2", "/studies/1.9/metadata", "/studies/1.9/thumbnail"],
)  # fmt: skip
def test_unknown_uids_are_404(machine: ReadingMachine, path: str) -> None:
    assert machine.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/studies/abc", "/studies/1..2", "/studies/" + "1" * 65, "/studies/1.2%0a/metadata"])
def test_what_is_no_uid_is_400(machine: ReadingMachine, path: str) -> None:
    assert machine.get(path).status_code == 400


# --- metadata ---


def test_metadata_hold_the_header_and_name_the_bulk_data(machine: ReadingMachine) -> None:
    answer = machine.get(ONE + "/metadata")
    assert answer.content_type == "application/dicom+json"
    [item] = answer.json
    assert tag(item, "00100010") == {"Alphabetic": "Wang^Xiaodong", "Ideographic": "王^小东"}
    assert tag(item, "00080005") == "ISO_IR 192"
    assert tag(item, "00280010") == 64
    assert "Value" not in item["7FE00010"]
    assert "InlineBinary" not in item["7FE00010"]
    assert item["7FE00010"]["BulkDataURI"].endswith(ONE + "/bulkdata/7FE00010")
    assert not any(name.startswith("0002") for name in item)
    assert pydicom.Dataset.from_json(item, lambda *_: b"").PatientID == "P1"


def test_metadata_of_a_study_hold_every_instance(machine: ReadingMachine) -> None:
    items = machine.get(f"/studies/{STUDY}/metadata").json
    assert {tag(item, "00080018") for item in items} == {f"{SERIES}.1", f"{SERIES}.2", f"{SERIES}.3", MULTI, REPORT}


def test_bulk_data_addresses_lead_to_the_values(machine: ReadingMachine) -> None:
    [item] = machine.get(TEXT + "/metadata").json
    path = item["00420011"]["BulkDataURI"].partition("/dicomweb")[2]
    [(_, content)] = machine.parts(path)
    assert content == b"document" * 400
    pixels = machine.get(CINE + "/metadata").json[0]["7FE00010"]["BulkDataURI"].partition("/dicomweb")[2]
    assert [content[:1] for _, content in machine.parts(pixels)] == [b"\x00", b"\x01", b"\x02", b"\x03"]
    assert machine.get(TEXT + "/bulkdata/00100010").status_code == 404
    assert machine.get(TEXT + "/bulkdata/nonsense").status_code == 400


# --- frames ---


def test_native_frames_are_the_stored_bytes(machine: ReadingMachine) -> None:
    parts = machine.parts(CINE + "/frames/3,1", NATIVE)
    assert [content for _, content in parts] == [b"\x02" * 64, b"\x00" * 64]
    headers = parts[0][0]
    assert headers["content-type"] == "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"
    assert headers["content-location"].endswith(CINE + "/frames/3")


@pytest.mark.parametrize("frames", ["0", "a", "1,", "-1", "1,,2", "1-2", "99999999999"])
def test_bad_frame_lists_are_400(machine: ReadingMachine, frames: str) -> None:
    assert machine.get(f"{CINE}/frames/{frames}").status_code == 400


@pytest.mark.parametrize("path", [CINE + "/frames/5", CINE + "/frames/1,5", TEXT + "/frames/1"])
def test_frames_that_do_not_exist_are_404(machine: ReadingMachine, path: str) -> None:
    assert machine.get(path).status_code == 404


@pytest.mark.parametrize(
    "accept", ["image/jpeg", 'multipart/related; type="image/jls"', NATIVE + "; transfer-syntax=1.2"]
)
def test_frames_in_encodings_not_stored_are_406(machine: ReadingMachine, accept: str) -> None:
    assert machine.get(CINE + "/frames/1", accept).status_code == 406


def test_no_request_for_frames_parses_a_header(machine: ReadingMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(*_: object, **__: object) -> None:
        raise AssertionError("a header was parsed")

    monkeypatch.setattr("app.services.dicom_retrieve.dcmread", parse)
    assert machine.get(CINE + "/frames/1").status_code == 200
    assert machine.get(CINE + "/rendered").status_code == 200


# --- rendered ---


def picture(answer: object) -> np.ndarray:  # type: ignore[type-arg]
    return np.asarray(Image.open(io.BytesIO(answer.get_data())))  # type: ignore[attr-defined]


def test_jpeg_is_the_default_and_png_is_exact(machine: ReadingMachine) -> None:
    assert machine.get(ONE + "/rendered").content_type == "image/jpeg"
    answer = machine.get(ONE + "/rendered", "image/png", window="500,3000,linear")
    header = machine.services.dicom_retrieve.find(
        (STUDY, SERIES, f"{SERIES}.2"), "test", "test", with_images=True
    )[0].image  # fmt: skip
    assert header is not None
    pixels = (np.arange(64 * 48, dtype="<u2") + 1).reshape(64, 48)
    expected = to_display(decode_frame(header, pixels.tobytes()), header, Window(500, 3000))
    assert (picture(answer) == expected).all()


@pytest.mark.parametrize("function", ["linear", "linear-exact", "sigmoid"])
def test_each_window_function_makes_its_own_picture(machine: ReadingMachine, function: str) -> None:
    answer = machine.get(ONE + "/rendered", "image/png", window=f"512,200,{function}")
    shown = picture(answer)
    assert shown.min() == 0 or function == "sigmoid"
    middle = shown[np.abs(np.arange(64 * 48).reshape(64, 48) + 1 - 1024 - 512) < 1]
    assert abs(int(middle.mean()) - 127) <= 2


def test_accept_in_the_query_goes_before_the_header(machine: ReadingMachine) -> None:
    answer = machine.client.get(
        f"/dicomweb{ONE}/rendered",
        headers={**machine.token, "Accept": "image/jpeg"},
        query_string={"accept": "image/png"},
    )
    assert answer.content_type == "image/png"


@pytest.mark.parametrize(
    ("viewport", "size"),
    [
        ("24,32", (32, 24)),
        ("24,100", (32, 24)),
        ("10,10", (10, 8)),
        ("20,20,0,0,20,40", (20, 10)),
        ("48,64,,,24,", (64, 24)),
    ],
)
def test_the_picture_fits_the_viewport(machine: ReadingMachine, viewport: str, size: tuple[int, int]) -> None:
    shown = picture(machine.get(ONE + "/rendered", "image/png", viewport=viewport))
    assert shown.shape[:2] == size


def test_quality_changes_the_size(machine: ReadingMachine) -> None:
    low, high = (len(machine.get(ONE + "/rendered", quality=quality).get_data()) for quality in ("5", "100"))
    assert low < high


@pytest.mark.parametrize(
    "query",
    [
        {"window": "40,400"},
        {"window": "40,400,cubic"},
        {"window": "40,0,linear"},
        {"window": "40,0.5,linear"},
        {"window": "40,-1,sigmoid"},
        {"window": "nan,400,linear"},
        {"window": "1e99,400,linear"},
        {"window": "a,b,linear"},
        {"viewport": "0,10"},
        {"viewport": "10"},
        {"viewport": "10,10,5"},
        {"viewport": "99999,10"},
        {"viewport": "10,10,0,0,49,64"},
        {"viewport": "10,10,48,0,1,1"},
        {"viewport": "10,10,0,0,-48,64"},
        {"quality": "0"},
        {"quality": "101"},
        {"quality": "best"},
    ],
)
def test_bad_parameters_are_400(machine: ReadingMachine, query: dict[str, str]) -> None:
    assert machine.get(ONE + "/rendered", **query).status_code == 400


@pytest.mark.parametrize(
    "accept", ["image/gif", "text/html", "application/dicom", 'multipart/related; type="image/jpeg"']
)
def test_picture_types_that_are_not_served_are_406(machine: ReadingMachine, accept: str) -> None:
    assert machine.get(ONE + "/rendered", accept).status_code == 406


def test_a_report_has_no_picture(machine: ReadingMachine) -> None:
    assert machine.get(TEXT + "/rendered").status_code == 406
    assert machine.get(TEXT + "/thumbnail").status_code == 406


def test_each_frame_is_rendered_by_its_number(machine: ReadingMachine) -> None:
    levels = [
        int(picture(machine.get(f"{CINE}/frames/{n}/rendered", "image/png", window="1.5,3,linear-exact")).max())
        for n in (1, 2, 4)
    ]
    assert levels[0] < levels[1] < levels[2]
    assert machine.get(f"{CINE}/frames/5/rendered").status_code == 404
    assert machine.get(f"{CINE}/frames/0/rendered").status_code == 400


@pytest.mark.parametrize("path", [f"/studies/{STUDY}", f"/studies/{STUDY}/series/{SERIES}", ONE, CINE + "/frames/2"])
def test_thumbnails_exist_on_every_level(machine: ReadingMachine, path: str) -> None:
    answer = machine.get(path + "/thumbnail")
    assert answer.content_type == "image/jpeg"
    assert max(picture(answer).shape) <= 256


# --- who reads ---


def test_every_read_is_audited_once_with_its_study(machine: ReadingMachine) -> None:
    before = len(machine.reads())
    for path in (f"/studies/{STUDY}", ONE + "/metadata", CINE + "/frames/1,2", ONE + "/rendered"):
        assert machine.get(path).status_code == 200
    reads = machine.reads()[before:]
    assert [(subject, detail["what"]) for subject, detail in reads] == [
        (f"study:{STUDY}", what) for what in ("instances", "metadata", "frames", "rendered")
    ]


def test_answers_are_not_to_be_stored(machine: ReadingMachine) -> None:
    assert machine.get(ONE + "/rendered").headers["Cache-Control"] == "no-store"


# --- real files ---


@pytest.mark.parametrize(
    ("folder", "pattern", "media_type"),
    [
        ("ct-chest-nlst-101287", "ct/*", "image/jls"),
        ("us-xa-cine-a", "*", "image/jpeg"),
    ],
)
def test_compressed_frames_of_real_files_go_out_as_they_are(
    tmp_path_factory: pytest.TempPathFactory, folder: str, pattern: str, media_type: str
) -> None:
    needs(folder)
    machine = ReadingMachine(tmp_path_factory.mktemp("real"))
    compressed = ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.50")
    candidates = (path for path in files_of(folder) if path.match(pattern))
    path = next(path for path in candidates if pydicom.dcmread(path).file_meta.TransferSyntaxUID in compressed)
    machine.hold(path.read_bytes())
    dataset = pydicom.dcmread(path)
    where = f"/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}/instances/{dataset.SOPInstanceUID}"
    count = int(dataset.get("NumberOfFrames", 1))
    expected = list(generate_frames(dataset.PixelData, number_of_frames=count))
    for accept in (f'multipart/related; type="{media_type}"', NATIVE + "; transfer-syntax=*", "*/*"):
        parts = machine.parts(f"{where}/frames/{count}", accept)
        assert [content for _, content in parts] == [expected[-1]]
    assert machine.get(f"{where}/frames/1", NATIVE).status_code == 406
    shown = picture(machine.get(f"{where}/rendered", "image/png"))
    assert shown.shape[:2] == (dataset.Rows, dataset.Columns)
    assert machine.get(f"{where}/metadata").json[0]["7FE00010"]["BulkDataURI"]
    machine.close()


def test_a_frame_that_does_not_decode_is_406_and_the_server_lives(machine: ReadingMachine) -> None:
    dataset = ct_dataset(StudyInstanceUID="1.2.9", SeriesInstanceUID="1.2.9.1", SOPInstanceUID="1.2.9.2")
    dataset.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8 this is no JPEG \xff\xd9"])
    dataset["PixelData"].is_undefined_length = True
    dataset["PixelData"].VR = "OB"
    machine.hold(part10(dataset, "1.2.840.10008.1.2.4.50"))
    where = "/studies/1.2.9/series/1.2.9.1/instances/1.2.9.2"
    assert machine.get(f"{where}/rendered").status_code == 406
    assert machine.get(ONE + "/rendered").status_code == 200


def test_no_request_for_a_frame_or_a_picture_parses_a_header(
    machine: ReadingMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parsing(*_: object, **__: object) -> None:
        raise AssertionError("a header was parsed")

    for name in ("pydicom.filereader.read_dataset", "pydicom.filereader.data_element_generator"):
        monkeypatch.setattr(name, parsing)
    for path in (
        ONE + "/frames/1",
        CINE + "/frames/3,1",
        CINE + "/frames/2/rendered",
        f"/studies/{STUDY}/thumbnail",
        ONE,
    ):
        assert machine.get(path).status_code == 200
    with pytest.raises(AssertionError, match="parsed"):
        machine.get(ONE + "/metadata")


def test_without_a_decoder_a_picture_is_not_to_be_had_now(tmp_path: Path) -> None:
    machine = ReadingMachine(tmp_path)
    machine.hold(*slices())
    machine.services.renderer.close()
    assert machine.get(ONE + "/rendered").status_code == 503
    machine.close()


def test_the_first_part_comes_before_the_last_is_read(machine: ReadingMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streaming: the answer is not collected in memory."""
    read = []
    stream = type(machine.services.dicom_retrieve).stream

    def watched(self: object, found: object) -> Iterator[bytes]:
        read.append(found)
        return stream(self, found)  # type: ignore[arg-type]

    monkeypatch.setattr(type(machine.services.dicom_retrieve), "stream", watched)
    answer = machine.client.get(f"/dicomweb/studies/{STUDY}", headers=machine.token, buffered=False)
    body = answer.response
    next(iter(body))
    assert len(read) == 1
    answer.close()
