"""Objects as files under one folder, durable on return. Plain os calls: obstore's local store does not fsync.

A write goes to a name that no reader uses; then fsync(file), rename, fsync(folder). After a crash an object is whole
or absent, and every acknowledged object is there. A batch waits for the disk about once, not once a file.
"""

import errno
import os
import secrets
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from app.archive.keyspace import require_safe
from app.archive.store import Trace
from app.errors import ArchiveError, ObjectMissing, StoreFull, StoreUnavailable

_PART_SUFFIX = ".part"
# Parallel fsyncs share the journal's commits.
_FSYNC_THREADS = 16
_OPEN_FILES = 64
_SETTLED_LIMIT = 4096
_MIN_FREE_BYTES = 64 * 1024 * 1024


class _Pending(NamedTuple):
    descriptor: int
    part: Path
    final: Path


def _no_trace(event: str) -> None:
    pass


class LocalStore:
    """An `ObjectStore` in a folder, shared by any number of processes and threads of one machine."""

    def __init__(self, root: Path, trace: Trace = _no_trace) -> None:
        """Make `root` when it is missing; `StoreUnavailable` when that fails."""
        with _domain_errors:
            root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._root = root.resolve(strict=True)
        self._trace = trace
        self._settled: set[Path] = {self._root}
        self._disk = ThreadPoolExecutor(_FSYNC_THREADS, thread_name_prefix="fsync")

    def put(self, key: str, chunks: Iterable[bytes]) -> int:
        return self.put_many([(key, chunks)])[0]

    def put_many(self, items: Iterable[tuple[str, Iterable[bytes]]]) -> list[int]:
        sizes: list[int] = []
        pending: deque[_Pending] = deque()
        syncing: deque[Future[None]] = deque()
        touched: set[Path] = set()
        try:
            for key, chunks in items:
                if len(pending) == _OPEN_FILES:
                    self._publish(pending, syncing)
                elif pending:  # the disk works on one file while the next is being sealed and written
                    syncing.append(self._disk.submit(self._fsync_file, pending[-1]))
                pending.append(self._create(self._path(key)))
                touched.add(pending[-1].final.parent)
                sizes.append(self._write(pending[-1].descriptor, chunks))
            if pending:
                self._publish(pending, syncing)
            self._settle(touched)
        finally:
            wait(syncing)  # no descriptor may be closed while a thread uses it
            for descriptor, part, _ in pending:
                os.close(descriptor)
                part.unlink(missing_ok=True)
        return sizes

    def read(self, key: str) -> bytes:
        with _domain_errors, os.fdopen(os.open(self._path(key), os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            return file.read()

    def read_range(self, key: str, start: int, length: int) -> bytes:
        with _domain_errors:
            descriptor = os.open(self._name(key), os.O_RDONLY | os.O_NOFOLLOW)
            try:
                # One call reads up to 2 GiB of a regular file; a shorter answer means its end.
                return os.pread(descriptor, length, start)
            finally:
                os.close(descriptor)

    def size(self, key: str) -> int:
        with _domain_errors:
            return self._path(key).lstat().st_size

    def delete(self, key: str) -> None:
        with _domain_errors:
            self._path(key).unlink(missing_ok=True)

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        for path in self._files(prefix):
            key = path.relative_to(self._root).as_posix()
            if key.startswith(prefix) and path.suffix != _PART_SUFFIX:
                with suppress(ObjectMissing):  # deleted since the folder was read
                    yield key, self.size(key)

    def probe(self) -> None:
        with _domain_errors:
            pending = self._create(self._root / "probe")
            os.close(pending.descriptor)
            pending.part.unlink()
            free = os.statvfs(self._root)
        if free.f_bavail * free.f_frsize < _MIN_FREE_BYTES:
            raise StoreFull("less than 64 MiB free")

    def remove_leftovers(self, not_after: float) -> int:
        """Delete files of crashed writes, unchanged since `not_after` (seconds since the epoch); return how many."""
        removed = 0
        for path in self._files(""):
            with suppress(FileNotFoundError):
                if path.suffix == _PART_SUFFIX and path.lstat().st_mtime < not_after:
                    path.unlink()
                    removed += 1
        return removed

    def _name(self, key: str) -> str:
        # The key's grammar already forbids dots; this holds even if the grammar is loosened one day.
        if ".." in require_safe(key) or key.startswith("/"):
            raise ArchiveError("an object key left the store")
        return f"{self._root}/{key}"

    def _path(self, key: str) -> Path:
        return Path(self._name(key))

    def _files(self, prefix: str) -> Iterator[Path]:
        start = self._path(prefix.rpartition("/")[0]) if "/" in prefix.rstrip("/") else self._root
        for folder, _, names in os.walk(start):
            yield from (Path(folder, name) for name in names)

    def _create(self, final: Path) -> _Pending:
        part = final.with_name(f"{final.name}.{secrets.token_hex(8)}{_PART_SUFFIX}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with _domain_errors:
            try:
                return _Pending(os.open(part, flags, 0o600), part, final)
            except FileNotFoundError:
                final.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                return _Pending(os.open(part, flags, 0o600), part, final)

    def _write(self, descriptor: int, chunks: Iterable[bytes]) -> int:
        size = 0
        for chunk in chunks:
            rest = memoryview(chunk)
            while rest:
                with _domain_errors:
                    rest = rest[os.write(descriptor, rest) :]
            size += len(chunk)
        self._trace("write")
        return size

    def _publish(self, pending: deque[_Pending], syncing: deque[Future[None]]) -> None:
        """fsync the last file, wait until all others are synced, rename them; empties both queues."""
        with _domain_errors:
            self._fsync_file(pending[-1])
            while syncing:
                syncing.popleft().result()
            while pending:
                descriptor, part, final = pending[0]
                part.replace(final)
                self._trace("rename")
                pending.popleft()
                os.close(descriptor)

    def _fsync_file(self, pending: _Pending) -> None:
        os.fsync(pending.descriptor)
        self._trace("fsync-file")

    def _settle(self, folders: set[Path]) -> None:
        """Make the names in `folders` durable, and the folders' own names up to the root, once a process each."""
        with _domain_errors:
            for folder in folders:
                self._fsync_folder(folder)
                while folder not in self._settled:
                    self._fsync_folder(folder.parent)
                    self._settled.add(folder)
                    folder = folder.parent
        if len(self._settled) > _SETTLED_LIMIT:
            self._settled = {self._root}

    def _fsync_folder(self, folder: Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._trace("fsync-folder")


class _DomainErrors:
    """Translates errors of the system. A class, as every picture passes here: a generator costs ten times as much."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, FileNotFoundError):
            raise ObjectMissing("no such object") from None
        if isinstance(error, OSError):
            kind = StoreFull if error.errno in (errno.ENOSPC, errno.EDQUOT) else StoreUnavailable
            raise kind(f"the local store failed: {error.strerror}") from error


_domain_errors = _DomainErrors()
