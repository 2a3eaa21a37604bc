"""Prints docs/dicom-conformance.md: what the DICOM doors take and give, read off the code's own tables."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from pydicom.uid import UID

from app.services.dicomweb.explicit_files import DECODABLE, UNCOMPRESSED, WITHOUT_LOSS
from app.services.dicomweb.late_keys import MOST_ROWS
from app.services.dicomweb.matching_keys import COLUMN_KEYS, OF_IDENTITY, OF_OBJECT, Level
from app.services.dicomweb.query import MAX_RESULTS
from app.services.dicomweb.render_parameters import FORMATS, FUNCTIONS, MAX_SIDE
from app.web.machine.dicomweb.dicom_json import REQUIRED
from app.web.machine.dicomweb.metadata_bodies import METADATA
from app.web.machine.dicomweb.transfer_syntaxes import IMAGE_TYPES, OCTETS

_HEAD = """# DICOM conformance

What the DICOMweb door (PS3.18) takes and gives. This page is printed by `python -m deploy.document_conformance`, and
`tests/contracts/test_conformance_documented.py` holds it. The addresses with their methods are told by the service
itself: `OPTIONS /dicomweb/`.
"""


def document() -> str:
    return "\n".join([_HEAD, *_search(), *_retrieve(), *_rendered(), *_store()]) + "\n"


def _search() -> Iterator[str]:
    yield "## Search (PS3.18 10.6)"
    yield 'Answers: `application/dicom+json`, `application/json`, `multipart/related; type="application/dicom+xml"`;'
    yield f"gzip on demand. At most {MAX_RESULTS} results at once; `limit`, `offset`, `includefield`,"
    yield "`emptyvaluematching`.\n"
    yield "| level | matching keys | always returned |"
    yield "|---|---|---|"
    for level in Level:
        keys = (keyword for keyword, of in COLUMN_KEYS.items() if of is level)
        yield f"| {level} | {_words(keys)} | {_words(REQUIRED[level])} |"
    yield "\nA key of a lower level finds what has such a series or instance. An unknown key is ignored with"
    yield f"`Warning: 299`. Once the other keys leave at most {MOST_ROWS} studies or series, these match too:\n"
    yield f"- {_words(OF_IDENTITY)}, `PatientID` with wildcards: sealed in the database. A whole name or"
    yield "  number is found among all; between two asterisks a whole name, and a family or given name on its own, and"
    yield "  the answer says so. Another pattern among too many is 400."
    yield f"- {_words(OF_OBJECT)}, and keys inside sequences, with dots: of stored objects."
    yield f"\n`includefield` names any attribute of a stored object, for at most {MOST_ROWS} results."
    yield "`fuzzymatching` is not supported, and the answer says so.\n"


def _retrieve() -> Iterator[str]:
    yield "## Retrieve (PS3.18 10.4)"
    yield "Without the parameter `transfer-syntax`: Explicit VR Little Endian; lossy pixels, and what does not decode,"
    yield "as stored. `transfer-syntax=*`: the stored bytes. Nothing is compressed anew.\n"
    yield "| stored transfer syntax | frames as stored | decoded by default | decoded on demand |"
    yield "|---|---|---|---|"
    for syntax in sorted({*DECODABLE, *IMAGE_TYPES}, key=lambda uid: [int(part) for part in uid.split(".")]):
        own = OCTETS if syntax in UNCOMPRESSED else IMAGE_TYPES.get(syntax, OCTETS)
        cells = (f"{UID(syntax).name} `{syntax}`", f"`{own}`", _yes(syntax in WITHOUT_LOSS), _yes(syntax in DECODABLE))
        yield f"| {' | '.join(cells)} |"
    yield "\nMetadata: DICOM JSON, or XML (PS3.19 A.1). Bulk data: at the address in the metadata, and `/bulkdata` and"
    yield "`/pixeldata` of study, series and instance. Metadata and what comes alone have entity tags; what comes alone"
    yield "has ranges of bytes. Addresses in answers are absolute for clients that know us by the host of"
    yield "`CLOUDFILM_BASE_URL`. For others (`Host`, `X-Forwarded-Host`) they are relative, from `/dicomweb/` on: a"
    yield "proxy keeps this path. Frames of one-bit pixels begin at a byte; in their element they have no gaps."
    yield "Media types of frames also have their former names: `image/x-jls`, `image/x-dicom-rle`, `image/jhc`.\n"


def _rendered() -> Iterator[str]:
    yield "## Rendered (PS3.18 10.4.1.1.3)"
    yield f"{_words(FORMATS)}; `viewport` with sides to {MAX_SIDE}, negative ones mirror; `window` with the functions"
    yield f"{_words(FUNCTIONS)}; `quality` 1 to 100. Study, series, instance and lists of frames, in parts where"
    yield "`multipart/related` is asked for. Structured reports as `text/html`, encapsulated PDF as"
    yield "`application/pdf`.\n"


def _store() -> Iterator[str]:
    yield "## Store (PS3.18 10.5)"
    yield '`multipart/related; type="application/dicom"` or one `application/dicom`, also in gzip.'
    yield f"Also metadata with their bulk data in parts ({_words(METADATA)}), each value named by `Content-Location`;"
    yield "such a body is at most as large as one instance may be. Metadata that need no other part may be the whole"
    yield "body. Answers in JSON or XML."


def _words(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


if __name__ == "__main__":
    sys.stdout.write(document())
