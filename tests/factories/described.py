"""Holds an answer of /api/v1 against the OpenAPI document: status, type and body."""

from __future__ import annotations

import re
from typing import Any

from werkzeug.test import TestResponse

from app.web.machine.ris.openapi import DOCUMENT

TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
    "null": type(None),
}


def faults(schema: dict[str, Any], value: Any, place: str = "body") -> list[str]:
    """What of a JSON value breaks a schema; the words of JSON Schema that our document uses, and no others."""
    known = {
        "$ref",
        "type",
        "enum",
        "required",
        "properties",
        "additionalProperties",
        "items",
        "pattern",
        "minLength",
        "maxLength",
        "format",
        "description",
    }
    assert set(schema) <= known, f"this check does not know {set(schema) - known}"
    if "$ref" in schema:
        return faults(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]], value, place)
    kinds = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", list(TYPES))
    if not any(type(value) is TYPES[kind] for kind in kinds):
        return [f"{place} is no {kinds}"]
    found = [f"{place} is none of the allowed"] if "enum" in schema and value not in schema["enum"] else []
    if isinstance(value, str):
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            found.append(f"{place} has {len(value)} characters")
        if "pattern" in schema and not re.search(schema["pattern"], value):
            found.append(f"{place} does not match")
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        found += [f"{place}.{name} is missing" for name in schema.get("required", []) if name not in value]
        for name, item in value.items():
            if name in properties:
                found += faults(properties[name], item, f"{place}.{name}")
            elif schema.get("additionalProperties") is False:
                found.append(f"{place}.{name} is not described")
    if isinstance(value, list):
        for item in value:
            found += faults(schema.get("items", {}), item, f"{place}[]")
    return found


def check(method: str, path: str, answer: TestResponse) -> None:
    """Raises AssertionError unless the document says that `method` on `path` may answer this."""
    responses = DOCUMENT["paths"][path][method.lower()]["responses"]
    described = responses.get(str(answer.status_code))
    assert described is not None, f"{method} {path} answered {answer.status_code}, which is not described"
    content = described.get("content", {})
    if answer.status_code == 204:
        assert not content
        assert not answer.data
        return
    assert answer.mimetype in content, f"{method} {path} answered {answer.mimetype}"
    schema = content[answer.mimetype].get("schema")
    if schema is not None:
        assert faults(schema, answer.get_json()) == []
