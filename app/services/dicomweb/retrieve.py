"""Reads stored instances for machines with scope `read` (WADO-RS, PS3.18 10.4), unmatched studies included.

Every read is audited once, before its first byte is sent. Frames are read from the sealed file by the frame index, and
no header is parsed. Headers and metadata are in `stored_headers`; media types and HTTP are in
app/web/machine/dicomweb.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.archive.sealed import SealedArchive
from app.database import Database
from app.errors import InvalidInput, NotFound
from app.imaging.codecs.byte_order import little_endian_frame
from app.imaging.codecs.decode import EXPLICIT_BE, NATIVE
from app.imaging.codecs.one_bit import frame_alone
from app.imaging.errors import BadRegion, ImagingError
from app.imaging.sandbox.pool import RenderPool
from app.repos.dicomweb import query as repo
from app.services.archive.data_keys import DataKeys
from app.services.archive.frames import drawn, frame_task, original_frame
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import study_subject
from app.services.dicomweb.render_parameters import render_spec
from app.services.dicomweb.stored_instance import StoredInstance


@dataclass(frozen=True, kw_only=True)
class DicomRetrieve:
    """Decides which stored bytes a WADO-RS address names. Raises NotFound, InvalidInput, StoreUnavailable."""

    db: Database
    archive: SealedArchive
    data_keys: DataKeys
    audit: Audit
    renderer: RenderPool

    def find(
        self,
        uids: tuple[str, ...],
        actor: str,
        what: str,
        *,
        with_images: bool = False,
    ) -> list[StoredInstance]:
        """The instances of a study or series, or a single instance, in the order of their numbers.

        `uids`: of the study, then of the series, then of the instance. `what`: what is read, for the audit log. Raises
        NotFound.
        """
        keys = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
        conditions = [repo.OneOf(key, (uid,)) for key, uid in zip(keys, uids, strict=False)]
        with self.db.read() as session:
            found = [
                StoredInstance(
                    study.study_instance_uid,
                    series.series_instance_uid,
                    instance,
                    self.data_keys.open(session, study.data_key_id),
                )
                for study, series, instance in repo.instances(session, conditions, None, 0, with_images=with_images)
            ]
        if not found:
            raise NotFound
        with self.db.session() as session:
            self.audit.record(
                session,
                Action.MACHINE_READ,
                actor=actor,
                subject=study_subject(uids[0]),
                what=what,
                uids=list(uids[1:]),
                count=len(found),
            )
        return found

    def stream(self, found: StoredInstance) -> Iterator[bytes]:
        """The Part-10 file as it was received, piece by piece."""
        return self.archive.stream(found.row.object_key, found.row.object_version, found.data_key)

    def frame(self, found: StoredInstance, number: int) -> bytes:
        """Frame `number`, from 1, as it is encoded in the file; native ones in little endian, and from a first bit on.

        Raises NotFound.
        """
        if not 1 <= number <= found.row.number_of_frames:
            raise NotFound
        try:
            frame = original_frame(self.archive, self.renderer, found.data_key, found.row, found.image, number - 1)
        except (ImagingError, IndexError):
            raise NotFound from None
        if not frame:
            raise NotFound
        image, syntax = found.image, found.row.transfer_syntax_uid
        if image is not None and image.bits_allocated == 1 and syntax in NATIVE:
            return frame_alone(image, frame, number - 1)
        if image is not None and syntax == EXPLICIT_BE:
            return little_endian_frame(image, frame, number - 1)
        return frame

    def render(
        self, found: StoredInstance, number: int, media_type: str, query: Mapping[str, str], longest: int | None = None
    ) -> bytes:
        """One frame, counted from 1, as `query` asks; empty when it cannot be shown.

        Raises NotFound, InvalidInput, StoreUnavailable.
        """
        image = found.image
        if image is None:
            return b""
        if not 1 <= number <= image.number_of_frames:
            raise NotFound
        spec = render_spec(query, media_type, image.rows, image.columns, longest, image.pixel_aspect)
        token = f"{found.row.id.hex}:{number - 1}"
        task = frame_task(self.archive, found.data_key, found.row, image, number - 1, (spec,), token)
        try:
            return drawn(self.renderer, task)
        except BadRegion:
            raise InvalidInput("viewport", "does not lie within the image") from None
