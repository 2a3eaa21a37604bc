"""What Aliyun's codes mean: those in the body of an answer (`isv.…`, `isp.…`) and those of the gateway in front of it.
The call itself is `sender`.

Source: the pages "API错误码" of the product Dysmsapi and "公共错误码" at help.aliyun.com; `SDK.…` are codes of the SDK.
"""

from __future__ import annotations

from sms.code_table import CodeTable, Meaning, Outcome

_REFUSED = {
    "isv.MOBILE_NUMBER_ILLEGAL": "no such number",
    "isv.BLACK_KEY_CONTROL_LIMIT": "the variable holds a word that is not allowed",
    "isv.CUSTOMER_REFUSED": "the owner refuses such messages",
    "isv.PHONENUMBER_BLACKLIST": "the owner refuses such messages",
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": "a foreign text to a mainland number",
}
_ALARM = {
    "isp.RAM_PERMISSION_DENY": "the account may not do this",
    "isv.ACCOUNT_ABNORMAL": "the account is not in order",
    "isv.ACCOUNT_NOT_EXISTS": "no such account",
    "isv.AMOUNT_NOT_ENOUGH": "the balance is used up",
    "isv.DENY_IP_RANGE": "not from addresses of this country",
    "isv.EXTEND_CODE_ERROR": "one extension code for two signatures",
    "isv.INVALID_JSON_PARAM": "a variable is no text",
    "isv.INVALID_PARAMETERS": "a parameter is wrong",
    "isv.MOBILE_COUNT_OVER_LIMIT": "too many numbers",
    "isv.MONTH_LIMIT_CONTROL": "the month's limit of the account",
    "isv.OUT_OF_SERVICE": "suspended, the bill is not paid",
    "isv.PARAM_LENGTH_LIMIT": "a variable is too long",
    "isv.PARAM_NOT_SUPPORT_URL": "link in a variable",
    "isv.PRODUCT_UNSUBSCRIBE": "the account has no text messages",
    "isv.PRODUCT_UN_SUBSCRIPT": "the account has no text messages",
    "isv.SMS_CONTENT_ILLEGAL": "a word is not allowed",
    "isv.SMS_SIGNATURE_ILLEGAL": "signature not approved",
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": "the signature is of another kind than the text",
    "isv.SMS_SIGN_ILLEGAL": "signature not allowed any more",
    "isv.SMS_TEMPLATE_ILLEGAL": "template not approved",
    "isv.TEMPLATE_MISSING_PARAMETERS": "wrong variables",
    "isv.TEMPLATE_PARAMS_ILLEGAL": "wrong variables",
    "isv.UNSUPPORTED_CONTENT": "a sign that no message may hold",
    "Forbidden.RAM": "the account may not do this",
    "IncompleteSignature": "the request is not signed",
    "InvalidAccessKeyId": "no such key",
    "InvalidAccessKeyId.Inactive": "the key is switched off",
    "InvalidAccessKeyId.NotFound": "no such key",
    "InvalidAccessKeySecret": "the signature does not hold",
    "InvalidAction.NotFound": "no such interface",
    "InvalidParameter": "a parameter is wrong",
    "InvalidProtocol.NeedSsl": "only by https",
    "InvalidTimeStamp.Expired": "this machine's clock is wrong",
    "InvalidTimeStamp.Format": "a parameter is wrong",
    "InvalidVersion": "no such version",
    "MissingAccessKeyId": "the request is not signed",
    "MissingAction": "a parameter is missing",
    "MissingParameter": "a parameter is missing",
    "MissingPhoneNumbers": "a parameter is missing",
    "MissingSignName": "a parameter is missing",
    "MissingTemplateCode": "a parameter is missing",
    "NoPermission": "the account may not do this",
    "SignatureDoesNotMatch": "the signature does not hold",
    "SDK.InvalidCredential": "the SDK refused the request",
    "SDK.InvalidParameter": "the SDK refused the request",
    "SDK.InvalidParams": "the SDK refused the request",
    "SDK.InvalidRequest": "the SDK refused the request",
}
_RETRY = {
    "isv.BUSINESS_LIMIT_CONTROL": ("a limit of this phone: a minute, an hour or a day", 60),
    "isv.DAY_LIMIT_CONTROL": ("daily limit of the account", 3600),
    "Throttling": ("too many calls a second", 1),
    "Throttling.Api": ("too many calls a second", 1),
    "Throttling.User": ("too many calls a second", 1),
}
_UNKNOWN = {
    "isp.GATEWAY_ERROR": "the network behind did not answer",
    "isp.SYSTEM_ERROR": "an error inside the carrier",
    "isp.UNKNOWN": "an error inside the carrier",
    "InternalError": "an error inside the carrier",
    "ServiceUnavailable": "the carrier does not work",
    "SignatureNonceUsed": "the request arrived twice: the first one may have been taken",
    "SDK.HttpError": "no answer",
    "SDK.UnknownServerError": "an answer that is none",
}

TABLE = CodeTable(
    {
        **{code: Meaning(Outcome.REFUSED, reason) for code, reason in _REFUSED.items()},
        **{code: Meaning(Outcome.ALARM, reason) for code, reason in _ALARM.items()},
        **{code: Meaning(Outcome.RETRY, reason, after_s) for code, (reason, after_s) in _RETRY.items()},
        **{code: Meaning(Outcome.UNKNOWN, reason) for code, reason in _UNKNOWN.items()},
    }
)
