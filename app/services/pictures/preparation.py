"""Prepares the pictures of a complete study once: stacks in order, previews and default-window frames in sealed packs.

Serving prepared pictures is in `serving`; drawing a picture is in app/imaging.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import structlog

from app.archive import keyspace
from app.archive.sealed import DataKey, SealedArchive
from app.clock import Clock
from app.database import Database
from app.errors import CloudFilmError, NotFound
from app.imaging.codecs.encode import is_incomplete
from app.imaging.display.aspect import drawn_size
from app.imaging.display.window import default_window
from app.imaging.sandbox.pool import Account, RenderPool, RenderSpec, RenderTask
from app.models import PreparedSeries, Study
from app.models.states import StudyState
from app.repos.exams.revision import raise_revisions_of
from app.repos.pictures import prepared as repo
from app.services.archive.data_keys import DataKeys
from app.services.archive.frames import all_drawn, frame_task
from app.services.pictures.header_renewal import HeaderRenewal
from app.services.pictures.stacks import Stack, key_frame, stacks_of

log = structlog.get_logger(__name__)

PREVIEW = RenderSpec(fmt="jpg", longest=256, quality=75, max_bytes=10_240)
BUDGET_S = 900.0
"""The pictures of one study may take so many seconds of the decoding children. An ordinary study takes a few seconds;
twenty thousand frames of the usual size take three hundred."""
FULL = RenderSpec(fmt="jpg", longest=1024, quality=85)
PREPARED_VERSION = 2
"""Rises when pictures of the same objects become other ones: then those of before are made anew, one study after the
other (`renewal`)."""
MOST_STACKS = 1000
"""Stacks of one study. Their rows are written in one commit, and nobody scrolls through more."""


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """Decides which pictures a study gets. Raises NotFound, StoreUnavailable."""

    db: Database
    clock: Clock
    archive: SealedArchive
    data_keys: DataKeys
    renderer: RenderPool
    headers: HeaderRenewal
    budget_s: float = BUDGET_S
    """When the budget is used up, the remaining frames are treated like frames that cannot be drawn, and the log says
    so."""

    def prepare(self, study_id: uuid.UUID) -> bool:
        """Prepare the study as it is now. It is safe to repeat this or to kill it: rows are written last, in one
        commit.

        Returns False when instances still arrive; then another preparation follows. Raises NotFound.
        """
        with self.db.read() as session:
            study = repo.study(session, study_id)
            if study is None:
                raise NotFound
            revision = study.revision
            if study.prepared_revision == revision:
                return True
            if study.state == StudyState.RECEIVING:
                return False  # only for a complete study, the revision shows whether something came meanwhile
            data_key = self.data_keys.open(session, study.data_key_id)
            instances = repo.instances_of(session, study_id)
        self.headers.renew([instance for _, instance in instances], data_key)
        stacks = self._bounded(stacks_of(instances), study_id)
        account = Account(self.budget_s)
        rows = [
            self._prepare_stack(study, revision, data_key, stack, ordinal, account)
            for ordinal, stack in enumerate(stacks, 1)
        ]
        if account.frames_left_out:
            log.error("decoding takes longer than one study may take", study=study_id)
        return self._publish(study_id, revision, rows)

    def _bounded(self, stacks: list[Stack], study_id: uuid.UUID) -> list[Stack]:
        if len(stacks) > MOST_STACKS:
            log.warning("a study has more stacks than are shown", study=study_id)
        return stacks[:MOST_STACKS]

    def _prepare_stack(
        self, study: Study, revision: int, data_key: DataKey, stack: Stack, ordinal: int, account: Account
    ) -> PreparedSeries:
        previews: list[bytes] = []
        is_shown: list[bool] = []
        incomplete: list[int] = []

        def full_frames() -> Iterator[bytes]:
            for preview, full in all_drawn(self.renderer, self._tasks(stack, data_key), account):
                previews.append(preview)
                is_shown.append(bool(full))
                if is_incomplete(full):
                    incomplete.append(len(is_shown))
                yield full

        preview_key = keyspace.rendition_object_key(study.id, uuid.uuid4())
        full_key = keyspace.rendition_object_key(study.id, uuid.uuid4())
        # Frames are sealed and written as they are drawn: only the previews of a stack, 10 KB each, are in memory.
        full_index = self.archive.put_pack(full_key, revision, data_key, full_frames())
        preview_index = self.archive.put_pack(preview_key, revision, data_key, previews)
        shown = stack.first_shown
        window = default_window(shown) if shown else None
        rows, columns = drawn_size(shown.rows, shown.columns, shown.pixel_aspect) if shown else (0, 0)
        return PreparedSeries(
            study_id=study.id,
            revision=revision,
            ordinal=ordinal,
            series_instance_uid=stack.series.series_instance_uid,
            modality=stack.series.modality,
            description=stack.series.description,
            frame_count=len(stack.slices),
            rows=rows,
            columns=columns,
            window_center=window.center if window else None,
            window_width=window.width if window else None,
            key_frame=key_frame(is_shown),
            slices=[[piece.instance.id.hex, piece.frame] for piece in stack.slices],
            preview_object_key=preview_key,
            preview_index=preview_index.to_bytes(),
            frame_object_key=full_key,
            frame_index=full_index.to_bytes(),
            incomplete=incomplete,
            frame_time_ms=shown.frame_time_ms if shown else None,
            prepared_at=self.clock.now(),
        )

    def _tasks(self, stack: Stack, data_key: DataKey) -> Iterator[RenderTask]:
        for piece in stack.slices:
            task = frame_task(self.archive, data_key, piece.instance, piece.header, piece.frame, (PREVIEW, FULL))
            # A frame is read here while the children draw earlier frames. A whole object is read only when a child
            # wants it.
            yield task if task.whole or task.header is None else replace(task, frame=task.read())

    def _publish(self, study_id: uuid.UUID, revision: int, rows: list[PreparedSeries]) -> bool:
        with self.db.session() as session:
            study = repo.study(session, study_id)
            if study is None or study.revision != revision:
                orphans = _packs(rows)
            elif study.prepared_revision == revision:
                orphans = _packs(rows)  # another worker was first
            else:
                orphans = repo.outdated_packs(session, study_id, revision)
                repo.add(session, rows)
                study.prepared_revision, study.prepared_version = revision, PREPARED_VERSION
                study.state = StudyState.PREPARED
                raise_revisions_of(session, study.id)
                repo.remove_outdated(session, study_id, revision)
            current = study is not None and study.prepared_revision == revision
        for key in orphans:
            self._delete(key)
        return current

    def _delete(self, object_key: str) -> None:
        try:
            self.archive.store.delete(object_key)
        except CloudFilmError as error:  # an orphan costs space, but harms nothing
            log.warning("an outdated pack stays", exc_info=error)


def _packs(rows: Sequence[PreparedSeries]) -> list[str]:
    return [key for row in rows for key in (row.preview_object_key, row.frame_object_key)]
