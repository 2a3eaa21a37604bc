"""Retrieve transaction (PS3.18 10.4): instances, metadata, frames, bulk data, rendered pictures."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from bench.dicomweb_checks.peer import DICOM, EXPLICIT, OCTETS, XML, Answer, Peer, checks
from deploy.testbed.checked_studies import CT, DOCUMENT, ONE, REPORT, RLE, SERIES, STUDY, B, film, slices

ANY = DICOM + "; transfer-syntax=*"
STORED_FRAMES = 'multipart/related; type="image/dicom-rle"'
PNG = 'multipart/related; type="image/png"'


def metadata(peer: Peer, path: str) -> dict[str, Any]:
    [item] = peer.get(path + "/metadata", "application/dicom+json").json
    return dict(item)


def picture(answer: Answer) -> Image.Image:
    assert answer.status == 200
    return Image.open(io.BytesIO(answer.body))


def bulk(peer: Peer, accept: str) -> Answer:
    return peer.at(metadata(peer, REPORT)["00420011"]["BulkDataURI"], accept)


INSTANCES = checks(
    ("10.4.1.1", "a study", lambda p: len(p.get(STUDY, DICOM).files) == 3),
    ("10.4.1.1", "a series", lambda p: len(p.get(SERIES, DICOM).files) == 3),
    ("10.4.1.1", "an instance", lambda p: p.get(ONE, DICOM).files[0].SOPInstanceUID == f"{CT}.2"),
    ("8.7.5", "without Accept", lambda p: len(p.get(ONE).files) == 1),
    ("8.7.5", "with Accept */*", lambda p: len(p.get(ONE, "*/*").files) == 1),
    (
        "8.7.3.5.2",
        "type without quotes",
        lambda p: len(p.get(ONE, "multipart/related; type=application/dicom").files) == 1,
    ),
    (
        "8.7.3.3",
        "a study in Explicit VR Little Endian by default",
        lambda p: p.get(STUDY, DICOM).syntaxes == {EXPLICIT},
    ),
    ("8.7.3.3", "compressed pixels are decoded by default", lambda p: p.get(RLE, DICOM).syntaxes == {EXPLICIT}),
    ("8.7.3.3", "and hold the right values", lambda p: p.get(RLE, DICOM).files[0].pixel_array[3, 0, 0] == 3),
    (
        "8.7.3.5.2",
        "Explicit VR Little Endian on demand",
        lambda p: p.get(RLE, f"{DICOM}; transfer-syntax={EXPLICIT}").syntaxes == {EXPLICIT},
    ),
    ("8.7.3.5.2", "the stored syntax by *", lambda p: p.get(RLE, ANY).syntaxes == {"1.2.840.10008.1.2.5"}),
    ("8.7.3.5.2", "the stored bytes by *", lambda p: p.get(RLE, ANY).parts[0][1] == film()),
    ("8.7.3.5.2", "the stored bytes of an uncompressed one", lambda p: p.get(ONE, ANY).parts[0][1] == slices()[1]),
    (
        "8.7.3.5.2",
        "a syntax that cannot be had is 406",
        lambda p: p.get(ONE, DICOM + "; transfer-syntax=1.2.840.10008.1.2.4.103").status == 406,
    ),
    ("8.6.1.1", "an instance alone", lambda p: p.get(ONE, "application/dicom").type.startswith("application/dicom")),
    (
        "8.6.1.2",
        "each part has a Content-Type",
        lambda p: all("application/dicom" in head["content-type"] for head, _ in p.get(STUDY, DICOM).parts),
    ),
    ("8.6.1.2", "the answer names the type of its parts", lambda p: "application/dicom" in p.get(STUDY, DICOM).type),
    (
        "8.6.1.2",
        "parts have a Content-Location or none",
        lambda p: all(CT in head.get("content-location", CT) for head, _ in p.get(STUDY, DICOM).parts),
    ),
    ("8.7.8", "an Accept that is not served is 406", lambda p: p.get(ONE, "text/csv").status == 406),
    (
        "8.3.3.1",
        "accept as a parameter",
        lambda p: p.get(ONE + "/rendered", "*/*", accept="image/png").type == "image/png",
    ),
    ("10.4.3", "an unknown study is 404", lambda p: p.get("/studies/1.2.3.4.5.6.7").status == 404),
    ("10.4.3", "an unknown instance is 404", lambda p: p.get(SERIES + "/instances/1.2.3.4.5").status == 404),
    (
        "10.4.3",
        "an instance of another study is 404",
        lambda p: p.get(f"/studies/{B}/series/{CT}/instances/{CT}.1").status == 404,
    ),
)

METADATA = checks(
    ("10.4.1.1.2", "of an instance", lambda p: metadata(p, ONE)["00080018"]["Value"] == [f"{CT}.2"]),
    ("10.4.1.1.2", "of a series", lambda p: len(p.get(SERIES + "/metadata", "application/dicom+json").json) == 3),
    ("10.4.1.1.2", "of a study", lambda p: len(p.get(STUDY + "/metadata", "application/dicom+json").json) == 3),
    ("8.7.5", "without Accept", lambda p: p.get(ONE + "/metadata").type.startswith("application/dicom+json")),
    ("8.7.3.2", "in XML", lambda p: b"NativeDicomModel" in p.get(ONE + "/metadata", XML).parts[0][1]),
    ("8.7.3.2", "of a study in XML, one part an instance", lambda p: len(p.get(STUDY + "/metadata", XML).parts) == 3),
    ("PS3.19 A.1", "XML names keywords", lambda p: b'keyword="PatientID"' in p.get(ONE + "/metadata", XML).parts[0][1]),
    ("F.2.2", "no group 0002", lambda p: not any(tag.startswith("0002") for tag in metadata(p, ONE))),
    ("F.2.3", "a sequence", lambda p: metadata(p, ONE)["00400275"]["Value"][0]["00400009"]["Value"] == ["SPS1"]),
    ("F.2.3", "numbers are numbers", lambda p: metadata(p, ONE)["00280010"]["Value"] == [16]),
    ("F.2.2", "a name in its groups", lambda p: metadata(p, ONE)["00100010"]["Value"][0]["Ideographic"] == "检查^安娜"),
    ("F.2.6", "pixels by their address", lambda p: "BulkDataURI" in metadata(p, ONE)["7FE00010"]),
    ("F.2.6", "long values by their address", lambda p: "BulkDataURI" in metadata(p, REPORT)["00420011"]),
    ("F.2.2", "pixels have one VR", lambda p: metadata(p, ONE)["7FE00010"]["vr"] in ("OW", "OB")),
    (
        "8.4.1",
        "in gzip or plain",
        lambda p: len(p.get(STUDY + "/metadata", None, {"Accept-Encoding": "gzip"}).json) == 3,
    ),
    ("8.4", "ETag", lambda p: p.get(ONE + "/metadata").headers["etag"]),
    (
        "8.4",
        "304 for what did not change",
        lambda p: (
            p.get(ONE + "/metadata", None, {"If-None-Match": p.get(ONE + "/metadata").headers["etag"]}).status == 304
        ),
    ),
    ("8.7.8", "an Accept that is not served is 406", lambda p: p.get(ONE + "/metadata", "text/csv").status == 406),
    ("10.4.3", "of an unknown study is 404", lambda p: p.get("/studies/1.2.3.4/metadata").status == 404),
)

BULK_DATA = checks(
    ("10.4.1.1.5", "at the address of the metadata", lambda p: DOCUMENT in bulk(p, OCTETS).body),
    ("8.6.1.1", "alone", lambda p: bulk(p, "application/octet-stream").body.rstrip(b"\0") == DOCUMENT.rstrip(b"\0")),
    (
        "10.4.1.1.5",
        "pixels at the address of the metadata",
        lambda p: p.at(metadata(p, ONE)["7FE00010"]["BulkDataURI"], OCTETS).parts,
    ),
    ("10.4.1.1.5", "of an instance", lambda p: p.get(REPORT + "/bulkdata", OCTETS).parts),
    ("10.4.1.1.5", "of a series", lambda p: p.get(SERIES + "/bulkdata", OCTETS).parts),
    ("10.4.1.1.5", "of a study", lambda p: p.get(f"/studies/{B}/bulkdata", OCTETS).parts),
    ("10.4.1.1.6", "pixel data of an instance", lambda p: p.get(ONE + "/pixeldata", OCTETS).parts),
    ("10.4.1.1.6", "pixel data of a series", lambda p: len(p.get(SERIES + "/pixeldata", OCTETS).parts) == 3),
    ("10.4.1.1.6", "pixel data of a study", lambda p: len(p.get(STUDY + "/pixeldata", OCTETS).parts) == 3),
    (
        "RFC 9110 14",
        "a range of bytes",
        lambda p: p.get(ONE, "application/dicom", {"Range": "bytes=128-131"}).body == b"DICM",
    ),
)

FRAMES = checks(
    ("10.4.1.1.4", "one frame", lambda p: len(p.get(ONE + "/frames/1", OCTETS).parts[0][1]) == 384),
    ("10.4.1.1.4", "a list of frames", lambda p: len(p.get(RLE + "/frames/1,3", OCTETS).parts) == 2),
    (
        "10.4.1.1.4",
        "in the order that was asked for",
        lambda p: [content[0] for _, content in p.get(RLE + "/frames/4,2", OCTETS).parts] == [3, 1],
    ),
    ("8.7.3.3", "decoded as octets", lambda p: p.get(RLE + "/frames/3", OCTETS).parts[0][1] == b"\x02" * 64),
    (
        "8.7.3.3.2",
        "as they are stored",
        lambda p: "rle" in p.get(RLE + "/frames/1", STORED_FRAMES).parts[0][0]["content-type"],
    ),
    ("8.7.3.3", "without Accept", lambda p: p.get(ONE + "/frames/1").status == 200),
    ("8.6.1.1", "one frame alone", lambda p: len(p.get(ONE + "/frames/1", "application/octet-stream").body) == 384),
    ("10.4.3", "a frame that is not there is 404", lambda p: p.get(ONE + "/frames/9", OCTETS).status == 404),
    ("9.1", "frame 0 is 400", lambda p: p.get(ONE + "/frames/0", OCTETS).status in (400, 404)),
    ("8.7.8", "an Accept that is not served is 406", lambda p: p.get(ONE + "/frames/1", "text/csv").status == 406),
)

RENDERED = checks(
    ("10.4.1.1.3", "an instance as JPEG", lambda p: picture(p.get(ONE + "/rendered", "image/jpeg")).size == (12, 16)),
    ("8.7.4", "as PNG", lambda p: picture(p.get(ONE + "/rendered", "image/png")).format == "PNG"),
    ("8.7.4", "as GIF", lambda p: picture(p.get(ONE + "/rendered", "image/gif")).format == "GIF"),
    ("8.7.4", "JPEG without Accept", lambda p: picture(p.get(ONE + "/rendered")).format == "JPEG"),
    ("10.4.1.1.3", "a frame", lambda p: picture(p.get(RLE + "/frames/2/rendered", "image/png")).size == (8, 8)),
    ("10.4.1.1.3", "a list of frames in parts", lambda p: len(p.get(RLE + "/frames/1,2/rendered", PNG).parts) == 2),
    ("10.4.1.1.3", "a series", lambda p: p.get(SERIES + "/rendered").status == 200),
    ("10.4.1.1.3", "a study", lambda p: p.get(STUDY + "/rendered").status == 200),
    ("8.3.5.1.3", "viewport", lambda p: picture(p.get(ONE + "/rendered", "image/png", viewport="6,8")).size == (6, 8)),
    (
        "8.3.5.1.3",
        "a region",
        lambda p: picture(p.get(ONE + "/rendered", "image/png", viewport="4,4,0,0,4,4")).size == (4, 4),
    ),
    (
        "8.3.5.1.3",
        "a mirrored region",
        lambda p: p.get(ONE + "/rendered", "image/png", viewport="12,16,0,0,-12,16").status == 200,
    ),
    (
        "8.3.5.1.4",
        "window",
        lambda p: (
            p.get(ONE + "/rendered", "image/png", window="100,200,linear").body
            != p.get(ONE + "/rendered", "image/png", window="0,20,linear").body
        ),
    ),
    ("8.3.5.1.4", "a wrong window is 400", lambda p: p.get(ONE + "/rendered", "image/png", window="a,b").status == 400),
    ("8.3.5.1.2", "quality", lambda p: p.get(ONE + "/rendered", "image/jpeg", quality="10").status == 200),
    (
        "8.3.5.1.2",
        "a wrong quality is 400",
        lambda p: p.get(ONE + "/rendered", "image/jpeg", quality="1000").status == 400,
    ),
    ("10.4.1.1.7", "a thumbnail of an instance", lambda p: picture(p.get(ONE + "/thumbnail")).size[0] > 0),
    ("10.4.1.1.7", "a thumbnail of a series", lambda p: picture(p.get(SERIES + "/thumbnail")).size[0] > 0),
    ("10.4.1.1.7", "a thumbnail of a study", lambda p: picture(p.get(STUDY + "/thumbnail")).size[0] > 0),
    ("8.7.4", "a report as HTML", lambda p: "html" in p.get(REPORT + "/rendered", "text/html").type),
    ("8.7.8", "an Accept that is not served is 406", lambda p: p.get(ONE + "/rendered", "text/csv").status == 406),
)
LIST = [*INSTANCES, *METADATA, *BULK_DATA, *FRAMES, *RENDERED]
