"""Everything the worker does, in two tables: jobs by kind, and sweeps over rows. Each entry calls one service."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.services.audit.anchoring import Anchoring
from app.services.binding.binding import BINDING_REQUEST, Binding
from app.services.dicomweb.study_names import StudyNames
from app.services.exams.search_keys import SearchKeys
from app.services.family.members import FAMILY_REQUEST, FamilyMembers
from app.services.notifications.lost_answers import LostAnswers
from app.services.notifications.receipts import Receipts
from app.services.notifications.repeating import Repeating
from app.services.notifications.sending import Sending
from app.services.notifications.telling import NewsTelling
from app.services.operations.spent_rows import SpentRows
from app.services.patient_access.one_time_codes import ONE_TIME_REQUEST, OneTimeCodes
from app.services.phone_door.door import PHONE_REQUEST, PhoneDoor
from app.services.pictures.completion import PREPARE, Completion
from app.services.pictures.copying import COPY_SERIES, Copying
from app.services.pictures.preparation import Preparation
from app.services.pictures.renewal import Renewal
from app.services.pictures.working_copies import WorkingCopies
from app.services.queue.job_queue import JobQueue
from app.services.release.gate import ReleaseGate
from app.services.wechat.notice_check import NOTICE_CHECK, NoticeCheck


@dataclass(frozen=True, kw_only=True)
class Work:
    """The services the worker drives."""

    queue: JobQueue
    completion: Completion
    preparation: Preparation
    renewal: Renewal
    copies: WorkingCopies
    copying: Copying
    release: ReleaseGate
    telling: NewsTelling
    sending: Sending
    lost_answers: LostAnswers
    repeating: Repeating
    receipts: Receipts
    one_time_codes: OneTimeCodes
    phone_door: PhoneDoor
    binding: Binding
    family: FamilyMembers
    search_keys: SearchKeys
    study_names: StudyNames
    spent_rows: SpentRows
    notice_check: NoticeCheck
    anchoring: Anchoring


def complete_studies(work: Work) -> int:
    return work.completion.complete_quiet()


def renew_pictures(work: Work) -> int:
    return work.renewal.renew_outdated()


def remove_unused_copies(work: Work) -> int:
    return work.copies.remove_unused()


def release_exams(work: Work) -> int:
    return work.release.release_due()


def tell_by_the_next_way(work: Work) -> int:
    return work.telling.go_on_due()


def send_notifications(work: Work) -> int:
    return work.sending.send_due()


def settle_notifications(work: Work) -> int:
    return work.lost_answers.give_up_silent() + work.repeating.repeat_due() + work.receipts.ask_due()


def plan_notice_check(work: Work) -> int:
    return work.notice_check.plan_due()


def index_exams(work: Work) -> int:
    return work.search_keys.index_due()


def index_names_of_studies(work: Work) -> int:
    return work.study_names.index_due()


def remove_spent_rows(work: Work) -> int:
    return work.spent_rows.remove_due()


def anchor_audit_log(work: Work) -> int:
    return work.anchoring.anchor_due()


def prepare_study(work: Work, key: str) -> None:
    """`key`: <study id>:<revision>. When another instance came meanwhile, the next completion enqueues another job."""
    work.preparation.prepare(uuid.UUID(key.partition(":")[0]))


def copy_series(work: Work, key: str) -> None:
    """`key`: <id of the prepared series>:<half day>."""
    work.copying.make(uuid.UUID(key.partition(":")[0]))


def answer_one_time_request(work: Work, key: str) -> None:
    work.one_time_codes.answer(key)


def answer_phone_request(work: Work, key: str) -> None:
    work.phone_door.answer(key)


def answer_binding_request(work: Work, key: str) -> None:
    work.binding.answer(key)


def answer_family_request(work: Work, key: str) -> None:
    work.family.answer(key)


def check_notices(work: Work, key: str) -> None:
    work.notice_check.check()


SWEEPS: Sequence[Callable[[Work], int]] = (
    complete_studies,
    renew_pictures,
    remove_unused_copies,
    release_exams,
    tell_by_the_next_way,
    send_notifications,
    settle_notifications,
    index_exams,
    index_names_of_studies,
    plan_notice_check,
    remove_spent_rows,
    anchor_audit_log,
)
JOBS: Mapping[str, Callable[[Work, str], None]] = {
    PREPARE: prepare_study,
    COPY_SERIES: copy_series,
    ONE_TIME_REQUEST: answer_one_time_request,
    PHONE_REQUEST: answer_phone_request,
    BINDING_REQUEST: answer_binding_request,
    FAMILY_REQUEST: answer_family_request,
    NOTICE_CHECK: check_notices,
}
URGENT = (ONE_TIME_REQUEST, PHONE_REQUEST, BINDING_REQUEST, FAMILY_REQUEST)
"""A patient waits for them. The sweeping thread does such jobs too, so that none waits behind a large study."""
