"""Master keys: the key file's protection, wrapping with rotation, derived keys."""

import base64
import json
from pathlib import Path

import pytest

from app.errors import InsecureKeyFile, UnsealError
from app.security.keys import MasterKeys

DATA_KEY = bytes(range(32))


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "master-keys.json"
    MasterKeys.generate(path)
    return path


def write_key_file(path: Path, current: str, keys: dict[str, bytes]) -> Path:
    document = {"current": current, "keys": {name: base64.b64encode(key).decode() for name, key in keys.items()}}
    path.write_text(json.dumps(document))
    path.chmod(0o600)
    return path


def test_a_generated_file_is_private_and_gives_the_same_keys_when_read_again(key_file: Path) -> None:
    assert key_file.stat().st_mode & 0o777 == 0o600
    first, second = MasterKeys.from_file(key_file), MasterKeys.from_file(key_file)
    assert second.unwrap(first.wrap(DATA_KEY, b"study"), b"study") == DATA_KEY
    assert first.derive("audit") == second.derive("audit")


def test_an_existing_key_file_is_never_overwritten(key_file: Path) -> None:
    before = key_file.read_bytes()
    with pytest.raises(FileExistsError):
        MasterKeys.generate(key_file)
    assert key_file.read_bytes() == before


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o610])
def test_a_key_file_that_others_may_open_is_refused(key_file: Path, mode: int) -> None:
    key_file.chmod(mode)
    with pytest.raises(InsecureKeyFile, match="only its owner"):
        MasterKeys.from_file(key_file)


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", '{"current": "root", "keys": []}', '{"current": "a", "keys": {"a": "AAAA"}}', "\x00"],
)
def test_a_malformed_key_file_is_refused_without_quoting_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(InsecureKeyFile) as caught:
        MasterKeys.from_file(path)
    assert "AAAA" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_missing_key_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InsecureKeyFile, match="cannot be read"):
        MasterKeys.from_file(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("current", "keys"),
    [("k1", {"root": b"r" * 32}), ("k1", {"k1": b"k" * 32}), ("k1", {"root": b"r" * 32, "k1": b"k" * 16})],
)
def test_root_and_current_key_must_be_there_with_32_bytes(current: str, keys: dict[str, bytes], tmp_path: Path) -> None:
    with pytest.raises(InsecureKeyFile):
        MasterKeys.from_file(write_key_file(tmp_path / "k.json", current, keys))


def test_after_rotation_old_data_keys_still_open_and_derived_keys_stay() -> None:
    old = MasterKeys("k1", {"root": b"r" * 32, "k1": b"1" * 32})
    rotated = MasterKeys("k2", {"root": b"r" * 32, "k1": b"1" * 32, "k2": b"2" * 32})
    assert rotated.unwrap(old.wrap(DATA_KEY, b"c"), b"c") == DATA_KEY
    assert rotated.derive("blind-index") == old.derive("blind-index")
    with pytest.raises(UnsealError):
        old.unwrap(rotated.wrap(DATA_KEY, b"c"), b"c")


def test_derived_keys_differ_by_purpose() -> None:
    keys = MasterKeys("root", {"root": b"r" * 32})
    derived = {keys.derive(purpose) for purpose in ("blind-index", "codes", "session-jwt", "fields", "audit")}
    assert len(derived) == 5
    assert all(len(key) == 32 for key in derived)


def test_a_wrapped_key_opens_only_in_its_context_and_unaltered() -> None:
    keys = MasterKeys("k1", {"root": b"r" * 32, "k1": b"1" * 32, "k3": b"3" * 32})
    wrapped = keys.wrap(DATA_KEY, b"study one")
    with pytest.raises(UnsealError):
        keys.unwrap(wrapped, b"study two")
    for position in range(len(wrapped)):
        altered = bytearray(wrapped)
        altered[position] ^= 2
        with pytest.raises(UnsealError):
            keys.unwrap(bytes(altered), b"study one")
    for length in range(len(wrapped)):
        with pytest.raises(UnsealError):
            keys.unwrap(wrapped[:length], b"study one")


def test_a_rotated_file_wraps_with_a_new_key_and_still_opens_what_the_old_one_wrapped(key_file: Path) -> None:
    before = MasterKeys.from_file(key_file)
    old = before.wrap(DATA_KEY, b"study 1")
    after = MasterKeys.rotate(key_file)
    assert after.current_id != before.current_id
    assert after.unwrap(old, b"study 1") == DATA_KEY
    assert after.derive("audit") == before.derive("audit")
    with pytest.raises(UnsealError):
        before.unwrap(after.wrap(DATA_KEY, b"study 2"), b"study 2")
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in key_file.parent.iterdir()] == [key_file.name]


def test_what_is_no_private_key_file_is_not_rotated(tmp_path: Path, key_file: Path) -> None:
    key_file.chmod(0o644)
    content = key_file.read_bytes()
    for path in (tmp_path / "none", key_file):
        with pytest.raises(InsecureKeyFile):
            MasterKeys.rotate(path)
    assert key_file.read_bytes() == content
