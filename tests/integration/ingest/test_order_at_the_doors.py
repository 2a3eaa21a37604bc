"""Nothing is acknowledged before it is durable: write, fsync, commit, answer, recorded at both network doors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_primitives import C_STORE
from sqlalchemy import event

from app.archive.local_store import LocalStore
from app.bootstrap import Services
from app.dimse.scp import start_door
from deploy.testbed.ct import ct_series
from deploy.testbed.multipart import STOW_TYPE, body
from tests.factories.dicom_client import CALLING, associate, send
from tests.factories.door_app import bearer, door_app
from tests.factories.durable_steps import in_order

ORDER = ["write", "fsync-file", "rename", "fsync-folder", "commit", "answer"]


class Recorded:
    """Steps in the order they happened. Commits of reading transactions and of the audit log's own rows count too."""

    def __init__(self, services: Services) -> None:
        self.steps: list[str] = []
        assert isinstance(services.archive.objects.store, LocalStore)
        services.archive.objects.store._trace = self.steps.append
        event.listen(services.db.engine, "commit", lambda connection: self.steps.append("commit"))

    def of_instance(self) -> list[str]:
        """The steps from the first write on, repeated ones once."""
        return in_order(self.steps[self.steps.index("write") :])


@pytest.fixture
def house(tmp_path: Path) -> Iterator[tuple[Any, Services]]:
    app, services = door_app(tmp_path, dicom_calling_aes=CALLING)
    yield app, services
    services.db.dispose()


def test_stow_answers_after_the_commit(house: tuple[Any, Services]) -> None:
    app, services = house
    token = bearer(services, "upload")
    recorded = Recorded(services)
    serve = app.wsgi_app

    def watched(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(*arguments: Any) -> Any:
            recorded.steps.append("answer")
            return start_response(*arguments)

        return serve(environ, start)

    app.wsgi_app = watched
    answer = app.test_client().post(
        "/dicomweb/studies", data=body(ct_series(3)), headers={"Content-Type": STOW_TYPE, **token}
    )
    assert answer.status_code == 200
    assert recorded.of_instance() == ORDER


def test_c_store_answers_after_the_commit(house: tuple[Any, Services], monkeypatch: pytest.MonkeyPatch) -> None:
    _, services = house
    recorded = Recorded(services)
    send_msg = DIMSEServiceProvider.send_msg

    def watched(self: DIMSEServiceProvider, primitive: Any, context_id: int) -> None:
        if isinstance(primitive, C_STORE) and primitive.Status is not None:
            recorded.steps.append("answer")
        send_msg(self, primitive, context_id)

    monkeypatch.setattr(DIMSEServiceProvider, "send_msg", watched)
    door = start_door(services.settings, services.ingest.ingest)
    try:
        association = associate(door.port)
        assert send(association, ct_series(1)) == [0]
        association.release()
    finally:
        door.stop(grace_s=2)
    assert recorded.of_instance() == ORDER
