"""The cost of each step for one CT slice of 512² on one core: making its pictures, and storing it in the archive.

Computations count in processor time, so that other programs matter little; writes count in real time. Nothing is
compared here. When the machine changes its speed, only the proportions are reliable.
"""

from __future__ import annotations

import io
import statistics
import uuid
from collections.abc import Callable, Iterator

from app.archive.keyspace import instance_object_key
from app.archive.sealed import SealRequest
from app.dicom.part10 import HeaderLimits, parse
from app.imaging.codecs.decode import decode_frame
from app.imaging.codecs.encode import encode, fit
from app.imaging.display.window import Window, to_display
from app.security import sealing
from bench.house import opened, take_in, working_folder
from bench.rounds import processor_seconds, seconds
from bench.slices import StoredSlices, one_core, stored_slices
from bench.study import paths

SAMPLES = 84
STEP = 5
BATCH = 32


def new_windows() -> Iterator[Window]:
    """Windows that never repeat, as from a finger on the screen."""
    step = 0
    while True:
        step += 1
        yield Window(40 + step % 97, 400 + step)


def run() -> None:
    with working_folder() as folder, one_core(), opened(folder) as services:
        stored = stored_slices(services, take_in(services, "BENCH-STAGES").uid)
        for name, values in (picture_steps(stored) | archive_steps(stored)).items():
            print(f"  {name:<44}{statistics.median(values) * 1000:8.3f} ms a slice")


def picture_steps(stored: StoredSlices) -> dict[str, list[float]]:
    """The seconds of each sample, by step."""
    spent: dict[str, list[float]] = {}

    def timed(name: str, work: Callable[[], object]) -> None:
        spent.setdefault(name, []).append(processor_seconds(work))

    windows = new_windows()
    for sample in range(SAMPLES):
        number = sample * STEP % len(stored.slices)
        header, frame = stored.header(number), stored.read(number)
        decoded = decode_frame(header, frame)
        shown = to_display(decoded, header)
        preview, window = fit(shown, 256), next(windows)
        timed("read a frame, sealed", lambda number=number: stored.read(number))
        timed("decode (JPEG-LS)", lambda header=header, frame=frame: decode_frame(header, frame))
        timed("window, known", lambda decoded=decoded, header=header: to_display(decoded, header))
        timed("window, new", lambda decoded=decoded, header=header, window=window: to_display(decoded, header, window))
        timed("encode JPEG, 512 px", lambda shown=shown: encode(shown, "jpg", 85))
        timed("shrink to 256 px", lambda shown=shown: fit(shown, 256))
        timed("encode JPEG, 256 px", lambda preview=preview: encode(preview, "jpg", 75))
    return spent


def archive_steps(stored: StoredSlices) -> dict[str, list[float]]:
    """Steps for originals of about 190 kB: parse and seal in memory; seal, write and sync alone and in a batch. The
    seconds of each sample, by step."""
    archive, key, study_id = stored.services.archive.objects, stored.data_key, uuid.uuid4()
    originals = [path.read_bytes() for path in paths()]

    def request(data: bytes) -> SealRequest:
        return SealRequest(instance_object_key(study_id, uuid.uuid4()), 1, key, [data])

    def seal(data: bytes) -> None:
        for _ in sealing.seal(key.key, key.id, "an/00", 1, [data]):
            pass

    spent: dict[str, list[float]] = {"parse an original's header (ingest)": [], "seal an original": []}
    alone, batch = "seal, write and fsync an original, alone", f"seal, write and fsync, {BATCH} at once"
    spent |= {alone: [], batch: []}
    for sample in range(SAMPLES):
        data = originals[sample * STEP % len(originals)]
        spent["parse an original's header (ingest)"].append(
            processor_seconds(lambda data=data: parse(io.BytesIO(data), HeaderLimits()))
        )
        spent["seal an original"].append(processor_seconds(lambda data=data: seal(data)))
        spent[alone].append(seconds(lambda data=data: archive.put_many([request(data)])))
        if sample % 12 == 0:
            requests = [request(data) for data in originals[:BATCH]]
            spent[batch].append(seconds(lambda requests=requests: archive.put_many(requests)) / BATCH)
    return spent
