"""Objects in S3-compatible storage (S3, COS) through obstore. Files on this machine: `local_store`."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore as Bucket

from app.archive.keyspace import require_safe
from app.errors import ObjectMissing, StoreUnavailable

# The smallest part of a multipart upload to S3; a smaller object needs one request only.
_PART_BYTES = 5 * 1024 * 1024
_PARALLEL_PUTS = 8


class ObstoreStore:
    """An `ObjectStore` in a bucket; the service answers a PUT only when the object is durable."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def put(self, key: str, chunks: Iterable[bytes]) -> int:
        require_safe(key)
        iterator = iter(chunks)
        head = bytearray()
        for chunk in iterator:
            head += chunk
            if len(head) > _PART_BYTES:
                return self._put_large(key, bytes(head), iterator)
        with _domain_errors():
            obstore.put(self._bucket, key, bytes(head), use_multipart=False)
        return len(head)

    def put_many(self, items: Iterable[tuple[str, Iterable[bytes]]]) -> list[int]:
        with ThreadPoolExecutor(_PARALLEL_PUTS) as pool:
            return list(pool.map(lambda item: self.put(*item), items))

    def read(self, key: str) -> bytes:
        with _domain_errors():
            return bytes(obstore.get(self._bucket, require_safe(key)).bytes())

    def read_range(self, key: str, start: int, length: int) -> bytes:
        with _domain_errors():
            return bytes(obstore.get_range(self._bucket, require_safe(key), start=start, length=length))

    def size(self, key: str) -> int:
        with _domain_errors():
            return obstore.head(self._bucket, require_safe(key))["size"]

    def delete(self, key: str) -> None:
        try:
            with _domain_errors():
                obstore.delete(self._bucket, require_safe(key))
        except ObjectMissing:
            pass

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        # The service matches whole path segments, so the last, unfinished one is compared here.
        folder = prefix.rpartition("/")[0]
        with _domain_errors():
            for page in obstore.list(self._bucket, prefix=folder or None):
                yield from ((found["path"], found["size"]) for found in page if found["path"].startswith(prefix))

    def remove_leftovers(self, not_after: float) -> int:
        return 0  # the service itself drops the parts of uploads that were never completed, by the bucket's rule

    def probe(self) -> None:
        with _domain_errors():
            obstore.put(self._bucket, "probe", b"")

    def _put_large(self, key: str, head: bytes, rest: Iterator[bytes]) -> int:
        size = 0

        def counted() -> Iterator[bytes]:
            nonlocal size
            for chunk in chain([head], rest):
                size += len(chunk)
                yield chunk

        with _domain_errors():
            obstore.put(self._bucket, key, counted())
        return size


@contextmanager
def _domain_errors() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise ObjectMissing("no such object") from None
    except (BaseError, OSError) as error:
        raise StoreUnavailable(f"the object storage failed: {type(error).__name__}") from error
