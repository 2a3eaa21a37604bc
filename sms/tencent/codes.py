"""What Tencent's codes mean: one table of whole codes, of the call (TencentCloudSDKException) and of one phone in it
(SendStatusSet). The call itself is `sender`.

The numbers are those of the older API. Source: the errorcodes.py of the SDK (sms.v20210111), the pages 382/59177 and
382/38780 (common codes) of cloud.tencent.com/document/api.
"""

from __future__ import annotations

from sms.code_table import CodeTable, Meaning, Outcome

_REFUSED = {
    "FailedOperation.PhoneNumberInBlacklist": "1015: the owner refuses such messages",
    "FailedOperation.PhoneNumberParseFail": "1016: the number cannot be read",
    "InvalidParameterValue.IncorrectPhoneNumber": "1016: no such number",
    "InvalidParameterValue.ContentLengthLimit": "1017: too long",
    "LimitExceeded.PhoneNumberSameContentDailyLimit": "1026: same content too often",
    "LimitExceeded.AppCountryOrRegionInBlacklist": "no messages to this country",
    "UnsupportedOperation": "not for this number",
    "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone": "a mainland text to a foreign number",
    "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone": "a foreign text to a mainland number",
    "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber": "a text of the other region",
    "UnsupportedOperation.ContainDomesticPhoneNumber": "an account for foreign numbers only",
    "UnsupportedOperation.UnsupportedRegion": "no messages to this region",
}
_ALARM = {
    "FailedOperation.ContainSensitiveWord": "1002: a word is not allowed",
    "FailedOperation.SignatureIncorrectOrUnapproved": "1012: signature not approved",
    "FailedOperation.TemplateIncorrectOrUnapproved": "1014: template not approved",
    "FailedOperation.TemplateUnapprovedOrNotExist": "1014: template does not exist",
    "FailedOperation.TemplateIdNotExist": "1014: template does not exist",
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": "1014: wrong variables",
    "FailedOperation.InsufficientBalanceInSmsPackage": "1031: the package is used up",
    "FailedOperation.FailResolvePacket": "1004: the request cannot be read",
    "FailedOperation.JsonParseFail": "1004: the request cannot be read",
    "FailedOperation.MarketingSendTimeConstraint": "the text is registered as advertising",
    "InternalError.JsonParseFail": "the request cannot be read",
    "InternalError.RequestTimeException": "this machine's clock is wrong",
    "InternalError.SigVerificationFail": "1001: the signature does not hold",
    "InternalError.SigFieldMissing": "1003: the request is not signed",
    "InternalError.RestApiInterfaceNotExist": "1011: no such interface",
    "InvalidParameterValue.TemplateParameterFormatError": "a code must be up to 6 digits",
    "InvalidParameterValue.TemplateParameterLengthLimit": "a variable is too long",
    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter": "1048: link in a variable",
    "InvalidParameterValue.UnsupportedTemplateVariable": "a notice may hold no variable",
    "InvalidParameterValue.TemplateWithDirtyWords": "a word is not allowed",
    "InvalidParameterValue.SdkAppIdNotExist": "no such application",
    "InvalidParameter.AppidAndBizId": "the application is of another account",
    "InvalidParameter.DirtyWordFound": "a word is not allowed",
    "UnauthorizedOperation.ServiceSuspendDueToArrears": "suspended, the bill is not paid",
    "UnauthorizedOperation.RequestIpNotInWhitelist": "the carrier does not know this machine's address",
    "UnauthorizedOperation.RequestPermissionDeny": "the account may not do this",
    "UnauthorizedOperation.SdkAppIdIsDisabled": "the application is switched off",
    "UnauthorizedOperation.SmsSdkAppIdVerifyFail": "the application is of another account",
    "UnauthorizedOperation.IndividualUserMarketingSmsPermissionDeny": "the text is registered as advertising",
    "ClientError": "the SDK refused the request",
    "ClientParamsError": "the SDK refused the request",
}
_RETRY = {
    "LimitExceeded.PhoneNumberThirtySecondLimit": ("1023: same content within 30 s", 30),
    "LimitExceeded.PhoneNumberOneHourLimit": ("1024: hourly limit of this phone", 3600),
    "LimitExceeded.PhoneNumberDailyLimit": ("1025: daily limit of this phone", 86_400),
    "LimitExceeded.DeliveryFrequencyLimit": ("1013: frequency limit", 60),
    "LimitExceeded.GlobalSmsSendingRateLimit": ("too many foreign messages", 60),
    "LimitExceeded.AppDailyLimit": ("daily limit of the account", 3600),
    "LimitExceeded.AppMainlandChinaDailyLimit": ("daily limit of the account", 3600),
    "LimitExceeded.AppGlobalDailyLimit": ("daily limit of the account", 3600),
    "LimitExceeded.AppCountryOrRegionDailyLimit": ("daily limit of the country", 3600),
    "LimitExceeded.DailyLimit": ("daily limit of foreign messages", 3600),
    "LimitExceeded": ("a limit of the account", 600),
    "RequestLimitExceeded": ("too many calls a second", 1),
    "RequestLimitExceeded.GlobalRegionUinLimitExceeded": ("too many calls a second", 1),
    "RequestLimitExceeded.IPLimitExceeded": ("too many calls a second", 1),
    "RequestLimitExceeded.UinLimitExceeded": ("too many calls a second", 1),
}
_UNKNOWN = {
    "InternalError.Timeout": "60008: the sending timed out",
    "InternalError.SendAndRecvFail": "1008: the network behind did not answer",
    "InternalError.ParseBackendResponseFail": "the answer of the network behind cannot be read",
    "InternalError.OtherError": "an error inside the carrier",
    "InternalError.UnknownError": "an error inside the carrier",
    "InternalError": "an error inside the carrier",
    "FailedOperation.OtherError": "the operation failed",
    "FailedOperation.ParametersOtherError": "the operation failed",
    "FailedOperation": "the operation failed",
    "ServiceUnavailable": "the carrier does not work",
    "ClientNetworkError": "no answer",
    "ServerNetworkError": "an answer that is none",
}
# The gateway in front of every product refuses these before anything is done.
_REFUSED_AT_THE_GATE = (
    *("AuthFailure.InvalidAuthorization", "AuthFailure.InvalidSecretId", "AuthFailure.MFAFailure"),
    *("AuthFailure.SecretIdNotFound", "AuthFailure.SignatureExpire", "AuthFailure.SignatureFailure"),
    *("AuthFailure.TokenFailure", "AuthFailure.UnauthorizedOperation", "InvalidAction", "InvalidRequest"),
    *("IpInBlacklist", "IpNotInWhitelist", "NoSuchProduct", "NoSuchVersion", "RequestSizeLimitExceeded"),
    *("UnauthorizedOperation", "UnknownParameter", "UnsupportedProtocol", "UnsupportedRegion"),
)
_WRONG_PARAMETER = (
    *("InvalidParameter", "InvalidParameter.InvalidParameters", "InvalidParameterValue"),
    *("LimitExceeded.PhoneNumberCountLimit", "MissingParameter", "MissingParameter.EmptyPhoneNumberSet"),
    *("InvalidParameterValue.BeginTimeVerifyFail", "InvalidParameterValue.EndTimeVerifyFail"),
    *("InvalidParameterValue.InvalidStartTime", "InvalidParameterValue.LimitVerifyFail"),
    "InvalidParameterValue.OffsetVerifyFail",
)
# Answers to requests about templates and signatures, which we do not make.
_OF_OTHER_REQUESTS = (
    *("FailedOperation.ForbidAddMarketingTemplates", "FailedOperation.MissingSignature"),
    *("FailedOperation.MissingSignatureList", "FailedOperation.MissingSignatureToModify"),
    *("FailedOperation.MissingTemplateList", "FailedOperation.MissingTemplateToModify"),
    *("FailedOperation.NotEnterpriseCertification", "FailedOperation.ProhibitSubAccountUse"),
    *("FailedOperation.QualificationIdNotApproved", "FailedOperation.SignIdNotExist"),
    *("FailedOperation.SignNumberLimit", "FailedOperation.TemplateAlreadyPassedCheck"),
    *("FailedOperation.TemplateNumberLimit", "InvalidParameterValue.ImageInvalid"),
    *("InvalidParameterValue.InvalidDocumentType", "InvalidParameterValue.InvalidInternational"),
    *("InvalidParameterValue.InvalidSignPurpose", "InvalidParameterValue.InvalidSmsType"),
    *("InvalidParameterValue.InvalidTemplateFormat", "InvalidParameterValue.InvalidUsedMethod"),
    *("InvalidParameterValue.MarketingTemplateWithoutUnsubscribe", "InvalidParameterValue.MultiSmsInfoSetEmpty"),
    *("InvalidParameterValue.QualificationIdNotFound", "InvalidParameterValue.SignAlreadyPassedCheck"),
    *("InvalidParameterValue.SignExistAndUnapproved", "InvalidParameterValue.SignNameLengthTooLong"),
)

TABLE = CodeTable(
    {
        **{code: Meaning(Outcome.REFUSED, reason) for code, reason in _REFUSED.items()},
        **{code: Meaning(Outcome.ALARM, reason) for code, reason in _ALARM.items()},
        **{code: Meaning(Outcome.RETRY, reason, after_s) for code, (reason, after_s) in _RETRY.items()},
        **{code: Meaning(Outcome.UNKNOWN, reason) for code, reason in _UNKNOWN.items()},
        **{code: Meaning(Outcome.ALARM, "refused before it was looked at") for code in _REFUSED_AT_THE_GATE},
        **{code: Meaning(Outcome.ALARM, "a parameter is wrong") for code in _WRONG_PARAMETER},
        **{code: Meaning(Outcome.ALARM, "an answer to another request") for code in _OF_OTHER_REQUESTS},
    }
)
