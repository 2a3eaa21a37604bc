"""`python -m tests.soak crawl [database] [minutes] [seed]`: changed requests to every route from everybody, on SQLite
and then on PostgreSQL, where Debian's is installed, or on the named one of both. The crawler and its house are those of
the fast test. It fails for a server error, and for a kind of caller who was never let in.
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
DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
SHOWN = 5
ROUND = 5
"""Changed requests of each route before the next route is asked."""
VALUES = (*odd_values.WORST, *odd_values.RAW, *(text.encode() for text in odd_values.TYPED))


def main(words: Sequence[str]) -> int:
    """The exit status: 1 when an answer was a server error."""
    numbers = [word for word in words if word not in DATABASES]
    minutes = float(numbers[0]) if numbers else MINUTES
    seed = int(numbers[1]) if len(numbers) > 1 else secrets.randbits(32)
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # to hash is not what is tried here
    kinds = [DATABASES[word] for word in words if word in DATABASES] or list(DATABASES.values())
    if postgres.binaries() is None and "PostgreSQL" in kinds:
        print("skipped on PostgreSQL: Debian's is not here")
        kinds.remove("PostgreSQL")
    return max((_crawl(kind, minutes / len(kinds), seed) for kind in kinds), default=0)


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
    print(f"  {dict(sorted(crawl.statuses.items()))}")
    outside = crawler.never_inside()
    print(f"  inside (200): {dict(sorted(crawl.inside.items()))}; never: {sorted(outside) or 'nobody'}", flush=True)
    for sent, answer in crawl.server_errors[:SHOWN]:
        print(f"  {sent}\n{answer.fault}")
    return int(bool(crawl.server_errors or outside))


def _until(crawler: Crawler, end: float) -> None:
    """What is meant by everybody, each odd value in each field once, then changed requests."""
    crawler.by_everybody()
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
