"""A hostile study and ordinary ones at the same time: `python -m tests.soak.hostile_study [minutes [budget]]`, 20
minutes by default, and the budget of the product, in seconds of decoding children.

The hostile study's frames are 16 million pixels each, thousands of them: deflated to a few kilobytes, and JPEG 2000 of
thousands of tiles. While it is prepared a small study arrives every few seconds. Exit 1 when one of these waits for its
pictures for a minute or longer, or when the hostile one is not published within its budget and the time of its last
frames. What is measured is the time of the machine: run it where nothing else runs.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
import uuid
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless

from app.bootstrap import Services, build
from app.clock import SystemClock
from app.imaging.codecs.decode import DEFLATED_FRAME
from app.repos.ingest import studies
from app.repos.pictures import completion
from app.services.ingest.incoming import DoorName, IncomingObject, Stored
from app.services.pictures.preparation import BUDGET_S
from deploy.testbed.ct import ct_slice, part10
from deploy.testbed.servers import settings_of

SIDE, FRAMES, OBJECTS = 4096, 250, 12
TILE = 64
SLICES, EVERY_S, MOST_WAIT_S = 20, 5.0, 60.0
MINUTES = 20.0


@dataclass
class Seen:
    """Seconds from complete to prepared of each ordinary study, and of the hostile one when it was published."""

    waits: list[float] = field(default_factory=list)
    hostile_s: float | None = None

    def faults(self, minutes: float, budget_s: float) -> list[str]:
        found = []
        if not self.waits or max(self.waits) >= MOST_WAIT_S:
            found.append(f"an ordinary study waited {max(self.waits, default=float('inf')):.0f} s")
        if self.hostile_s is None and 60 * minutes > budget_s + MOST_WAIT_S:
            found.append("the hostile study was not published within its budget")
        return found


def deflated() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(bytes(SIDE * SIDE)) + packer.flush()


def tiled() -> bytes:
    """4 096 tiles, each with its own header and packets."""
    out = io.BytesIO()
    picture = Image.new("L", (SIDE, SIDE))
    picture.save(out, "JPEG2000", tile_size=(TILE, TILE), no_jp2=True, num_resolutions=1)
    return out.getvalue()


def hostile_files() -> Iterator[bytes]:
    kinds = ((deflated(), DEFLATED_FRAME), (tiled(), JPEG2000Lossless))
    shared: dict[str, Any] = {}
    for number in range(OBJECTS):
        dataset = ct_slice(8, InstanceNumber=number + 1, **shared)
        shared = {"StudyInstanceUID": dataset.StudyInstanceUID, "SeriesInstanceUID": dataset.SeriesInstanceUID}
        dataset.Rows = dataset.Columns = SIDE
        dataset.NumberOfFrames = FRAMES
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 8, 8, 7, 0
        frame, transfer_syntax_uid = kinds[number % len(kinds)]
        dataset.PixelData = encapsulate([frame] * FRAMES)
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
        yield part10(dataset, transfer_syntax_uid)


def ordinary_files() -> Iterator[bytes]:
    shared: dict[str, Any] = {}
    for number in range(SLICES):
        dataset = ct_slice(256, InstanceNumber=number + 1, **shared)
        shared = {"StudyInstanceUID": dataset.StudyInstanceUID, "SeriesInstanceUID": dataset.SeriesInstanceUID}
        yield part10(dataset)


def take_in(services: Services, files: Iterator[bytes]) -> uuid.UUID:
    """Stored and complete; the study's id."""
    outcomes = services.ingest.ingest.receive(
        (IncomingObject(io.BytesIO(file)) for file in files), DoorName.STOW, "soak"
    )
    if not all(isinstance(outcome, Stored) for outcome in outcomes):
        raise RuntimeError(f"not stored: {outcomes}")
    uid = outcomes[0].study_instance_uid or ""
    services.pictures.completion.complete_now(uid)
    with services.db.read() as session:
        return studies.by_uid(session, {uid})[uid].id


def is_prepared(services: Services, study_id: uuid.UUID) -> bool:
    with services.db.read() as session:
        study = completion.by_id(session, study_id)
        return study is not None and study.state == "prepared"


def wait(services: Services, study_id: uuid.UUID, longest_s: float) -> float:
    started = time.monotonic()
    while not is_prepared(services, study_id) and time.monotonic() - started < longest_s:
        time.sleep(0.1)
    return time.monotonic() - started


def run(minutes: float, budget_s: float) -> Seen:
    seen, until = Seen(), time.monotonic() + 60 * minutes
    with working_house() as services:
        object.__setattr__(services.pictures.preparation, "budget_s", budget_s)  # frozen, and no setting
        hostile, started = take_in(services, hostile_files()), time.monotonic()
        while time.monotonic() < until:
            seen.waits.append(wait(services, take_in(services, ordinary_files()), MOST_WAIT_S))
            if is_prepared(services, hostile):
                seen.hostile_s = time.monotonic() - started
                break
            sys.stdout.write(f"ordinary study {len(seen.waits)}: {seen.waits[-1]:.1f} s\n")
            sys.stdout.flush()
            time.sleep(EVERY_S)
    return seen


@contextmanager
def working_house() -> Iterator[Services]:
    """Services with a running worker, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        services = build(settings_of(Path(folder)), SystemClock())
        services.worker.start()
        try:
            yield services
        finally:
            services.pictures.renderer.close()  # what is under way ends at its next frame
            services.worker.stop()
            services.db.dispose()


def main(words: Sequence[str]) -> int:
    """The exit status: 1 when an ordinary study waited too long, or the hostile one was not published in time."""
    minutes = float(words[0]) if words else MINUTES
    budget_s = float(words[1]) if len(words) > 1 else BUDGET_S
    seen = run(minutes, budget_s)
    faults = seen.faults(minutes, budget_s)
    published = "not yet" if seen.hostile_s is None else f"after {seen.hostile_s:.0f} s"
    sys.stdout.write(
        f"{len(seen.waits)} ordinary studies, longest wait {max(seen.waits, default=0):.1f} s; "
        f"the hostile one was published {published}\n"
    )
    sys.stdout.write("".join(f"FAULT: {fault}\n" for fault in faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
