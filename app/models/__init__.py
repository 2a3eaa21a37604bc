"""The tables, one family in each file. This file imports all tables, so that the metadata knows them. No queries."""

from app.models.access import AccessAttempts, AccessCode, KnownDevice, OneTimeCode, PatientSession
from app.models.audit import AuditEvent, AuditHead
from app.models.base import Base
from app.models.consent import Consent
from app.models.data_request import DataRequest, DataRequestStep
from app.models.exam import Exam, ExamSearchKey, Report
from app.models.family import FamilyCode, FamilyGrant
from app.models.field_binding import FieldBinding
from app.models.job import Job
from app.models.news_count import NewsCount
from app.models.notification import EarlyReceipt, Notification, NotificationEvent, OptOut, Telling
from app.models.notification_codes import (
    ABOUT_ACCESS,
    FOR_RELATIVES,
    NO_NEWS,
    CancelReason,
    ChannelName,
    EventDetail,
    FailureCode,
    NotificationKind,
    NotificationState,
    OptOutOrigin,
    TellingState,
)
from app.models.patient import Patient, PatientNameToken
from app.models.phone_door import PhoneCode, PhoneRequests
from app.models.rendition import PreparedObject, PreparedSeries, WorkingPack
from app.models.row_count import RowCount
from app.models.sensitive_rule import SensitiveRule
from app.models.sharing import GuestSession, HandOver, HelperCode, Share, SharedPrior, WaitingPc
from app.models.staff import MachineToken, StaffSession, StaffUser
from app.models.study import (
    DataKeyRow,
    Instance,
    InstanceVersion,
    QuarantineItem,
    Rejection,
    Series,
    Study,
    StudyNameKey,
    StudyOrder,
)
from app.models.wechat import (
    BindingCode,
    BoundDevice,
    NoticeSubscription,
    WechatAccount,
    WechatLogin,
    WechatPush,
    WechatToken,
)

__all__ = [
    "ABOUT_ACCESS",
    "FOR_RELATIVES",
    "NO_NEWS",
    "AccessAttempts",
    "AccessCode",
    "AuditEvent",
    "AuditHead",
    "Base",
    "BindingCode",
    "BoundDevice",
    "CancelReason",
    "ChannelName",
    "Consent",
    "DataKeyRow",
    "DataRequest",
    "DataRequestStep",
    "EarlyReceipt",
    "EventDetail",
    "Exam",
    "ExamSearchKey",
    "FailureCode",
    "FamilyCode",
    "FamilyGrant",
    "FieldBinding",
    "GuestSession",
    "HandOver",
    "HelperCode",
    "Instance",
    "InstanceVersion",
    "Job",
    "KnownDevice",
    "MachineToken",
    "NewsCount",
    "NoticeSubscription",
    "Notification",
    "NotificationEvent",
    "NotificationKind",
    "NotificationState",
    "OneTimeCode",
    "OptOut",
    "OptOutOrigin",
    "Patient",
    "PatientNameToken",
    "PatientSession",
    "PhoneCode",
    "PhoneRequests",
    "PreparedObject",
    "PreparedSeries",
    "QuarantineItem",
    "Rejection",
    "Report",
    "RowCount",
    "SensitiveRule",
    "Series",
    "Share",
    "SharedPrior",
    "StaffSession",
    "StaffUser",
    "Study",
    "StudyNameKey",
    "StudyOrder",
    "Telling",
    "TellingState",
    "WaitingPc",
    "WechatAccount",
    "WechatLogin",
    "WechatPush",
    "WechatToken",
    "WorkingPack",
]
