"""`pytest --postgres`: the same tests on a real PostgreSQL instead of SQLite. And what a test need not pay for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings

from app.imaging.sandbox.children import Children
from app.imaging.sandbox.header_pool import HeaderPool
from app.imaging.sandbox.pool import RenderPool
from app.security import passwords
from deploy.testbed import postgres
from tests.factories import database

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a loaded machine is no fault of ours
settings.register_profile("here", PATIENT)
settings.register_profile("ci", PATIENT, derandomize=True)  # there a change is judged, here we go on searching
settings.load_profile("ci" if os.environ.get("CI") else "here")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--postgres", action="store_true", help="run on Debian's PostgreSQL, started for the run")


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("--postgres"):
        return
    for kind in ("ResourceWarning", "pytest.PytestUnraisableExceptionWarning"):
        config.addinivalue_line("filterwarnings", f"ignore:.*psycopg:{kind}")  # houses of tests close no pools
        config.addinivalue_line("filterwarnings", f"ignore:Exception ignored in.*BaseConnection:{kind}")
    if hasattr(config, "workerinput"):
        return  # workers of a parallel run find the server of the process that started them
    if postgres.binaries() is None:
        pytest.exit("SKIPPED: Debian's package postgresql is missing, nothing was tested on it", returncode=0)
    running = database.server()
    running.__enter__()
    config.add_cleanup(lambda: running.__exit__(None, None, None))


@pytest.fixture(autouse=True, scope="session")
def _passwords_cost_little() -> Iterator[None]:
    """A hash costs production 64 MiB and a tenth of a second, on purpose; most tests log in only to see a page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(autouse=True)
def _decoding_children_end_with_their_test() -> Iterator[None]:
    """Of every house that a test builds: a comparison of pixels starts them too. Houses of a module close their own."""
    pools: list[RenderPool] = []
    begin = RenderPool.__init__

    def kept(pool: RenderPool, *parts: Any, **more: Any) -> None:
        begin(pool, *parts, **more)
        pools.append(pool)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RenderPool, "__init__", kept)
        yield
    for pool in pools:
        pool.close()


@pytest.fixture(autouse=True, scope="session")
def _children_that_read_headers_are_shared_by_all_houses() -> Iterator[None]:
    """One takes half a second to start, and keeps nothing of a header. A pool that a test closes has its own."""
    shared: dict[tuple[object, ...], Children[Any]] = {}
    begin = HeaderPool.__init__

    def sharing(pool: HeaderPool, *parts: Any) -> None:
        begin(pool, *parts)
        pool._children = shared.setdefault(parts, pool._children)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HeaderPool, "__init__", sharing)
        patch.setattr(HeaderPool, "close", lambda pool: None)
        yield
    for children in shared.values():
        children.close()


@pytest.fixture(autouse=True, scope="module")
def _databases_end_with_their_module() -> Iterator[None]:
    yield
    if database.VARIABLE in os.environ:
        database.drop_all()
