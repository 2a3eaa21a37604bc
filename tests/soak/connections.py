"""`python -m tests.soak connections [kind ...]`: 200 hostile connections of each kind against nginx, gunicorn and the
DICOM door as they are shipped. It prints what patients waited and what was refused to the honest, undisturbed and
attacked in turns, and ends by itself; everything is on loopback. What the figures say: docs/performance.md.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict

from pynetdicom import evt
from pynetdicom.pdu import A_ASSOCIATE_RQ

from app.bootstrap import Services
from bench.house import MOST_STEPS, OpenExam, opened, registered, working_folder
from bench.skipped import Skipped
from deploy.testbed.processes import ROOT
from deploy.testbed.servers import dicom_door, environment, gunicorn
from tests.factories.dicom_client import associate
from tests.factories.front import NGINX, nginx
from tests.factories.telling import receive_study
from tests.soak.honest import Figures, Honest
from tests.soak.hostile import COUNT, KINDS, Target

ROUNDS = 3
ROUND_S, WARM_UP_S = 6.0, 5.0
SLICES, SIDE, HOSTILE_SIDE = 24, 512, 1024
DISTURBED_AT_MOST = 2.0


def main(kinds: Sequence[str]) -> int:
    """The exit status: 1 when the honest were disturbed more than they may be, 2 when a kind is unknown."""
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        print(f"no kind {', '.join(unknown)}; there are {', '.join(KINDS)}", file=sys.stderr)
        return 2
    try:
        with house() as (honest, target):
            with honest.at_work():
                time.sleep(WARM_UP_S)
            results = [_measured(kind, honest, target) for kind in kinds or KINDS]
    except Skipped as lacking:
        print(f"skipped: {lacking}")
        return 0
    return 0 if all(results) else 1


def _measured(kind: str, honest: Honest, target: Target) -> bool:
    """Undisturbed and attacked in turns, the median ratio of the rounds."""
    calm, attacked = [], []
    for _ in range(ROUNDS):
        calm.append(_round(honest))
        with _attack(kind, target):
            time.sleep(WARM_UP_S)
            attacked.append(_round(honest))
    ratios = [there.p95 / here.p95 for here, there in zip(calm, attacked, strict=True)]
    ratio, refused = statistics.median(ratios), sum(each.refused for each in attacked)
    print(f"{kind} x {COUNT}: patients' p95 {_ms(calm)} -> {_ms(attacked)} ms, {ratio:.2f} x ({_range(ratios)})")
    for name in ("uploads", "downloads", "stores"):
        print(f"  {name}: {_line(calm, name)} -> {_line(attacked, name)}")
    print(f"  patients' faults: {sum(each.faults for each in attacked)}", flush=True)
    return ratio <= DISTURBED_AT_MOST and not refused


def _round(honest: Honest) -> Figures:
    with honest.at_work() as figures:
        time.sleep(ROUND_S)
    return figures


def _ms(rounds: list[Figures]) -> str:
    return f"{statistics.median(each.p95 for each in rounds) * 1000:.0f}"


def _range(ratios: list[float]) -> str:
    return f"{min(ratios):.2f} to {max(ratios):.2f}"


def _line(rounds: list[Figures], name: str) -> str:
    took = [seconds for each in rounds for seconds in getattr(each, name)]
    refused = sum(getattr(each, f"{name}_refused") for each in rounds)
    median = f"{statistics.median(took) * 1000:.0f} ms" if took else "none"
    return f"{len(took)} in {median}, {refused} refused"


@contextmanager
def _attack(kind: str, target: Target) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.soak.hostile", kind], cwd=ROOT, stdin=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(asdict(target)) + "\n")
        process.stdin.flush()
        yield
    finally:
        process.stdin.close()  # then it ends
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def house() -> Iterator[tuple[Honest, Target]]:
    """nginx, gunicorn and the DICOM door as a hospital runs them, two exams in them. Raises Skipped."""
    if NGINX is None:
        raise Skipped("nginx is not here: deploy/test-tools.sh unpacks Debian's")
    with ExitStack() as stack:
        folder = stack.enter_context(working_folder())
        with opened(folder) as services:
            mine, theirs = _shown(services, "SOAK-1", SIDE), _shown(services, "SOAK-2", HOSTILE_SIDE)
            tokens = [services.machines.tokens.create(name, {"upload"}, "bench") for name in ("honest", "hostile")]
        web = stack.enter_context(gunicorn(folder, environ=environment(folder) | {"CLOUDFILM_TRUSTED_PROXIES": "1"}))
        (folder / "front").mkdir()
        front = stack.enter_context(nginx(folder / "front", web.port))
        door = stack.enter_context(dicom_door(folder))
        cookies = [exam.log_in(web.port) for exam in (mine, theirs)]
        honest = Honest(
            https=front.https, dicom=door.port, cookie=cookies[0], exam=f"/exams/{mine.id}", token=tokens[0]
        )
        yield (
            honest,
            Target(
                http=front.https,
                dicom=door.port,
                token=tokens[1],
                cookie=cookies[1],
                path=f"/exams/{theirs.id}/dicom.zip",
                associate=_request(door.port).hex(),
            ),
        )


def _shown(services: Services, accession_number: str, side: int) -> OpenExam:
    """An exam and its study, prepared."""
    exam = registered(services, accession_number)
    uid = receive_study(services, slices=SLICES, side=side, AccessionNumber=accession_number)  # type: ignore[arg-type]
    services.pictures.completion.complete_now(uid)
    for _ in range(MOST_STEPS):
        if not (services.worker.run_sweeps() | services.worker.run_job()):
            break
    return exam


def _request(port: int) -> bytes:
    """An A-ASSOCIATE-RQ as our own client sends it."""
    sent: list[bytes] = []

    def keep(event: evt.Event) -> None:
        if isinstance(event.pdu, A_ASSOCIATE_RQ):
            sent.append(event.pdu.encode())

    association = associate(port, more_handlers=[(evt.EVT_PDU_SENT, keep)])
    association.release()
    return sent[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
