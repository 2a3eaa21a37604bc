"""The OpenAPI 3.1 description of /api/v1. The views are in `exams` and `completion`; a contract test compares their
routes with it."""

from __future__ import annotations

from typing import Any

from app.dicom.uids import UID_CHARACTERS, UID_PATTERN
from app.security.permissions import Scope
from app.services.exams.input import REPORT_STATUSES, SEXES

_TEXT: dict[str, Any] = {"type": "string"}
_INSTANT: dict[str, Any] = {
    "type": "string",
    "pattern": r"^(19|20)\d\d[-/]\d\d[-/]\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?$",
    "description": "ISO 8601, also with slashes, or as HL7 writes it; without a zone it is China's time",
}

PATIENT: dict[str, Any] = {
    "type": "object",
    "required": ["patient_id", "name", "birth_date", "sex"],
    "additionalProperties": False,
    "properties": {
        "patient_id": {"type": "string", "minLength": 1, "maxLength": 64},
        "name": {"type": "string", "minLength": 1, "maxLength": 64},
        "phone": {
            "type": ["string", "null"],
            "description": "mobile number (E.164 or mainland); empty or absent: none; "
            "another text is left out, with a warning",
        },
        "id_number": {
            "type": ["string", "null"],
            "description": "resident ID with its check digit (GB 11643), or of 15 digits, or another document; "
            "empty or absent: none; another text is left out, with a warning",
        },
        "birth_date": {"type": "string", "format": "date", "description": "not after performed_at"},
        "sex": {"enum": ["M", "F", "O"]},
    },
}
EXAM: dict[str, Any] = {
    "type": "object",
    "required": ["patient", "modality", "performed_at"],
    "additionalProperties": False,
    "properties": {
        "patient": {"$ref": "#/components/schemas/Patient"},
        "modality": {"type": "string", "minLength": 1, "maxLength": 16},
        "body_part": {"type": "string", "maxLength": 64},
        "department": {"type": "string", "maxLength": 64},
        "performed_at": _INSTANT,
    },
}
REPORT: dict[str, Any] = {
    "type": "object",
    "required": ["status", "findings", "impression", "reported_at"],
    "additionalProperties": False,
    "properties": {
        "status": {"enum": ["preliminary", "final", "amended"]},
        "findings": {"type": "string", "maxLength": 20000},
        "impression": {"type": "string", "maxLength": 20000},
        "reporting_doctor": {"type": "string", "maxLength": 64},
        "reviewing_doctor": {"type": "string", "maxLength": 64},
        "reported_at": _INSTANT,
        "critical": {"type": "boolean", "description": "holds a critical value; a rule of the console may hold it"},
    },
}
QUARANTINE: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["received_at", "door", "reason", "sop_instance_uid", "sha256"],
        "additionalProperties": False,
        "properties": {
            "received_at": {"type": "string", "format": "date-time"},
            "door": _TEXT,
            "reason": _TEXT,
            "sop_instance_uid": {"type": ["string", "null"]},
            "sha256": _TEXT,
        },
    },
}
DONE: dict[str, Any] = {
    "type": "object",
    "required": ["created"],
    "additionalProperties": False,
    "properties": {
        "created": {"type": "boolean"},
        "warnings": {"type": "array", "items": _TEXT, "description": "fields that were left out and why; absent: none"},
    },
}
FAULT: dict[str, Any] = {
    "type": "object",
    "required": ["status", "detail"],
    "additionalProperties": False,
    "properties": {"status": {"type": "integer"}, "detail": {"type": ["string", "null"]}},
}
EXAMPLES: dict[str, dict[str, Any]] = {
    "Exam": {
        "patient": {
            "patient_id": "P0001",
            "name": "张三",
            "phone": "13900000000",
            "id_number": None,
            "birth_date": "1960-01-02",
            "sex": SEXES[0],
        },
        "modality": "CT",
        "body_part": "胸部",
        "department": "呼吸科",
        "performed_at": "2026-03-02T08:30:00+08:00",
    },
    "Report": {
        "status": REPORT_STATUSES[1],
        "findings": "双肺纹理清晰。",
        "impression": "胸部CT平扫未见明显异常。",
        "reporting_doctor": "李医生",
        "reviewing_doctor": "王主任",
        "reported_at": "2026-03-02T09:30:00+08:00",
    },
}
_ACCESSION = {
    "name": "accession",
    "in": "path",
    "required": True,
    "example": "CT260302-001",
    "schema": {"type": "string", "pattern": r"^(?! |\.{1,2}$)[A-Za-z0-9 ._+#:=@()&,-]{0,63}[A-Za-z0-9._+#:=@()&,-]$"},
}
_STUDY = {
    "name": "study_uid",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": f"^{UID_PATTERN}$", "maxLength": UID_CHARACTERS},
}


