"""`python -m tests.soak crawl [minutes] [seed]`: changed requests to every route from everybody, on SQLite and then on
PostgreSQL, where Debian's is installed. The crawler and its house are those of the fast test.
"""

from __future__ import annotations

import logging
import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from random import Random

from argon2 import PasswordHasher

from app.security import passwords
from deploy.testbed import postgres
from tests.factories import database, odd_values
from tests.factories.crawler import Crawler, routes
from tests.factories.whole_house import whole_house

MINUTES = 10.0
SHOWN = 5
ROUND = 5
"""Changed requests of each route before the next route is asked."""
VALUES = (*odd_values.WORST, *odd_values.RAW, *(text.encode() for text in odd_values.TYPED))


def main(words: Sequence[str]) -> int:
    """The exit status: 1 when an answer was a server error."""
    minutes = float(words[0]) if words else MINUTES
    seed = int(words[1]) if len(words) > 1 else secrets.randbits(32)
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # to hash is not what is tried here
    kinds = ["SQLite", *(["PostgreSQL"] if postgres.binaries() else [])]
    return max(_crawl(kind, minutes / len(kinds), seed) for kind in kinds)


def _crawl(kind: str, minutes: float, seed: int) -> int:
    with (
        database.server() if kind == "PostgreSQL" else nullcontext(),
        tempfile.TemporaryDirectory(prefix="soak-") as folder,
    ):
        house = whole_house(Path(folder))
        logging.disable(logging.CRITICAL)  # a line for each request says nothing here
        try:
            crawler = Crawler(house, Random(seed))
            _until(crawler, time.monotonic() + 60 * minutes)
        finally:
            logging.disable(logging.NOTSET)
            house.close()
            database.drop_all()
    crawl = crawler.crawl
    print(f"crawl on {kind}, seed {seed}: {crawl.statuses.total()} requests, {len(crawl.server_errors)} server errors")
    print(f"  {dict(sorted(crawl.statuses.items()))}", flush=True)
    for sent, answer in crawl.server_errors[:SHOWN]:
        print(f"  {sent}\n{answer.fault}")
    return int(bool(crawl.server_errors))


def _until(crawler: Crawler, end: float) -> None:
    """Each odd value in each field once, then changed requests."""
    found = list(routes(crawler.app))
    crawler.random.shuffle(found)
    for method, rule in found:
        if time.monotonic() < end:
            crawler.each_field(method, rule, VALUES)
    while time.monotonic() < end:
        for method, rule in found:
            for caller in (*[None] * ROUND, crawler.random.choice(list(crawler.callers))):
                crawler.changed(method, rule, caller)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
