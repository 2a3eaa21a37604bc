"""Store transaction (PS3.18 10.5) and capabilities (PS3.18 8.9). Run last: it adds to what the searches find."""

from __future__ import annotations

import gzip
import json
from typing import Any

from bench.dicomweb_checks.peer import Answer, Peer, checks
from deploy.testbed.ct import ct_file, ct_slice
from deploy.testbed.multipart import BOUNDARY, STOW_TYPE, body

JSON = "application/dicom+json"
X = "1.2.826.0.1.3680043.10.511.9"


def new() -> bytes:
    return ct_file(StudyInstanceUID=X)


def store(peer: Peer, data: bytes, path: str = "/studies", content_type: str = STOW_TYPE, **more: str) -> Answer:
    headers = {"Content-Type": content_type, "Accept": JSON} | {
        name.replace("_", "-"): text for name, text in more.items()
    }
    return peer.ask("POST", path, data, headers)


def described(peer: Peer) -> Answer:
    """The answer to an instance whose metadata and pixels come apart."""
    dataset = ct_slice(StudyInstanceUID=X)
    pixels, dataset.PixelData = dataset.PixelData, b""
    model = json.loads(dataset.to_json()) | {"7FE00010": {"vr": "OW", "BulkDataURI": "bulk/1"}}
    head = f"--{BOUNDARY}\r\nContent-Type: {JSON}\r\n\r\n".encode() + json.dumps([model]).encode()
    place = f"\r\n--{BOUNDARY}\r\nContent-Type: application/octet-stream\r\nContent-Location: bulk/1\r\n\r\n".encode()
    kind = f'multipart/related; type="{JSON}"; boundary={BOUNDARY}'
    return store(peer, head + place + pixels + f"\r\n--{BOUNDARY}--\r\n".encode(), content_type=kind)


def items(answer: Answer, tag: str) -> list[Any]:
    return list(answer.json.get(tag, {}).get("Value", []))


LIST = checks(
    ("10.5.3", "an instance is stored with 200", lambda p: store(p, body([new()])).status == 200),
    ("10.5.3.2", "the answer is DICOM JSON", lambda p: store(p, body([new()])).type.startswith(JSON)),
    (
        "10.5.3.2",
        "the answer names what was stored",
        lambda p: len(items(store(p, body([new(), new()])), "00081199")) == 2,
    ),
    (
        "10.5.3.2",
        "with the address of each",
        lambda p: X in items(store(p, body([new()])), "00081199")[0]["00081190"]["Value"][0],
    ),
    (
        "10.5.3.2",
        "the answer in XML",
        lambda p: b"NativeDicomModel" in store(p, body([new()]), Accept="application/dicom+xml").body,
    ),
    ("10.5.1", "into the named study", lambda p: store(p, body([new()]), f"/studies/{X}").status == 200),
    (
        "10.5.3.1",
        "an instance of another study is refused",
        lambda p: store(p, body([new()]), "/studies/1.2.3.4").status in (202, 409),
    ),
    ("10.5.3.1", "some of several: 202", lambda p: store(p, body([new(), b"no DICOM"])).status in (200, 202)),
    ("10.5.3.1", "none of several: 409", lambda p: store(p, body([b"no DICOM"])).status in (400, 409)),
    ("8.6.1.1", "one instance alone", lambda p: store(p, new(), content_type="application/dicom").status == 200),
    (
        "RFC 2046 5.1.1",
        "a preamble before the first part",
        lambda p: store(p, b"preamble\r\n" + body([new()])).status == 200,
    ),
    (
        "8.4.1",
        "a body in gzip",
        lambda p: store(p, gzip.compress(body([new()])), Content_Encoding="gzip").status == 200,
    ),
    ("8.6.1.2.2", "metadata in JSON with bulk data", lambda p: described(p).status == 200),
    ("9.1", "a body without its end is 400", lambda p: store(p, body([new()])[:-200]).status == 400),
    ("9.1", "an unknown type is 415", lambda p: store(p, b"a,b", content_type="text/csv").status == 415),
    ("9.1", "an Accept that is not served is 406", lambda p: store(p, body([new()]), Accept="text/csv").status == 406),
    ("10.5", "what was stored is found", lambda p: X in p.get("/studies").values("0020000D")),
    (
        "8.9.2",
        "capabilities by OPTIONS",
        lambda p: p.ask("OPTIONS", "/", None, {"Accept": "application/vnd.sun.wadl+xml"}).status == 200,
    ),
    (
        "8.9.3",
        "capabilities in WADL",
        lambda p: b"<application" in p.ask("OPTIONS", "/", None, {"Accept": "application/vnd.sun.wadl+xml"}).body,
    ),
)
