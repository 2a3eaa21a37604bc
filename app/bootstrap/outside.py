"""Connects to what is outside of this process: folders, database, object store, Redis. Carriers are in `carriers`.

Nothing works without the database, so it must answer at the start. Store and Redis may come back later; /readyz reports
them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import obstore

from app.archive.cloud_store import ObstoreStore
from app.archive.local_store import LocalStore
from app.archive.store import ObjectStore
from app.config import Settings
from app.database import Database
from app.errors import SettingsError
from app.jobs.wake import Waker

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

Probe = Callable[[], None]
Opened = TypeVar("Opened")

# A bucket that accepts a connection and stays silent must not keep our threads. By default obstore waits for three
# minutes.
_CONNECT_S, _SILENCE_S, _REQUEST_S, _RETRY_S, _RETRIES = 3, 8, 60, 10, 2


@dataclass(frozen=True)
class Outside:
    db: Database
    store: ObjectStore
    waker: Waker


def connect(settings: Settings, faults: list[str]) -> Outside:
    """Raises SettingsError when there are `faults` already, a part cannot be opened, or the database does not answer.
    The error also names every other part that does not answer."""

    def opened(what: str, make: Callable[[], Opened]) -> Opened | None:
        try:
            return make()
        except Exception as error:  # drivers quote the address with its password
            faults.append(f"{what} cannot be opened ({_kinds(error)})")
            return None

    opened("CLOUDFILM_VAR_DIR", lambda: _make_folders(settings))
    db = opened("CLOUDFILM_DATABASE_URL", lambda: Database(settings.database_address, settings.web_threads))
    store = opened("CLOUDFILM_STORE_URL", lambda: _store(settings))
    waker = opened("CLOUDFILM_REDIS_URL", lambda: Waker(settings.redis_url))
    asked = probes(db, store, waker)
    if db is None or store is None or waker is None or faults or silent({"database": db.probe}):
        raise SettingsError([*faults, *silent(asked)])
    return Outside(db, store, waker)


def probes(db: Database | None, store: ObjectStore | None, waker: Waker | None) -> dict[str, Probe]:
    """The probes of the parts that exist. A probe raises when its part does not answer."""
    redis = waker.probe if waker and not waker.is_embedded else None
    known = {"database": db and db.probe, "store": store and store.probe, "redis": redis}
    return {part: probe for part, probe in known.items() if probe}


def silent(asked: Mapping[str, Probe]) -> list[str]:
    """A line for each part that does not answer. It names only the type of the error, because the message may quote
    secrets."""
    lines = []
    for part, probe in asked.items():
        try:
            probe()
        except Exception as error:
            lines.append(f"{part} does not answer ({_kinds(error)})")
    return lines


def _kinds(error: BaseException) -> str:
    kinds = [type(error).__name__, *([type(error.__cause__).__name__] if error.__cause__ else [])]
    return ", caused by ".join(dict.fromkeys(kinds))


def _make_folders(settings: Settings) -> None:
    for folder in (settings.var_dir, settings.spool_dir):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def _store(settings: Settings) -> ObjectStore:
    parts = urlsplit(settings.store_url)
    if parts.scheme in ("", "file"):
        return LocalStore(Path(parts.path) if parts.path else settings.var_dir / "objects")
    limits: ClientConfig = {
        "connect_timeout": timedelta(seconds=_CONNECT_S),
        "read_timeout": timedelta(seconds=_SILENCE_S),
        "timeout": timedelta(seconds=_REQUEST_S),
        "allow_http": settings.store_http,  # with our options obstore does not read those of the environment
    }
    retries: RetryConfig = {"max_retries": _RETRIES, "retry_timeout": timedelta(seconds=_RETRY_S)}
    return ObstoreStore(obstore.store.from_url(settings.store_url, client_options=limits, retry_config=retries))
