"""A system with scope `read` in front of an application that holds some studies."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from app.repos.audit import log as audit_repo
from app.services.ingest.incoming import IncomingObject, Stored
from deploy.testbed.multipart import take_apart
from tests.factories.door_app import bearer, door_app


class ReadingMachine:
    def __init__(self, folder: Path) -> None:
        app, self.services = door_app(folder)
        self.client: FlaskClient = app.test_client()
        self.token = bearer(self.services, "read")

    def hold(self, *files: bytes) -> None:
        outcomes = self.services.ingest.ingest.receive(
            [IncomingObject(io.BytesIO(file)) for file in files], "cli", "test"
        )
        assert all(isinstance(outcome, Stored) for outcome in outcomes), outcomes

    def get(self, path: str, accept: str | None = None, **query: str) -> Any:
        headers = self.token | ({"Accept": accept} if accept else {})
        return self.client.get(f"/dicomweb{path}", headers=headers, query_string=query)

    def parts(self, path: str, accept: str | None = None) -> list[tuple[dict[str, str], bytes]]:
        with self.get(path, accept) as answer:  # a whole study keeps its place until it is closed
            assert answer.status_code == 200, answer.get_data()
            return take_apart(answer.get_data(), answer.content_type)

    def reads(self) -> list[tuple[str, dict[str, Any]]]:
        """(subject, detail) of every audited read, in order."""
        with self.services.db.read() as session:
            return [(e.subject, e.detail) for e in audit_repo.in_order(session) if e.action == "machine.read"]

    def close(self) -> None:
        self.services.pictures.renderer.close()
        self.services.db.dispose()


def tag(item: dict[str, Any], name: str) -> Any:
    """The first value of an element of DICOM JSON, None when it has none."""
    values = item[name].get("Value")
    return values[0] if values else None
