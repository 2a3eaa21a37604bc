"""The application does not start with a key file that is not the data's."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from app.errors import SettingsError
from app.models import DataKeyRow
from app.security.keys import MasterKeys
from tests.factories.house import services
from tests.factories.telling import receive_study


def held(folder: Path, studies: int) -> Path:
    """A folder with some studies, closed again; its key file."""
    house = services(folder)
    for _ in range(studies):
        receive_study(house)
    house.db.dispose()
    return house.settings.key_path


def test_another_key_file_stops_the_start_and_the_own_one_is_welcome_again(tmp_path: Path) -> None:
    own = held(tmp_path, studies=1)
    kept = own.read_bytes()
    own.unlink()
    MasterKeys.generate(own)
    with pytest.raises(SettingsError, match="opens nothing"):
        services(tmp_path)
    own.write_bytes(kept)
    services(tmp_path).db.dispose()


def test_a_lost_key_file_is_not_replaced_beside_data(tmp_path: Path) -> None:
    held(tmp_path, studies=1).unlink()
    with pytest.raises(SettingsError, match="opens nothing"):
        services(tmp_path)


def test_one_damaged_key_stops_nothing(tmp_path: Path) -> None:
    held(tmp_path, studies=2)
    house = services(tmp_path)
    with house.db.session() as session:
        damaged = session.query(DataKeyRow).first()
        assert damaged is not None
        session.execute(update(DataKeyRow).where(DataKeyRow.id == damaged.id).values(wrapped=b"damaged"))
    house.db.dispose()
    services(tmp_path).db.dispose()


def test_without_data_any_key_file_will_do(tmp_path: Path) -> None:
    held(tmp_path, studies=0).unlink()
    services(tmp_path).db.dispose()