def _json(schema: str, text: str) -> dict[str, Any]:
    schema_of = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    return {"description": text, "content": {"application/json": schema_of}}


def _fault(text: str) -> dict[str, Any]:
    return _json("Fault", text)


def _operation(scope: Scope, summary: str, answers: dict[str, Any], body: str | None = None) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": summary,
        "security": [{"bearer": [scope]}],
        "responses": answers | {"401": _fault("no or wrong token"), "403": _fault("the token lacks the scope")},
    }
    if body is not None:
        schema = {"$ref": f"#/components/schemas/{body}"}
        shown = {"schema": schema, "example": EXAMPLES[body]}
        operation["requestBody"] = {"required": True, "content": {"application/json": shown}}
        operation["responses"] |= {
            "400": _fault("no JSON, faulty fields (all named), or no accession number"),
            "413": _fault("larger than 256 KiB"),
            "415": _fault("another type than application/json"),
        }
    return operation


def _file(scope: Scope, summary: str, kind: str) -> dict[str, Any]:
    answers = {"200": {"description": summary, "content": {kind: {}}}, "404": _fault("no such exam")}
    return {"parameters": [_ACCESSION], "get": _operation(scope, summary, answers)}


def _stamp() -> dict[str, Any]:
    """Stamping the RIS's own PDF."""
    pdf: dict[str, Any] = {"application/pdf": {}}
    answers = {
        "200": {"description": "the same PDF with the QR on it", "content": pdf},
        "400": _fault("no PDF, encrypted, signed or odd, no free place, or a wrong place: the detail says which"),
        "404": _fault("no such exam"),
        "413": _fault("larger than 16 MiB"),
        "415": _fault("another type than application/pdf"),
    }
    operation = _operation(Scope.RIS, "Stamp the QR on the RIS's own report", answers)
    operation["requestBody"] = {"required": True, "content": pdf}
    operation["parameters"] = [
        {"name": name, "in": "query", "required": False, "description": words, "schema": {"type": kind}}
        for name, kind, words in (
            ("page", "integer", "counts from 1, which is the default"),
            ("x_mm", "number", "of the QR with its quiet zone from the left edge; without it, where the page is free"),
            ("y_mm", "number", "from the upper edge; goes with x_mm"),
        )
    ]
    return {"parameters": [_ACCESSION], "post": operation}


DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "CloudFilm RIS API", "version": "1"},
    "servers": [{"url": "/api/v1"}],
    "paths": {
        "/exams/{accession}": {
            "parameters": [_ACCESSION],
            "put": _operation(
                Scope.RIS,
                "Register or correct an exam",
                {"201": _json("Done", "registered"), "200": _json("Done", "known; corrected where it differs")},
                "Exam",
            ),
        },
        "/exams/{accession}/report": {
            "parameters": [_ACCESSION],
            "put": _operation(
                Scope.RIS,
                "Add a report version",
                {
                    "201": _json("Done", "the first version"),
                    "200": _json("Done", "a further version, or the same again"),
                    "404": _fault("no such exam"),
                    "409": _fault("a final report is only changed by an amended one"),
                },
                "Report",
            ),
        },
        "/exams/{accession}/qr.svg": _file(Scope.RIS, "The exam's QR as SVG", "image/svg+xml"),
        "/exams/{accession}/qr.png": _file(Scope.RIS, "The exam's QR as PNG", "image/png"),
        "/exams/{accession}/report-sheet.pdf": _file(Scope.RIS, "Our report sheet with the QR", "application/pdf"),
        "/exams/{accession}/report-sheet": _stamp(),
        "/studies/{study_uid}/complete": {
            "parameters": [_STUDY],
            "post": _operation(
                Scope.UPLOAD,
                "All of the study is there: prepare it at once",
                {"204": {"description": "done"}, "400": _fault("no UID"), "404": _fault("no such study")},
            ),
        },
        "/quarantine": {
            "get": _operation(
                Scope.READ,
                "Objects that were not taken, newest first",
                {"200": _json("Quarantine", "items")},
            ),
        },
        "/openapi.json": {
            "get": {
                "summary": "This document",
                "security": [],
                "responses": {"200": {"description": "OpenAPI 3.1", "content": {"application/json": {}}}},
            }
        },
    },
    "components": {
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        "schemas": {
            "Patient": PATIENT,
            "Exam": EXAM,
            "Report": REPORT,
            "Done": DONE,
            "Quarantine": QUARANTINE,
            "Fault": FAULT,
        },
    },
}
