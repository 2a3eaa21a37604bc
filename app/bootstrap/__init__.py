"""Builds all services from the settings. Only here are classes of vendors, or of their embedded replacements, named. No
decisions about data.

Each room of services has a module here. `ground` holds the parts that all rooms use; `outside` and `carriers` connect
to what is outside of this process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.bootstrap import (
    archive,
    audit,
    backup,
    binding,
    channels,
    consent,
    data_requests,
    desk,
    dicomweb,
    exams,
    family,
    ground,
    ingest,
    machines,
    notifications,
    operations,
    outside,
    paper,
    patient_access,
    phone_door,
    pictures,
    release,
    sharing,
    staff,
    wechat,
)
from app.bootstrap.carriers import Simulation, message_faults, simulation_of
from app.clock import Clock, SystemClock
from app.config import Settings
from app.database import Database, schema
from app.jobs.steps import Work
from app.jobs.wake import Waker
from app.jobs.worker import Worker
from app.security.blind_index import BlindIndex
from app.security.fields import FieldSealer
from app.security.front_door import DoorPass
from app.security.keys import MasterKeys
from app.services.channels.channel import Channels
from app.services.consent.consents import Consents
from app.services.dicomweb.study_names import StudyNames
from app.services.notifications.outbox import Outbox
from app.services.patient_access.codes import AccessCodes
from app.services.phone_door.door import PhoneDoor
from app.services.queue.job_queue import JobQueue


@dataclass(frozen=True, kw_only=True)
class Services:
    """All services of one process, ready to use. Each room is a field with the name of its folder; the fields of a room
    have the names of its modules."""

    settings: Settings
    clock: Clock
    db: Database
    keys: MasterKeys
    fields: FieldSealer
    blind: BlindIndex
    archive: archive.ArchiveRoom
    audit: audit.AuditRoom
    backup: backup.BackupRoom
    binding: binding.BindingRoom
    channels: Channels
    consent: Consents
    data_requests: data_requests.DataRequestsRoom
    desk: desk.DeskRoom
    dicomweb: dicomweb.DicomwebRoom
    exams: exams.ExamsRoom
    family: family.FamilyRoom
    ingest: ingest.IngestRoom
    machines: machines.MachinesRoom
    notifications: notifications.NotificationsRoom
    operations: operations.OperationsRoom
    paper: paper.PaperRoom
    patient_access: patient_access.PatientAccessRoom
    phone_door: PhoneDoor
    pictures: pictures.PicturesRoom
    queue: JobQueue
    release: release.ReleaseRoom
    sharing: sharing.SharingRoom
    staff: staff.StaffRoom
    wechat: wechat.WechatRoom
    door_pass: DoorPass
    worker: Worker
    waker: Waker
    simulation: Simulation

    def probes(self) -> dict[str, Callable[[], None]]:
        """What /readyz asks. Each function raises when its part does not answer."""
        return {**outside.probes(self.db, self.archive.objects.store, self.waker), "queue": self.queue.probe}


def build(settings: Settings, clock: Clock | None = None, authenticators: Clock | None = None) -> Services:
    """Open everything that the settings name, and upgrade the database to the newest schema. `authenticators`: see
    `Ground`; else `clock`. Raises SettingsError."""
    parts, base = _opened(settings, clock or SystemClock(), authenticators)
    simulation = simulation_of(settings, base.keys, base.clock)
    queue = JobQueue(db=base.db, clock=base.clock, audit=base.audit)
    archive_room = archive.build(base, parts.store)
    codes = patient_access.access_codes(base)
    wechat_room = wechat.build(base, simulation, queue.enqueue)
    ways = channels.build(base, codes, wechat_room, simulation)
    telling = notifications.telling(base, ways)
    release_room = release.build(base, codes, telling)
    messages = notifications.build(base, telling, codes, release_room.gate.tell_anew)
    exams_room = exams.build(base, codes, release_room, messages)
    doors = _doors(base, codes, wechat_room, telling.outbox, queue)
    pictures_room = pictures.build(base, archive_room, queue)
    ops = operations.build(base, archive_room)
    audit_room = audit.build(base)
    web_room = dicomweb.build(base, archive_room, pictures_room.renderer, pictures_room.reader)
    names = web_room.names
    work = _work(queue, pictures_room, release_room, messages, doors, exams_room, names, ops, audit_room, wechat_room)
    return Services(
        settings=settings,
        clock=base.clock,
        db=base.db,
        keys=base.keys,
        fields=base.fields,
        blind=base.blind,
        archive=archive_room,
        audit=audit_room,
        backup=backup.build(base, parts.store),
        binding=doors.bound,
        channels=ways,
        consent=consent.build(base),
        data_requests=data_requests.build(base),
        desk=desk.build(base, exams_room, messages, doors.access, doors.bound.binding),
        dicomweb=web_room,
        exams=exams_room,
        family=doors.family,
        ingest=ingest.build(base, archive_room, exams_room.matching, pictures_room.renderer, pictures_room.reader),
        machines=machines.build(base),
        notifications=messages,
        operations=ops,
        paper=paper.build(base, exams_room, codes),
        patient_access=doors.access,
        phone_door=doors.phone,
        pictures=pictures_room,
        queue=queue,
        release=release_room,
        sharing=sharing.build(base, telling.outbox),
        staff=staff.build(base),
        wechat=wechat_room,
        door_pass=DoorPass(base.keys.derive("front-door")),
        worker=Worker(work),
        waker=parts.waker,
        simulation=simulation,
    )


def _opened(settings: Settings, clock: Clock, authenticators: Clock | None) -> tuple[outside.Outside, ground.Ground]:
    """What the settings name, and what every room stands on."""
    parts = outside.connect(settings, message_faults(settings))
    keys = _master_keys(settings)
    schema.upgrade(parts.db)
    return parts, ground.build(settings, clock, parts, keys, authenticators or clock)


@dataclass(frozen=True)
class _Doors:
    """The rooms that send digits to phones, and let people in by them."""

    access: patient_access.PatientAccessRoom
    phone: PhoneDoor
    bound: binding.BindingRoom
    family: family.FamilyRoom


def _doors(
    base: ground.Ground, codes: AccessCodes, accounts: wechat.WechatRoom, outbox: Outbox, queue: JobQueue
) -> _Doors:
    send = outbox.queue_one_time_code
    return _Doors(
        patient_access.build(base, codes, send_one_time_code=send, enqueue=queue.enqueue),
        phone_door.build(base, send_one_time_code=send, enqueue=queue.enqueue),
        binding.build(base, accounts.accounts, send_one_time_code=send, enqueue=queue.enqueue),
        family.build(base, outbox=outbox, enqueue=queue.enqueue),
    )


def _work(
    queue: JobQueue,
    pictures_room: pictures.PicturesRoom,
    release_room: release.ReleaseRoom,
    messages: notifications.NotificationsRoom,
    doors: _Doors,
    exams_room: exams.ExamsRoom,
    study_names: StudyNames,
    operations_room: operations.OperationsRoom,
    audit_room: audit.AuditRoom,
    wechat_room: wechat.WechatRoom,
) -> Work:
    """What the worker does by itself."""
    return Work(
        queue=queue,
        completion=pictures_room.completion,
        preparation=pictures_room.preparation,
        renewal=pictures_room.renewal,
        copies=pictures_room.copies,
        copying=pictures_room.copying,
        release=release_room.gate,
        telling=messages.telling,
        sending=messages.sending,
        lost_answers=messages.lost_answers,
        repeating=messages.repeating,
        receipts=messages.receipts,
        one_time_codes=doors.access.one_time_codes,
        phone_door=doors.phone,
        binding=doors.bound.binding,
        family=doors.family.members,
        search_keys=exams_room.search_keys,
        study_names=study_names,
        spent_rows=operations_room.spent_rows,
        notice_check=wechat_room.notice_check,
        anchoring=audit_room.anchoring,
    )


def _master_keys(settings: Settings) -> MasterKeys:
    """Production never makes a key by itself: with a new key, old data would be lost without notice."""
    if settings.is_demo and not settings.key_path.exists():
        return MasterKeys.generate(settings.key_path, for_demo=True)
    return MasterKeys.from_file(settings.key_path)
