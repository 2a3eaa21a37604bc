"""One stored instance as the machines' answers see it. It is found by `retrieve`."""

from __future__ import annotations

from dataclasses import dataclass

from app.archive.sealed import DataKey
from app.imaging.header.image_header import ImageHeader
from app.models import Instance


@dataclass(frozen=True)
class StoredInstance:
    """One instance with the UIDs and the data key of its study."""

    study_uid: str
    series_uid: str
    row: Instance
    data_key: DataKey

    @property
    def sop_uid(self) -> str:
        return self.row.sop_instance_uid

    @property
    def image(self) -> ImageHeader | None:
        """None when no pixels can be shown. Only for instances that were found with `with_images`."""
        return ImageHeader.from_json(self.row.image_header) if self.row.image_header else None
