"""Settings -> Services: the only place that names a vendor's or an embedded stand-in's class. No decisions on data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import obstore

from app import schema
from app.archive.cloud_store import ObstoreStore
from app.archive.local_store import LocalStore
from app.archive.sealed import SealedArchive
from app.archive.store import ObjectStore
from app.bootstrap_messages import Simulation, hook_secret, simulation_of, sms_sender
from app.clock import Clock, SystemClock
from app.config import Settings
from app.extensions import Database
from app.imaging.sandbox import RenderPool
from app.jobs.steps import Work
from app.jobs.wake import Waker
from app.jobs.worker import Worker
from app.security.blind_index import BlindIndex
from app.security.codes import Codes
from app.security.fields import FieldSealer
from app.security.keys import MasterKeys
from app.security.session_tokens import SessionTokens
from app.services.access_codes import AccessCodes
from app.services.archive_check import ArchiveCheck
from app.services.attempts import Attempts
from app.services.audit import Audit
from app.services.completion import Completion
from app.services.data_keys import DataKeys
from app.services.demo import Demo
from app.services.dicom_query import DicomQuery
from app.services.dicom_retrieve import DicomRetrieve
from app.services.exams import Exams
from app.services.header_checks import MIB, HeaderLimits
from app.services.ingest import Ingest
from app.services.job_queue import JobQueue
from app.services.machine_tokens import MachineTokens
from app.services.matching import Matching
from app.services.messages import Messages
from app.services.notification_states import NotificationStates
from app.services.notify import Notify
from app.services.outbox import Outbox
from app.services.paper import Paper
from app.services.patient_access import PatientSessions
from app.services.pictures import Pictures
from app.services.quarantine import Quarantine
from app.services.receipts import Receipts
from app.services.release import Release
from app.services.renditions import Renditions
from app.services.verification import Verification


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
    machine_tokens: MachineTokens
    ingest: Ingest
    quarantine: Quarantine
    paper: Paper
    demo: Demo
    archive_check: ArchiveCheck
    matching: Matching
    exams: Exams
    access_codes: AccessCodes
    verification: Verification
    patient_tokens: SessionTokens
    patient_sessions: PatientSessions
    renderer: RenderPool
    renditions: Renditions
    pictures: Pictures
    dicom_query: DicomQuery
    dicom_retrieve: DicomRetrieve
    outbox: Outbox
    receipts: Receipts
    sms_hook_secret: str = field(repr=False)
    worker: Worker
    waker: Waker
    simulation: Simulation

    def probes(self) -> dict[str, Callable[[], None]]:
        """What /readyz asks; each raises when its part does not answer."""
        return {"database": self.db.probe, "store": self.archive.store.probe, "queue": self.worker.work.queue.probe}


def build(settings: Settings, clock: Clock | None = None) -> Services:
    """Open everything the settings name and bring the database to the newest schema."""
    clock = clock or SystemClock()
    for folder in (settings.var_dir, settings.spool_dir):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys = _master_keys(settings)
    db = Database(settings.database_address)
    schema.upgrade(db)
    audit = Audit(keys.derive("audit"), clock)
    fields = FieldSealer(keys.derive("fields"))
    blind = BlindIndex(keys.derive("blind-index"))
    matching = Matching(fields, audit)
    codes = Codes(keys.derive("codes"), keys.derive("code-hashes"))
    access_codes = AccessCodes(codes, clock, audit, timedelta(days=settings.pickup_days))
    simulation = simulation_of(settings, keys, clock)
    waker = Waker(settings.redis_url)
    states = NotificationStates(clock, audit)
    sms = sms_sender(settings, simulation)
    wechat_is_on = simulation.wechat is not None
    outbox = Outbox(db, clock, fields, audit, states, access_codes, settings.sms_family, wechat_is_on, waker.wake)
    receipts = Receipts(db, clock, fields, blind, states, sms)
    messages = Messages(codes, access_codes, settings.sms_family, settings.sms_signature, settings.base_url)
    notify = Notify(db, clock, fields, states, messages, receipts, sms, simulation.wechat)
    release = Release(db, clock, audit, outbox, settings.release_gate, timedelta(hours=settings.release_delay_h))
    exams = Exams(
        db, clock, fields, blind, audit, matching,
        identity_changed=release.identity_changed,
        registered=access_codes.ensure_qr_code,
    )  # fmt: skip
    archive = SealedArchive(_store(settings))
    data_keys = DataKeys(keys, clock)
    ingest = Ingest(
        db=db,
        archive=archive,
        data_keys=data_keys,
        fields=fields,
        blind=blind,
        audit=audit,
        clock=clock,
        limits=HeaderLimits(file_bytes=settings.max_instance_mib * MIB),
        study_changed=matching.study_changed,
        patients_differ=matching.header_differs,
    )
    renderer = RenderPool(settings.decode_workers, settings.decode_time_limit_s, settings.decode_memory_mib << 20)
    renditions = Renditions(db, clock, archive, data_keys, renderer)
    queue = JobQueue(db, clock)
    completion = Completion(db, clock, queue, timedelta(seconds=settings.quiet_period_s))
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
        machine_tokens=MachineTokens(db, clock, audit),
        ingest=ingest,
        quarantine=Quarantine(db),
        demo=Demo(db, clock, fields, ingest, exams, access_codes, keys.derive("demo")),
        paper=Paper(db, exams, access_codes, audit, settings.base_url, settings.hospital_name),
        archive_check=ArchiveCheck(db, archive, data_keys, clock),
        matching=matching,
        exams=exams,
        access_codes=access_codes,
        verification=Verification(
            db,
            clock,
            codes,
            fields,
            Attempts(codes, settings.address_failures_per_hour, settings.shared_addresses),
            audit,
            send_one_time_code=outbox.queue_one_time_code,
        ),
        patient_tokens=SessionTokens(keys.derive("session-jwt"), "patient"),
        patient_sessions=PatientSessions(db, clock, audit, timedelta(minutes=settings.session_idle_min)),
        renderer=renderer,
        renditions=renditions,
        pictures=Pictures(db, archive, data_keys, renderer),
        dicom_query=DicomQuery(db, blind, fields, audit),
        dicom_retrieve=DicomRetrieve(db, archive, data_keys, audit, renderer),
        outbox=outbox,
        receipts=receipts,
        sms_hook_secret=hook_secret(settings, keys),
        worker=Worker(Work(queue, completion, renditions, release, notify, receipts)),
        waker=waker,
        simulation=simulation,
    )


def _master_keys(settings: Settings) -> MasterKeys:
    """Production never makes a key by itself: a new key beside old data would be a silent loss."""
    if settings.is_demo and not settings.key_path.exists():
        return MasterKeys.generate(settings.key_path)
    return MasterKeys.from_file(settings.key_path)


def _store(settings: Settings) -> ObjectStore:
    parts = urlsplit(settings.store_url)
    if parts.scheme in ("", "file"):
        return LocalStore(Path(parts.path) if parts.path else settings.var_dir / "objects")
    return ObstoreStore(obstore.store.from_url(settings.store_url))
