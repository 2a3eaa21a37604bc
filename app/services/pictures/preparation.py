"""Prepares the pictures of a complete study once: stacks in order; previews, default-window frames and working copies
in sealed packs; and which stacks make volumes.

Serving prepared pictures is in `serving`; drawing a picture is in app/imaging.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import structlog

from app.archive.sealed import DataKey, SealedArchive
from app.clock import Clock
from app.database import Database
from app.errors import NotFound
from app.imaging.codecs.encode import is_incomplete
from app.imaging.display.aspect import drawn_size
from app.imaging.display.presenting import presented_header
from app.imaging.display.render_spec import PACKED, VALUES_DIGEST
from app.imaging.display.window import default_window
from app.imaging.geometry.volume import NoVolume, Refused
from app.imaging.header.presentation import Presentation
from app.imaging.sandbox.pool import Account, RenderPool, RenderSpec, RenderTask
from app.models import PreparedObject, PreparedSeries, Study, WorkingPack
from app.models.states import StudyState
from app.repos.exams.revision import raise_revisions_of
from app.repos.pictures import prepared as repo
from app.services.archive.data_keys import DataKeys
from app.services.archive.frames import all_drawn, frame_task
from app.services.pictures.header_renewal import HeaderRenewal
from app.services.pictures.listing import Listing
from app.services.pictures.marks import Place, looks_over
from app.services.pictures.new_packs import NewPacks, delete_pack
from app.services.pictures.stacks import Stack, key_frame, stacks_of
from app.services.pictures.working_copies import PackWriter, is_copied_at_once
from app.services.volumes.plan import Frame, VolumePlan, place_of, planned_volume

log = structlog.get_logger(__name__)

PREVIEW = RenderSpec(fmt="jpg", longest=256, quality=75, max_bytes=10_240)
BUDGET_S = 900.0
"""The pictures of one study may take so many seconds of the decoding children. An ordinary study takes a few seconds;
twenty thousand frames of the usual size take three hundred."""
FULL = RenderSpec(fmt="jpg", longest=1024, quality=85)
DIGEST = RenderSpec(fmt=VALUES_DIGEST)
PREPARED_VERSION = 5
"""Rises when pictures of the same objects become other ones: then those of before are made anew, one study after the
other (`renewal`)."""
MOST_STACKS = 1000
"""Stacks of one study. Their rows are written in one commit, and nobody scrolls through more."""


@dataclass(frozen=True)
class PreparedStack:
    """The rows of one stack whose packs are written."""

    row: PreparedSeries
    copies: list[WorkingPack]


@dataclass
class _Drawn:
    """What drawing the frames of a stack brings, frame by frame."""

    stack: Stack
    previews: list[bytes] = field(default_factory=list)
    is_shown: list[bool] = field(default_factory=list)
    incomplete: list[int] = field(default_factory=list)
    _digests: list[bytes] = field(default_factory=list)

    @cached_property
    def _frames(self) -> list[Frame]:
        return [(piece.header, piece.frame) for piece in self.stack.slices]

    @cached_property
    def _crowded(self) -> set[object]:
        """Places of more than one frame: there the values decide whether one frame came twice."""
        counted = Counter(place_of(frame) for frame in self._frames)
        return {place for place, frames in counted.items() if place is not None and frames > 1}

    def specs(self, at: int) -> tuple[RenderSpec, ...]:
        piece = self.stack.slices[at]
        copy = (RenderSpec(fmt=PACKED),) if is_copied_at_once(piece.header) else ()
        return (PREVIEW, FULL, *copy, *((DIGEST,) if place_of(self._frames[at]) in self._crowded else ()))

    def take(self, at: int, pictures: Sequence[bytes], copies: PackWriter) -> bytes:
        """Keep the pictures of frame `at`; returns the full one."""
        found = dict(zip([spec.fmt for spec in self.specs(at)[2:]], pictures[2:], strict=True))
        self.previews.append(pictures[0])
        self.is_shown.append(bool(pictures[1]))
        if is_incomplete(pictures[1]):
            self.incomplete.append(at + 1)
        self._digests.append(found.get(VALUES_DIGEST, b""))
        copies.add(found.get(PACKED, b""))
        return pictures[1]

    def volume(self) -> tuple[VolumePlan | None, NoVolume | None]:
        is_whole = [shown and k not in self.incomplete for k, shown in enumerate(self.is_shown, 1)]
        try:
            return planned_volume(self._frames, is_whole, self._digests), None
        except Refused as refused:
            return None, refused.reason


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """Decides which pictures a study gets. Raises NotFound, StoreUnavailable."""

    db: Database
    clock: Clock
    archive: SealedArchive
    data_keys: DataKeys
    renderer: RenderPool
    headers: HeaderRenewal
    listing: Listing
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
        objects = self.listing.rows(study, revision, data_key, instances, stacks)
        looks = looks_over(objects)
        with NewPacks(db=self.db, archive=self.archive, study_id=study_id) as packs:
            rows = [
                self._prepare_stack(study, packs, data_key, stack, ordinal, looks, account)
                for ordinal, stack in enumerate(stacks, 1)
            ]
            if account.frames_left_out:
                log.error("decoding takes longer than one study may take", study=study_id)
            outdated = self._publish(study_id, revision, rows, objects)
        for key in outdated or ():
            delete_pack(self.archive, key)
        return outdated is not None

    def _bounded(self, stacks: list[Stack], study_id: uuid.UUID) -> list[Stack]:
        if len(stacks) > MOST_STACKS:
            log.warning("a study has more stacks than are shown", study=study_id)
        return stacks[:MOST_STACKS]

    def _prepare_stack(
        self,
        study: Study,
        packs: NewPacks,
        data_key: DataKey,
        stack: Stack,
        ordinal: int,
        looks: dict[Place, Presentation],
        account: Account,
    ) -> PreparedStack:
        drawn = _Drawn(stack)
        revision = study.revision
        own = {k: look for (of, k), look in looks.items() if of == ordinal}
        copies = PackWriter(self.archive, packs, revision, data_key, self.clock)

        def full_frames() -> Iterator[bytes]:
            for at, pictures in enumerate(all_drawn(self.renderer, self._tasks(drawn, data_key, own), account)):
                yield drawn.take(at, pictures, copies)
            copies.finish()

        preview_key, full_key = packs.key(), packs.key()
        # Frames are sealed and written as they are drawn: in memory are only the previews of a stack, 10 KB each, and
        # one pack of working copies.
        full_index = self.archive.put_pack(full_key, revision, data_key, full_frames())
        preview_index = self.archive.put_pack(preview_key, revision, data_key, drawn.previews)
        shown = stack.first_shown
        window = default_window(shown) if shown else None
        rows, columns = drawn_size(shown.rows, shown.columns, shown.pixel_aspect) if shown else (0, 0)
        volume, no_volume = drawn.volume()
        row = PreparedSeries(
            id=uuid.uuid4(),
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
            key_frame=key_frame(drawn.is_shown),
            slices=[[piece.instance.id.hex, piece.frame] for piece in stack.slices],
            preview_object_key=preview_key,
            preview_index=preview_index.to_bytes(),
            frame_object_key=full_key,
            frame_index=full_index.to_bytes(),
            incomplete=drawn.incomplete,
            frame_time_ms=shown.frame_time_ms if shown else None,
            volume=volume.to_json() if volume else None,
            no_volume=no_volume,
            prepared_at=self.clock.now(),
        )
        for pack in copies.rows:
            pack.series_id = row.id
        return PreparedStack(row, copies.rows)

    def _tasks(self, drawn: _Drawn, data_key: DataKey, looks: dict[int, Presentation]) -> Iterator[RenderTask]:
        """`looks`: of presentation states, by k."""
        for at, piece in enumerate(drawn.stack.slices):
            header = piece.header
            if header is not None and at + 1 in looks:
                header = presented_header(header.of_frame(piece.frame), looks[at + 1])
            task = frame_task(self.archive, data_key, piece.instance, header, piece.frame, drawn.specs(at))
            # A frame is read here while the children draw earlier frames. A whole object is read only when a child
            # wants it.
            yield task if task.whole or task.header is None else replace(task, frame=task.read())

    def _publish(
        self, study_id: uuid.UUID, revision: int, stacks: list[PreparedStack], objects: list[PreparedObject]
    ) -> list[str] | None:
        """The object keys of outdated packs, whose rows are gone; None when the study has another revision now."""
        with self.db.session() as session:
            study = repo.study(session, study_id)
            if study is None or study.revision != revision:
                return None
            if study.prepared_revision == revision:
                return []  # another worker was first
            outdated = repo.outdated_packs(session, study_id, revision)
            repo.add(session, [stack.row for stack in stacks])
            repo.add(session, [pack for stack in stacks for pack in stack.copies])
            repo.add(session, objects)
            study.prepared_revision, study.prepared_version = revision, PREPARED_VERSION
            study.state = StudyState.PREPARED
            raise_revisions_of(session, study.id)
            repo.remove_outdated(session, study_id, revision)
            return outdated
