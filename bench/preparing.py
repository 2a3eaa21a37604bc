"""Seconds to prepare 143 slices on one core: only the pictures, and the whole service with sealed packs and rows."""

from __future__ import annotations

import statistics
from pathlib import Path

from app.bootstrap import Services
from app.imaging.display.render_spec import RenderTask
from app.repos.ingest import studies
from app.services.pictures.preparation import FULL, PREVIEW
from bench.house import opened, take_in, working_folder
from bench.rounds import seconds
from bench.slices import StoredSlices, one_core, stored_slices

ROUNDS = 5
GOAL_S = 2.5


def run() -> None:
    with working_folder() as folder, one_core():
        measure(folder)


def measure(folder: Path) -> None:
    with opened(folder, decode_workers=1) as services:
        stored = stored_slices(services, take_in(services, "BENCH-PICTURES").uid)
        pictures(stored)  # start the child before measuring: it starts once, not for each study
        drawn = [seconds(lambda: pictures(stored)) for _ in range(ROUNDS)]
        whole = [prepare(services) for _ in range(ROUNDS)]
        largest, total = sizes(stored)
    print(f"  one core, {len(stored.slices)} slices, medians of {ROUNDS} rounds (goal {GOAL_S} s)")
    print(f"  preview and full frame of each, drawn    {statistics.median(drawn):6.2f} s")
    print(f"  the service: read, drawn, sealed, rows   {statistics.median(whole):6.2f} s")
    print(f"  largest preview {largest} bytes (at most {PREVIEW.max_bytes}); a full frame {total / 143_000:.1f} kB")


def pictures(stored: StoredSlices) -> list[list[bytes]]:
    tasks = (RenderTask(stored.header(k), stored.read(k), 0, (PREVIEW, FULL)) for k in range(len(stored.slices)))
    return list(stored.services.pictures.renderer.render_all(tasks))


def sizes(stored: StoredSlices) -> tuple[int, int]:
    made = pictures(stored)
    return max(len(preview) for preview, _ in made), sum(len(full) for _, full in made)


def prepare(services: Services) -> float:
    study = take_in(services, "BENCH-PREPARING")
    services.pictures.completion.complete_now(study.uid)
    with services.db.read() as session:
        study_id = studies.by_uid(session, {study.uid})[study.uid].id
    prepared = False

    def work() -> None:
        nonlocal prepared
        prepared = services.pictures.preparation.prepare(study_id)

    took = seconds(work)
    if not prepared:
        raise RuntimeError("the study was not prepared")
    return took
