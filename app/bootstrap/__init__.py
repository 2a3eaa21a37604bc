"""Settings -> Services: the only place that names a vendor's or an embedded stand-in's class. No decisions on data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from app.archive.sealed import SealedArchive
from app.bootstrap import outside
from app.bootstrap.carriers import Simulation, hook_secret, is_alarm, message_faults, simulation_of, sms_sender
from app.clock import Clock, SystemClock
from app.config import Settings
from app.database import Database, schema
from app.demo.data import Demo
from app.demo.labels import DemoLabels
from app.demo.staff import DemoStaff
from app.demo.summary import DemoSummary
from app.dicom.part10 import HeaderLimits
from app.errors import SettingsError, UnsealError
from app.imaging.sandbox.pool import RenderPool
from app.jobs.steps import Work
from app.jobs.wake import Waker
from app.jobs.worker import Worker
from app.security.blind_index import BlindIndex
from app.security.codes import Codes
from app.security.fields import FieldSealer
from app.security.front_door import DoorPass
from app.security.keys import MasterKeys
from app.security.session_tokens import SessionTokens
from app.services.archive.data_keys import DataKeys
from app.services.audit.log import Audit
from app.services.audit.reading import AuditReading
from app.services.dicomweb.query import DicomQuery
from app.services.dicomweb.retrieve import DicomRetrieve
from app.services.exams.holds import Holds
from app.services.exams.matching import Matching
from app.services.exams.patients import Patients
from app.services.exams.registration import Exams
from app.services.exams.release import Release
from app.services.ingest.incoming import MIB
from app.services.ingest.ingest import Ingest
from app.services.ingest.quarantine import Quarantine
from app.services.machines.tokens import MachineTokens
from app.services.notifications.failed import FailedMessages
from app.services.notifications.outbox import Outbox
from app.services.notifications.phone_correction import PhoneCorrection
from app.services.notifications.receipts import Receipts
from app.services.notifications.sending import Notify
from app.services.notifications.states import NotificationStates
from app.services.notifications.wording import Messages
from app.services.operations.archive_check import ArchiveCheck
from app.services.operations.figures import Figures
from app.services.operations.spent_rows import SpentRows
from app.services.paper.paper import Paper
from app.services.patient_access.attempts import Attempts
from app.services.patient_access.code_naming import CodeNaming
from app.services.patient_access.codes import AccessCodes
from app.services.patient_access.sessions import PatientSessions
from app.services.patient_access.verification import Verification
from app.services.pictures.completion import Completion
from app.services.pictures.preparation import Renditions
from app.services.pictures.serving import Pictures
from app.services.queue.job_queue import JobQueue
from app.services.staff.accounts import StaffAccounts
from app.services.staff.desk import Desk
from app.services.staff.exam_search import ExamSearch
from app.services.staff.login import StaffLogin
from app.services.wechat.accounts import WechatAccounts


@dataclass(frozen=True, kw_only=True)
class Services:
    """All use cases and ports of one process, ready to use."""

    settings: Settings
    clock: Clock
    db: Database
    keys: MasterKeys
    fields: FieldSealer
    blind: BlindIndex
    archive: SealedArchive
    data_keys: DataKeys
    audit: Audit
    audit_reading: AuditReading
    machine_tokens: MachineTokens
    ingest: Ingest
    quarantine: Quarantine
    paper: Paper
    demo: Demo
    demo_staff: DemoStaff
    demo_summary: DemoSummary
    archive_check: ArchiveCheck
    matching: Matching
    holds: Holds
    exams: Exams
    access_codes: AccessCodes
    verification: Verification
    patient_tokens: SessionTokens
    patient_sessions: PatientSessions
    staff_accounts: StaffAccounts
    staff_login: StaffLogin
    staff_tokens: SessionTokens
    staff_form_key: bytes = field(repr=False)
    door_pass: DoorPass
    exam_search: ExamSearch
    desk: Desk
    renderer: RenderPool
    completion: Completion
    renditions: Renditions
    pictures: Pictures
    dicom_query: DicomQuery
    dicom_retrieve: DicomRetrieve
    outbox: Outbox
    failed_messages: FailedMessages
    wechat_accounts: WechatAccounts
    receipts: Receipts
    sms_hook_secret: str = field(repr=False)
    worker: Worker
    waker: Waker
    figures: Figures
    simulation: Simulation

    def probes(self) -> dict[str, Callable[[], None]]:
        """What /readyz asks; each raises when its part does not answer."""
        around = outside.probes(self.db, self.archive.store, self.waker)
        return {**around, "queue": self.worker.work.queue.probe}


def build(settings: Settings, clock: Clock | None = None) -> Services:
    """Open everything the settings name and bring the database to the newest schema."""
    clock = clock or SystemClock()
    parts = outside.connect(settings, message_faults(settings))
    db, waker = parts.db, parts.waker
    keys = _master_keys(settings)
    schema.upgrade(db)
    audit = Audit(keys.derive("audit"), clock)
    fields = FieldSealer(keys.derive("fields"))
    blind = BlindIndex(keys.derive("blind-index"))
    holds = Holds(db, clock, audit)
    matching = Matching(fields, audit, holds)
    codes = Codes(keys.derive("codes"), keys.derive("code-hashes"))
    access_codes = AccessCodes(codes, clock, audit, timedelta(days=settings.pickup_days))
    simulation = simulation_of(settings, keys, clock)
    states = NotificationStates(clock, audit)
    sms = sms_sender(settings, simulation)
    wechat_is_on = simulation.wechat is not None
    outbox = Outbox(db, clock, fields, audit, states, access_codes, settings.sms_family, wechat_is_on, waker.wake)
    release = Release(db, clock, audit, outbox, settings.release_gate, timedelta(hours=settings.release_delay_h))
    phones = PhoneCorrection(clock, fields, access_codes, states, release.tell_anew)
    receipts = Receipts(db, clock, fields, blind, states, phones, sms)
    messages = Messages(codes, access_codes, settings.sms_family, settings.sms_signature, settings.base_url)
    notify = Notify(db, clock, fields, states, messages, phones, receipts, sms, simulation.wechat)
    exams = Exams(
        db,
        clock,
        fields,
        blind,
        audit,
        Patients(clock, fields, blind, audit),
        matching,
        identity_changed=release.identity_changed,
        phone_given=phones.phone_given,
        number_changed=phones.number_changed,
        registered=access_codes.ensure_qr_code,
    )
    wechat_accounts = WechatAccounts(clock, fields, blind, audit)
    archive = SealedArchive(parts.store)
    data_keys = DataKeys(keys, clock)
    _require_fitting(data_keys, db)
    ingest = Ingest(
        db=db,
        archive=archive,
        data_keys=data_keys,
        fields=fields,
        blind=blind,
        audit=audit,
        clock=clock,
        spool=settings.spool_dir,
        limits=HeaderLimits(file_bytes=settings.max_instance_mib * MIB),
        study_changed=matching.study_changed,
        patients_differ=matching.header_differs,
    )
    staff_accounts = StaffAccounts(db, clock, fields, audit)
    renderer = RenderPool(settings.decode_workers, settings.decode_time_limit_s, settings.decode_memory_mib << 20)
    renditions = Renditions(db, clock, archive, data_keys, renderer)
    queue = JobQueue(db, clock, audit)
    verification = Verification(
        db,
        clock,
        codes,
        access_codes,
        CodeNaming(codes),
        fields,
        Attempts(codes, settings.address_failures_per_hour, settings.shared_group),
        audit,
        send_one_time_code=outbox.queue_one_time_code,
        enqueue=queue.enqueue,
        wake=waker.wake,
    )
    completion = Completion(db, clock, queue, timedelta(seconds=settings.quiet_period_s))
    spent_rows = SpentRows(db, clock)
    return Services(
        settings=settings,
        clock=clock,
        db=db,
        keys=keys,
        fields=fields,
        blind=blind,
        archive=archive,
        data_keys=data_keys,
        audit=audit,
        audit_reading=AuditReading(db, audit),
        machine_tokens=MachineTokens(db, clock, audit),
        ingest=ingest,
        quarantine=Quarantine(db, audit),
        demo=Demo(
            db,
            clock,
            fields,
            ingest,
            DemoLabels(fields, blind, audit, matching),
            exams,
            access_codes,
            wechat_accounts,
            simulation.wechat.follow if simulation.wechat else None,
            keys.derive("demo"),
        ),
        demo_summary=DemoSummary(db),
        paper=Paper(db, exams, access_codes, audit, settings.base_url, settings.hospital_name),
        archive_check=ArchiveCheck(db, archive, data_keys, clock),
        matching=matching,
        holds=holds,
        exams=exams,
        access_codes=access_codes,
        verification=verification,
        patient_tokens=SessionTokens(keys.derive("session-jwt"), "patient"),
        patient_sessions=PatientSessions(db, clock, audit, timedelta(minutes=settings.session_idle_min)),
        staff_accounts=staff_accounts,
        demo_staff=DemoStaff(staff_accounts, clock, keys.derive("demo-staff")),
        staff_login=StaffLogin(db, clock, codes, fields, audit, timedelta(minutes=settings.staff_idle_min)),
        staff_tokens=SessionTokens(keys.derive("staff-session-jwt"), "staff"),
        staff_form_key=keys.derive("staff-forms"),
        door_pass=DoorPass(keys.derive("front-door")),
        exam_search=ExamSearch(db, fields, blind, codes, audit),
        desk=Desk(db, audit, exams, access_codes, outbox, verification),
        renderer=renderer,
        completion=completion,
        renditions=renditions,
        pictures=Pictures(db, archive, data_keys, renderer),
        dicom_query=DicomQuery(db, blind, fields, audit),
        dicom_retrieve=DicomRetrieve(db, archive, data_keys, audit, renderer),
        outbox=outbox,
        failed_messages=FailedMessages(db, clock, audit, states, is_alarm, waker.wake),
        wechat_accounts=wechat_accounts,
        receipts=receipts,
        sms_hook_secret=hook_secret(settings, keys),
        worker=Worker(Work(queue, completion, renditions, release, notify, receipts, verification, spent_rows)),
        waker=waker,
        figures=Figures(db),
        simulation=simulation,
    )


def _require_fitting(data_keys: DataKeys, db: Database) -> None:
    """Another key file than the data's would leave all of it unreadable, and seal what comes under a second one."""
    try:
        with db.read() as session:
            data_keys.check(session)
    except UnsealError:
        raise SettingsError(["CLOUDFILM_KEY_FILE: opens nothing of what this database holds"]) from None


def _master_keys(settings: Settings) -> MasterKeys:
    """Production never makes a key by itself: a new key beside old data would be a silent loss."""
    if settings.is_demo and not settings.key_path.exists():
        return MasterKeys.generate(settings.key_path, for_demo=True)
    return MasterKeys.from_file(settings.key_path)
