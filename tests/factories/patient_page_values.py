"""The invented patient of the pages that `patient_pages` serves, as the templates get her."""

from __future__ import annotations

from typing import Any

EXAM_ID = "0b9f6a52-7c1e-4f0e-9d3a-5e1f0a2b3c4d"
EXAM = {
    "id": EXAM_ID,
    "patient_name_masked": "王*芳",
    "modality_name": "CT",
    "body_part": "胸部",
    "performed_on": "2026年11月20日",
    "department": "呼吸内科",
}
REPORT = {
    "status": "final",
    "findings": "胸廓对称，气管居中。\n右肺上叶见一实性结节，大小约 17×16 mm，边缘可见分叶。\n双侧胸腔未见积液。",
    "impression": "1. 右肺上叶结节，建议 3 个月后复查。\n2. 冠状动脉钙化。",
    "reporting_doctor": "李建国",
    "reviewing_doctor": "陈志远",
    "reported_at": "2026年11月20日 15:32",
    "version": 1,
    "former": [],
}
AMENDED = REPORT | {
    "status": "amended",
    "version": 2,
    "former": [{"version": 1, "reported_at": "2026-11-20 15:32"}],
}
GUEST: dict[str, Any] = {"by_share": True, "priors": []}
"""Who looks at what somebody shared."""
OBJECTS = [
    {"kind": "document", "description": "结构化报告 · AI 肺结节", "href": "#", "reason": None},
    {"kind": "text", "description": "辐射剂量：剂量长度乘积总和（DLP） 512.8 mGy.cm", "href": None, "reason": None},
    {"kind": "other", "description": "放疗计划", "href": None, "reason": "本页不能显示这类资料"},
]
CARRIED = {"phone": "13900000000", "pickup_code": "7K3M9P"}
NOT_SENT: dict[str, Any] = {
    "code_sent": False,
    "is_asked": False,
    "missing": [],
    "carried": CARRIED,
}
STEP_UPS = {
    "asked": NOT_SENT | {"is_asked": True, "carried": None},
    "sent": NOT_SENT | {"code_sent": True},
    "have-code": NOT_SENT,
    "missing": NOT_SENT | {"missing": ["phone"], "carried": {"phone": "1390", "pickup_code": "7K3M9P"}},
}
TYPED = {"phone": "13900000001", "one_time_code": "123456", "factor": "123X"}
AT_PHONE_DOOR: dict[str, Any] = {
    "typed": {},
    "asks_for": "code",
    "phone_is_wrong": False,
    "code_sent": False,
    "retry_minutes": 0,
    "refused": False,
}
PHONE_DOOR = {
    "first": AT_PHONE_DOOR | {"asks_for": "phone"},
    "wrong-phone": AT_PHONE_DOOR | {"asks_for": "phone", "phone_is_wrong": True, "typed": {"phone": "1390"}},
    "sent": AT_PHONE_DOOR | {"code_sent": True, "typed": {"phone": "13900000001"}},
    "have-code": AT_PHONE_DOOR | {"typed": {"phone": "13900000001"}},
    "wait": AT_PHONE_DOOR | {"retry_minutes": 1, "typed": {"phone": "13900000001"}},
    "refused": AT_PHONE_DOOR | {"refused": True, "typed": TYPED},
}

CLAIM = {"name": "王小芳", "id_number": "12010119600102002X", "one_time_code": "123456"}
AT_BIND: dict[str, Any] = {
    "typed": CLAIM,
    "asks_for": "code",
    "is_bound": False,
    "code_sent": False,
    "retry_minutes": 0,
    "refused": False,
}
BIND = {
    "first": AT_BIND | {"asks_for": "person", "typed": {}},
    "known": AT_BIND | {"asks_for": "person", "typed": {}, "is_bound": True},
    "sent": AT_BIND | {"code_sent": True},
    "wait": AT_BIND | {"retry_minutes": 1},
    "refused": AT_BIND | {"refused": True},
}
TICKETS = {
    "ticket": {"is_over": False, "is_guest": False},
    "ticket-over": {"is_over": True, "is_guest": False},
    "ticket-over-guest": {"is_over": True, "is_guest": True},
}
WECHAT = ("snapshot", "refused", "unavailable", "help")


def demo_phone() -> dict[str, Any]:
    return {
        "people": [
            {"name": "王小芳", "phone": "13900000001", "url": "?phone=1", "selected": True, "messages": 2},
            {"name": "李明", "phone": "13900000002", "url": "?phone=2", "selected": False, "messages": 0},
        ],
        "phone": {
            "owner_name": "王小芳",
            "number": "13900000001",
            "factor": "123X",
            "messages": [
                {
                    "channel": "sms",
                    "sender": "1069 0000",
                    "at": "今天 10:21",
                    "code": "482913",
                    "text": "【云影像医院】您的验证码是482913，用于查看检查影像和报告。",
                },
                {
                    "channel": "wechat",
                    "title": "检查结果通知",
                    "at": "今天 10:21",
                    "link": "/q/abc",
                    "fields": [("检查项目", "胸部 CT"), ("检查时间", "2026-11-20 10:02")],
                },
            ],
        },
        "sheets": [
            {
                "accession_number": "DEMO0001",
                "exam_name": "胸部 CT",
                "performed_on": "2026-11-20",
                "qr_url": "/q/abc",
                "qr_src": "/static/1/icon.svg",
                "pdf_url": "/left",
            },
        ],
        "phone_door_url": "/p",
        "pickup_url": "/s",
        "desk": {"username": "desk", "password": "Film-0000-0000-0000", "code": "123456"},
    }
