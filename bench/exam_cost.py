"""What one exam of 300 slices costs, by transfer syntax: seconds and processor seconds of its preparation on one core,
and how many bytes lie beside its originals.
"""

from __future__ import annotations

import os
import statistics
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from app.bootstrap import Services
from app.models import Instance, PreparedSeries, Series, Study, WorkingPack
from app.repos.ingest import studies
from bench.house import opened, take_in, working_folder
from bench.long_study import SLICES, long_study
from bench.processes import family, is_decoder, peak_mib, processor_s, reset_peak
from bench.rounds import seconds
from bench.slices import one_core

ROUNDS = 5
GOALS_S = {"raw": 4.0, "JPEG-LS": 4.0, "JPEG 2000": 12.0}
MOST_BESIDE, MOST_WITHOUT_COPY = 0.60, 0.35


@dataclass(frozen=True)
class Cost:
    wall_s: float
    processor_s: float
    peak_mib: float
    """Of the process that prepares, without its decoding children."""
    originals: int
    previews: int
    frames: int
    copies: int
    """Bytes in the store."""


def run() -> None:
    print(f"  {SLICES} slices of 512², one core, medians of {ROUNDS} studies; bytes beside the originals: goals")
    print(f"  {MOST_BESIDE:.0%}, and {MOST_WITHOUT_COPY:.0%} without working copies")
    for syntax, goal_s in GOALS_S.items():
        with working_folder() as folder, one_core():
            costs = measured(folder, syntax)
        wall, used = (statistics.median(each) for each in zip(*((c.wall_s, c.processor_s) for c in costs), strict=True))
        last, peak = costs[-1], max(cost.peak_mib for cost in costs)
        pictures, copies = (last.previews + last.frames) / last.originals, last.copies / last.originals
        print(f"  {syntax:<10}{wall:6.2f} s (goal {goal_s:.0f}), {used:5.2f} processor seconds, worker {peak:.0f} MiB")
        print(
            f"    originals {last.originals / 1e6:.1f} MB, previews {last.previews / 1e6:.1f}, frames "
            f"{last.frames / 1e6:.1f}, copies {last.copies / 1e6:.1f}: {pictures + copies:.0%}, {pictures:.0%} without"
        )


def measured(folder: Path, syntax: str) -> list[Cost]:
    """The first study starts the children and does not count."""
    with opened(folder, decode_workers=1) as services:
        return [cost_of(services, syntax) for _ in range(1 + ROUNDS)][1:]


def cost_of(services: Services, syntax: str) -> Cost:
    study = take_in(services, "BENCH-COST", long_study("BENCH-COST", syntax))
    services.pictures.completion.complete_now(study.uid)
    with services.db.read() as session:
        study_id = studies.by_uid(session, {study.uid})[study.uid].id
    own = os.getpid()
    reset_peak(own)
    before, prepared = processor_s(own), False

    def work() -> None:
        nonlocal prepared
        prepared = services.pictures.preparation.prepare(study_id)

    wall = seconds(work)
    if not prepared:
        raise RuntimeError("the study was not prepared")
    peak = max(peak_mib(pid) for pid in family(own) if not is_decoder(pid))
    return Cost(wall, processor_s(own) - before, peak, *stored_bytes(services, study.uid))


def stored_bytes(services: Services, study_uid: str) -> tuple[int, int, int, int]:
    """Originals, previews, frames, working copies."""
    size = services.archive.objects.store.size
    of_study = Study.study_instance_uid == study_uid
    with services.db.read() as session:
        originals = session.scalar(select(func.sum(Instance.size)).join(Series).join(Study).where(of_study)) or 0
        rows = session.scalars(select(PreparedSeries).join(Study).where(of_study)).all()
        packs = session.scalars(select(WorkingPack).where(WorkingPack.series_id.in_([row.id for row in rows]))).all()
        return (
            int(originals),
            sum(size(row.preview_object_key) for row in rows),
            sum(size(row.frame_object_key) for row in rows),
            sum(size(pack.object_key) for pack in packs),
        )
