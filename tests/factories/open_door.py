"""The DIMSE door of a test, and what the archive holds after something came in."""

from __future__ import annotations

from collections.abc import Callable

from app.bootstrap import Services
from app.dimse.scp import Door
from app.repos.ingest import studies

Open = Callable[..., tuple[Door, Services]]


def stored(services: Services) -> dict[str, bytes]:
    """SOP instance UID -> the stored Part-10 bytes."""
    with services.db.read() as session:
        return {
            instance.sop_instance_uid: services.archive.objects.open(
                instance.object_key, instance.object_version, services.archive.data_keys.open(session, key)
            )
            for instance, key in studies.sealed_instances(session)
        }
