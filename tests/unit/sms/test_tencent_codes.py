"""The table of the carrier's codes."""

from __future__ import annotations

import pytest
from tencentcloud.sms.v20210111 import errorcodes

from sms.errors import SmsRefused, SmsRetryLater, SmsUnknown
from sms.tencent.codes import TABLE
from sms.tencent.sender import accepted

COMMON = {
    *("AuthFailure.InvalidAuthorization", "AuthFailure.InvalidSecretId", "AuthFailure.MFAFailure"),
    *("AuthFailure.SecretIdNotFound", "AuthFailure.SignatureExpire", "AuthFailure.SignatureFailure"),
    *("AuthFailure.TokenFailure", "AuthFailure.UnauthorizedOperation", "FailedOperation", "InternalError"),
    *("InvalidAction", "InvalidParameterValue", "InvalidRequest", "IpInBlacklist", "IpNotInWhitelist"),
    *("LimitExceeded", "NoSuchProduct", "NoSuchVersion", "RequestLimitExceeded"),
    *("RequestLimitExceeded.GlobalRegionUinLimitExceeded", "RequestLimitExceeded.IPLimitExceeded"),
    *("RequestLimitExceeded.UinLimitExceeded", "RequestSizeLimitExceeded", "ServiceUnavailable"),
    *("UnauthorizedOperation", "UnknownParameter", "UnsupportedProtocol", "UnsupportedRegion"),
}
"""Of cloud.tencent.com/document/api/382/38780."""


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("InternalError.SendAndRecvFail", SmsUnknown),
        ("InternalError.OtherError", SmsUnknown),
        ("ClientNetworkError", SmsUnknown),
        ("ServerNetworkError", SmsUnknown),
        ("ReadTimeout", SmsUnknown),
        ("SomethingNew.Entirely", SmsUnknown),
        ("InternalError.Timeout", SmsUnknown),
        ("InternalError.ParseBackendResponseFail", SmsUnknown),
        ("LimitExceeded.SomethingNew", SmsUnknown),
        ("AuthFailure.SomethingNew", SmsUnknown),
        ("RequestLimitExceeded", SmsRetryLater),
        ("RequestLimitExceeded.IPLimitExceeded", SmsRetryLater),
        ("LimitExceeded.PhoneNumberOneHourLimit", SmsRetryLater),
        ("FailedOperation.PhoneNumberInBlacklist", SmsRefused),
        ("FailedOperation.SignatureIncorrectOrUnapproved", SmsRefused),
        ("FailedOperation.TemplateIncorrectOrUnapproved", SmsRefused),
        ("FailedOperation.InsufficientBalanceInSmsPackage", SmsRefused),
        ("InvalidParameterValue.IncorrectPhoneNumber", SmsRefused),
        ("InvalidParameterValue.ContentLengthLimit", SmsRefused),
        ("InvalidParameterValue.ProhibitedUseUrlInTemplateParameter", SmsRefused),
        ("AuthFailure.SignatureFailure", SmsRefused),
    ],
)
def test_a_code_means_refused_retry_or_unknown(code: str, kind: type[Exception]) -> None:
    assert type(TABLE.error_of(code)) is kind


def test_the_table_names_only_codes_the_vendor_knows() -> None:
    known = {value for name, value in vars(errorcodes).items() if name.isupper()}
    own = {"ClientError", "ClientParamsError", "ClientNetworkError", "ServerNetworkError"}
    assert set(TABLE.codes) - known - own - COMMON == set()


def test_every_code_of_the_vendor_has_a_meaning_and_fits_its_column() -> None:
    for name, code in vars(errorcodes).items():
        if name.isupper():
            assert TABLE.error_of(code).reason != "an unlisted code"
            assert len(code) <= 64


def test_an_acceptance_without_a_serial_is_unknown() -> None:
    with pytest.raises(SmsUnknown):
        accepted({"Code": "Ok", "SerialNo": ""})
    with pytest.raises(SmsUnknown):
        accepted({})


@pytest.mark.parametrize(
    ("code", "alarms"),
    [
        ("FailedOperation.InsufficientBalanceInSmsPackage", True),
        ("AuthFailure.SecretIdNotFound", True),
        ("no template id", True),
        ("FailedOperation.PhoneNumberInBlacklist", False),
        ("InternalError.SendAndRecvFail", False),
        ("UNDELIV", False),
    ],
)
def test_an_alarm_is_told_from_a_refusal_of_one_phone(code: str, alarms: bool) -> None:
    assert TABLE.is_alarm(code) is alarms
