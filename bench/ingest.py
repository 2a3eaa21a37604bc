"""Compares instances a second by STOW-RS: our gunicorn and Debian's Orthanc. Both answer only after a durable write.

Both get the same files from the same client over one connection, with the same number of instances in a request. Each
round has a new study, so that nothing is a duplicate.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.house import bearer, opened, working_folder
from bench.rounds import interleaved, seconds
from bench.servers import cloudfilm, orthanc
from bench.study import new_study
from deploy.testbed.multipart import STOW_TYPE, body

ROUNDS = 7
PER_REQUEST = (1, 10, 143)
"""Orthanc's own STOW client sends 10 instances in a request; a gateway may send a whole study."""
GOAL = 1.0


@dataclass(frozen=True)
class Door:
    """One STOW-RS door: its port and path, and the headers its client must send."""

    port: int
    path: str
    headers: dict[str, str]

    def send(self, bodies: Sequence[bytes]) -> int:
        """Send the bodies over one keep-alive connection; returns how many instances were stored. Raises RuntimeError
        when a request was not stored completely."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        headers = {"Content-Type": STOW_TYPE, "Accept": "application/dicom+json", **self.headers}
        stored = 0
        for data in bodies:
            connection.request("POST", self.path, data, headers)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{self.path} answered {answer.status}")
            stored += len(json.loads(content)["00081199"]["Value"])
        connection.close()
        return stored


def requests(files: Sequence[bytes], per_request: int) -> Iterator[bytes]:
    for start in range(0, len(files), per_request):
        yield body(files[start : start + per_request])


def rate(door: Door, bodies: Sequence[bytes], expected: int) -> float:
    """The number of instances a second."""
    stored = 0

    def work() -> None:
        nonlocal stored
        stored = door.send(bodies)

    took = seconds(work)
    if stored != expected:
        raise RuntimeError(f"{stored} of {expected} instances were stored")
    return expected / took


def compare(ours: Door, theirs: Door, per_request: int) -> None:
    round_of: dict[int, list[bytes]] = {}

    def bodies(number: int) -> list[bytes]:
        """The bodies of a round, the same for both sides."""
        if number not in round_of:
            round_of.clear()
            round_of[number] = list(requests(new_study(f"BENCH-{per_request}-{number}").files, per_request))
        return round_of[number]

    sides = {
        "ours": lambda number: rate(ours, bodies(number), 143),
        "orthanc": lambda number: rate(theirs, bodies(number), 143),
    }
    seen = interleaved(sides, ROUNDS)
    print(
        f"  {per_request:>3} a request: ours {seen.median('ours'):6.0f}/s, Orthanc {seen.median('orthanc'):6.0f}/s, "
        f"{seen.spread('ours', 'orthanc')}; goal {GOAL} x"
    )


def run() -> None:
    with working_folder() as folder:
        measure(folder)


def measure(folder: Path) -> None:
    with opened(folder) as services:
        token = bearer(services, "upload")
    with orthanc(folder) as their_port, cloudfilm(folder) as server:
        ours, theirs = Door(server.port, "/dicomweb/studies", token), Door(their_port, "/dicom-web/studies", {})
        print(f"  143 JPEG-LS CT slices, medians of {ROUNDS} interleaved rounds")
        for per_request in PER_REQUEST:
            compare(ours, theirs, per_request)
