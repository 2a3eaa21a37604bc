"""The store over obstore, here on its in-memory bucket; a real S3 is an integration test's business."""

import pytest
from obstore.store import MemoryStore

from app.archive.cloud_store import ObstoreStore
from tests.unit.archive.store_promises import StorePromises, some_key


@pytest.fixture
def store() -> ObstoreStore:
    return ObstoreStore(MemoryStore())


class TestObstoreStore(StorePromises):
    pass


def test_a_large_object_goes_up_in_parts(store: ObstoreStore) -> None:
    key, block = some_key(), bytes(1024 * 1024)
    assert store.put(key, (block for _ in range(12))) == 12 * len(block)
    assert store.size(key) == 12 * len(block)
