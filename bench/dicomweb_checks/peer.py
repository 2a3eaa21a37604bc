"""One DICOMweb server as the checks ask it: requests in, answers out. What is right is in the lists of checks."""

from __future__ import annotations

import gzip
import http.client
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import pydicom
from pydicom import Dataset

from deploy.testbed.multipart import take_apart

XML = 'multipart/related; type="application/dicom+xml"'
DICOM = 'multipart/related; type="application/dicom"'
OCTETS = 'multipart/related; type="application/octet-stream"'
EXPLICIT = "1.2.840.10008.1.2.1"


@dataclass(frozen=True)
class Answer:
    """`headers` by lower-case name."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def type(self) -> str:
        return self.headers.get("content-type", "")

    @property
    def json(self) -> Any:
        packed = self.headers.get("content-encoding") == "gzip"
        return json.loads(gzip.decompress(self.body) if packed else self.body) if self.body else []

    @property
    def parts(self) -> list[tuple[dict[str, str], bytes]]:
        return take_apart(self.body, self.type)

    @property
    def files(self) -> list[Dataset]:
        """The Part-10 files of a multipart answer."""
        return [pydicom.dcmread(io.BytesIO(content)) for _, content in self.parts]

    def values(self, tag: str) -> list[Any]:
        """The first value of an element in each object of a JSON answer; None where it has none."""
        return [(item.get(tag, {}).get("Value") or [None])[0] for item in self.json]

    @property
    def syntaxes(self) -> set[str]:
        return {str(file.file_meta.TransferSyntaxUID) for file in self.files}


@dataclass(frozen=True)
class Peer:
    """A server at `root` of this port of this machine. `headers`: what its client must send."""

    port: int
    root: str
    headers: dict[str, str]

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None, **query: str
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            target = self.root + path + ("?" + urlencode(query) if query else "")
            connection.request(method, target, body, {**self.headers, **(headers or {})})
            found = connection.getresponse()
            return Answer(found.status, {name.lower(): value for name, value in found.getheaders()}, found.read())
        finally:
            connection.close()

    def get(
        self, path: str, accept: str | None = None, headers: dict[str, str] | None = None, /, **query: str
    ) -> Answer:
        wanted = {"Accept": accept} if accept else {}
        return self.ask("GET", path, None, {**wanted, **(headers or {})}, **query)

    def at(self, address: str, accept: str | None = None) -> Answer:
        """What lies at an address that the server itself gave: absolute, or beginning with a slash."""
        path = urlsplit(address).path
        return self.get(path.partition(self.root)[2] if self.root in path else path, accept)


@dataclass(frozen=True)
class Check:
    """`section` of PS3.18 2026; `holds` may raise anything, which counts as no."""

    section: str
    says: str
    holds: Callable[[Peer], object]

    def passes(self, peer: Peer) -> bool:
        try:
            return bool(self.holds(peer))
        except Exception:  # a wrong answer breaks a check in any way
            return False


def checks(*lines: tuple[str, str, Callable[[Peer], object]]) -> list[Check]:
    return [Check(*line) for line in lines]


def passed(peer: Peer, listed: Iterable[Check]) -> list[bool]:
    return [check.passes(peer) for check in listed]
