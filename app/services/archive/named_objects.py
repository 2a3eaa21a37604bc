"""Which objects the rows name, shard by shard, so that memory does not grow with the archive.

Reading the objects, and what to do about one without a row, is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from app.archive.keyspace import QUARANTINE, RENDITIONS, STUDIES, shards
from app.repos.ingest import quarantine, studies
from app.repos.pictures import prepared as renditions


@dataclass(frozen=True)
class ObjectShard:
    """The objects whose keys begin with `prefix`; `named` asks the rows for their keys."""

    prefix: str
    named: Callable[[Session], set[str]]

    @property
    def label(self) -> str:
        """The prefix as a part of a file's name: `studies-ab`."""
        return self.prefix.strip("/").replace("/", "-")


def object_shards() -> Iterator[ObjectShard]:
    """Every shard once; together they hold every object that a row can name."""
    named_by = {STUDIES: studies.object_keys, RENDITIONS: renditions.object_keys, QUARANTINE: quarantine.object_keys}
    for prefix, keys in named_by.items():
        for shard, first, last in shards():
            yield ObjectShard(prefix + shard, partial(keys, first=first, last=last))
