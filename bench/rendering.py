"""Speed of drawing a frame with a new window: in the sandbox compared with the bare computation, and by HTTP compared
with Orthanc.

Two servers of ours are asked: one by a patient (`?wc=&ww=`), one by a machine (WADO-RS `/rendered?window=`). Orthanc
only has the latter. One run asks for the same slice with new windows, as a finger on the screen does. Another run
asks for each slice once, so that each must be decoded: ours from the working copies that a first need has made. The
last one asks for the pictures of the default window, which are prepared in ours.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

from app.imaging.codecs.decode import decode_frame
from app.imaging.codecs.encode import encode
from app.imaging.display.render_spec import RenderSpec, RenderTask
from app.imaging.display.window import to_display
from app.services.pictures.frame_reading import NEWS_S
from bench.house import bearer, opened, shown_exam, take_in, work_off, working_folder
from bench.ingest import Door, requests
from bench.load import fetch_all
from bench.rounds import interleaved, seconds
from bench.servers import cloudfilm, orthanc
from bench.slices import StoredSlices, one_core, stored_slices
from bench.stages import new_windows

ROUNDS = 7
PICTURES = 40
SLICES_A_ROUND = 143 // (ROUNDS + 1)
"""The slices of a round. No slice comes twice, also in the warm-up round."""
GOAL_OF_BARE = 0.60


def run() -> None:
    with working_folder() as folder:
        with one_core(), opened(folder, decode_workers=1) as services:
            beside_bare_computation(stored_slices(services, take_in(services, "BENCH-SANDBOX").uid))
        beside_orthanc(folder)


def beside_bare_computation(stored: StoredSlices) -> None:
    middle = len(stored.slices) // 2
    header, windows = stored.header(middle), new_windows()
    decoded = decode_frame(header, stored.read(middle))

    def sandboxed(_: int) -> float:
        def work() -> None:
            for _ in range(PICTURES):
                specs = (RenderSpec(window=next(windows)),)
                stored.services.pictures.renderer.render(
                    RenderTask(header, lambda: stored.read(middle), 0, specs, "frame")
                )

        return PICTURES / seconds(work)

    def bare(_: int) -> float:
        def work() -> None:
            for _ in range(PICTURES):
                encode(to_display(decoded, header, next(windows)), "jpg", 85)

        return PICTURES / seconds(work)

    seen = interleaved({"sandboxed": sandboxed, "bare": bare}, ROUNDS)
    print(
        f"  through the sandbox {seen.median('sandboxed'):5.0f}/s, bare window and JPEG {seen.median('bare'):5.0f}/s, "
        f"{seen.spread('sandboxed', 'bare')}; goal {GOAL_OF_BARE} x"
    )


@dataclass(frozen=True)
class Asker:
    """A client that asks for rendered frames. `path_of` makes the address of slice 0 … 142 with the next window."""

    port: int
    header: str
    path_of: Callable[[int], str]

    def rate(self, slices_of: Callable[[int], Iterable[int]], round_number: int) -> float:
        """The number of pictures a second."""
        paths = [self.path_of(k) for k in slices_of(round_number)]
        return len(paths) / seconds(lambda: fetch_all(self.port, paths, self.header))


def beside_orthanc(folder: Path) -> None:
    with opened(folder) as services:
        exam, study = shown_exam(services)
        token = bearer(services, "read")["Authorization"]
        sops = [piece.instance.sop_instance_uid for piece in stored_slices(services, study.uid).slices]
    windows = map(str, count(400))

    def of_patient(k: int) -> str:
        return f"/exams/{exam.id}/series/1/frames/{k + 1}.jpg?wc=40&ww={next(windows)}"

    def of_machine(root: str, k: int) -> str:
        instance = f"studies/{study.uid}/series/{study.series_uid}/instances/{sops[k]}"
        return f"/{root}/{instance}/rendered?window=40,{next(windows)},linear"

    accept = "Accept: image/jpeg\r\n"
    with cloudfilm(folder) as patients, cloudfilm(folder) as machines, orthanc(folder) as their_port:
        Door(their_port, "/dicom-web/studies", {}).send(list(requests(study.files, 10)))
        askers = {
            "as a patient": Asker(patients.port, f"Cookie: {exam.log_in(patients.port)}\r\n", of_patient),
            "as a machine": Asker(
                machines.port, f"Authorization: {token}\r\n{accept}", partial(of_machine, "dicomweb")
            ),
            "Orthanc": Asker(their_port, accept, partial(of_machine, "dicom-web")),
        }
        fetch_all(patients.port, [of_patient(0)], askers["as a patient"].header)  # a first need: copies are made
        with opened(folder) as services:
            work_off(services)
        time.sleep(NEWS_S)  # the server looks for them
        middle = len(sops) // 2
        compare("the same slice, ever new windows", askers, lambda _: [middle] * PICTURES)
        compare("every slice once, ever new windows", askers, slices_of_round)
        patient = askers["as a patient"]
        prepared = Asker(patient.port, patient.header, lambda k: f"/exams/{exam.id}/series/1/frames/{k + 1}.jpg")
        compare("prepared frames beside /rendered", {"as a patient": prepared, "Orthanc": askers["Orthanc"]}, several)


def slices_of_round(number: int) -> range:
    return range(SLICES_A_ROUND * number, SLICES_A_ROUND * (number + 1))


def several(number: int) -> Iterable[int]:
    """Slices enough for a rate, not the same in each round."""
    return ((PICTURES * number + step) % 143 for step in range(PICTURES))


def compare(what: str, askers: dict[str, Asker], slices_of: Callable[[int], Iterable[int]]) -> None:
    seen = interleaved({name: partial(asker.rate, slices_of) for name, asker in askers.items()}, ROUNDS)
    print(f"  {what}: Orthanc {seen.median('Orthanc'):4.0f}/s")
    for name in [name for name in askers if name != "Orthanc"]:
        print(f"    {name:<14}{seen.median(name):4.0f}/s, {seen.spread(name, 'Orthanc')}")
