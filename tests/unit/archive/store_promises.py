"""What every object store promises; each store's test module runs these."""

from uuid import uuid4

import pytest

from app.archive.keyspace import instance_object_key, quarantine_object_key
from app.archive.store import ObjectStore
from app.errors import ArchiveError, ObjectMissing

STUDY = uuid4()


def some_key() -> str:
    return instance_object_key(STUDY, uuid4())


class StorePromises:
    def test_an_object_is_read_whole_and_in_part(self, store: ObjectStore) -> None:
        key = some_key()
        assert store.put(key, [b"hello ", b"", b"world"]) == 11
        assert store.read(key) == b"hello world"
        assert store.read_range(key, 6, 5) == b"world"
        assert store.read_range(key, 6, 100) == b"world"
        assert store.size(key) == 11

    def test_an_empty_object_is_an_object(self, store: ObjectStore) -> None:
        key = some_key()
        assert store.put(key, []) == 0
        assert (store.read(key), store.size(key)) == (b"", 0)

    def test_putting_again_replaces_the_object(self, store: ObjectStore) -> None:
        key = some_key()
        store.put(key, [b"torn by a crash, and longer"])
        store.put(key, [b"whole"])
        assert store.read(key) == b"whole"

    def test_a_batch_keeps_the_order_of_its_sizes(self, store: ObjectStore) -> None:
        items = [(some_key(), b"x" * size) for size in range(70)]
        assert store.put_many((key, [data]) for key, data in items) == list(range(70))
        assert all(store.read(key) == data for key, data in items)

    def test_a_missing_object_is_reported_as_missing(self, store: ObjectStore) -> None:
        for ask in (store.read, store.size):
            with pytest.raises(ObjectMissing):
                ask(some_key())
        with pytest.raises(ObjectMissing):
            store.read_range(some_key(), 0, 1)

    def test_deleting_is_idempotent(self, store: ObjectStore) -> None:
        key = some_key()
        store.put(key, [b"x"])
        store.delete(key)
        store.delete(key)
        with pytest.raises(ObjectMissing):
            store.read(key)

    def test_listing_finds_what_has_the_prefix(self, store: ObjectStore) -> None:
        first, second, other = some_key(), some_key(), quarantine_object_key(uuid4())
        store.put_many([(first, [b"1"]), (second, [b"22"]), (other, [b"333"])])
        assert dict(store.list("studies/")) == {first: 1, second: 2}
        assert dict(store.list(first)) == {first: 1}
        assert dict(store.list("")) == {first: 1, second: 2, other: 3}
        assert dict(store.list("renditions/")) == {}

    @pytest.mark.parametrize("key", ["../../etc/passwd", "/etc/passwd", "studies/../../x", ""])
    def test_no_key_leaves_the_store(self, store: ObjectStore, key: str) -> None:
        for refused in (
            lambda: store.put(key, [b"x"]),
            lambda: store.read(key),
            lambda: store.read_range(key, 0, 1),
            lambda: store.size(key),
            lambda: store.delete(key),
        ):
            with pytest.raises(ArchiveError):
                refused()

    def test_the_probe_passes_and_leaves_nothing_to_list(self, store: ObjectStore) -> None:
        store.probe()
        assert list(store.list("studies/")) == []
