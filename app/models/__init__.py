"""One table family a file; this page makes them all known to the metadata."""

from app.models.access import AccessAttempts, AccessCode, KnownDevice, OneTimeCode, PatientSession
from app.models.audit import AuditEvent, AuditHead
from app.models.base import Base
from app.models.exam import Exam, Report
from app.models.job import Job
from app.models.notification import EarlyReceipt, Notification, NotificationEvent
from app.models.patient import Patient, PatientNameToken, WechatAccount
from app.models.rendition import PreparedSeries
from app.models.staff import MachineToken, StaffSession, StaffUser
from app.models.study import DataKey, Instance, QuarantineItem, Rejection, Series, Study

__all__ = [
    "AccessAttempts",
    "AccessCode",
    "AuditEvent",
    "AuditHead",
    "Base",
    "DataKey",
    "EarlyReceipt",
    "Exam",
    "Instance",
    "Job",
    "KnownDevice",
    "MachineToken",
    "Notification",
    "NotificationEvent",
    "OneTimeCode",
    "Patient",
    "PatientNameToken",
    "PatientSession",
    "PreparedSeries",
    "QuarantineItem",
    "Rejection",
    "Report",
    "Series",
    "StaffSession",
    "StaffUser",
    "Study",
    "WechatAccount",
]
