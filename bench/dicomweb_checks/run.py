"""`make bench BENCH=dicomweb`: asks us and Debian's Orthanc the same checks, and prints both scores side by side."""

from __future__ import annotations

from bench.dicomweb_checks import retrieve, search, store
from bench.dicomweb_checks.peer import Check, Peer, passed
from bench.house import bearer, opened, working_folder
from bench.servers import cloudfilm, orthanc
from bench.skipped import Skipped
from deploy.testbed.checked_studies import film, report, slices
from deploy.testbed.multipart import STOW_TYPE, body

GROUPS: dict[str, list[Check]] = {
    "search": search.LIST,
    "instances": retrieve.INSTANCES,
    "metadata": retrieve.METADATA,
    "bulk data": retrieve.BULK_DATA,
    "frames": retrieve.FRAMES,
    "rendered": retrieve.RENDERED,
    "store": store.LIST,
}
OURS, THEIRS = "cloudfilm", "orthanc"


def run() -> None:
    """Print a line for each group and the sum, and name the checks that we do not pass."""
    scores = {}
    with working_folder() as folder:
        with opened(folder) as services:
            token = bearer(services, "upload", "read")
        with cloudfilm(folder) as server:
            scores[OURS] = score(Peer(server.port, "/dicomweb", token))
        try:
            with orthanc(folder) as port:
                scores[THEIRS] = score(Peer(port, "/dicom-web", {}))
        except Skipped as lacking:
            print(f"  {THEIRS} is skipped: {lacking}")
    show(scores)


def score(peer: Peer) -> dict[str, list[bool]]:
    """Which checks hold, by group. Raises RuntimeError when not even the studies can be stored."""
    answer = peer.ask("POST", "/studies", body([*slices(), film(), report()]), {"Content-Type": STOW_TYPE})
    if answer.status not in (200, 202):
        raise RuntimeError(f"the studies of the checks are not stored: {answer.status}")
    return {name: passed(peer, group) for name, group in GROUPS.items()}


def show(scores: dict[str, dict[str, list[bool]]]) -> None:
    print(f"  {'checks of PS3.18':18}" + "".join(f"{name:>12}" for name in scores))
    for group, listed in GROUPS.items():
        print(f"  {group:12}{len(listed):6}" + "".join(f"{sum(found[group]):12}" for found in scores.values()))
    total = sum(map(len, GROUPS.values()))
    sums = (sum(map(sum, found.values())) for found in scores.values())
    print(f"  {'all':12}{total:6}" + "".join(f"{passes:12}" for passes in sums))
    for name, found in scores.items():
        for group, listed in GROUPS.items():
            for check, holds in zip(listed, found[group], strict=True):
                if not holds:
                    print(f"  {name} fails: {group}, {check.says} ({check.section})")
