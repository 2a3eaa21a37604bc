"""What a disk that fails means for a backup: one line, and the earlier ones stay whole."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import BackupFailed

NO_ROOM = "no room left in the folder of the backup: the earlier ones are whole, this one is none"


@contextmanager
def disk_faults() -> Iterator[None]:
    """Raises BackupFailed in the place of OSError and of a damaged packed file."""
    try:
        yield
    except (OSError, EOFError) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise BackupFailed(NO_ROOM) from error
        told = error.strerror if isinstance(error, OSError) and error.strerror else "a file in it is damaged"
        raise BackupFailed(f"the folder of the backup cannot be used ({told})") from error
