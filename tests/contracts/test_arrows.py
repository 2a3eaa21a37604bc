"""The arrows between rooms: who may import whom. The picture is in docs/design.md, section 4."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.places import ROOT

# room -> rooms it may import; a room may always import itself. `app.errors` and `app.clock` are open to all of app/.
ALLOWED: dict[str, set[str]] = {
    "wsgi": {"app"},
    "app": {"app.bootstrap", "app.cli", "app.logs", "app.web", "app.config"},
    "app.bootstrap": {
        *("app.config", "app.database", "app.services", "app.archive", "app.dicom", "app.imaging", "app.models"),
        *(
            "app.security",
            "app.jobs",
            "app.services.channels",
            "app.services.wechat",
            "sms",
            "sms.tencent",
            "sms.aliyun",
            "sms.gateway",
            "wechat",
        ),
    },
    "app.demo": {
        *("app", "app.bootstrap", "app.config", "app.database", "app.services", "app.repos", "app.models", "app.jobs"),
        "app.services.wechat",
        *(
            "app.archive",
            "app.cli",
            "app.dicom",
            "app.dimse",
            "app.identity",
            "app.logs",
            "app.security",
            "app.web",
            "sms",
            "wechat",
        ),
    },
    "app.cli": {"app.bootstrap", "app.config", "app.services", "app.dicom", "app.jobs", "app.dimse", "app.security"},
    "app.web": {
        *("app.services", "app.dicom", "app.identity", "app.config", "app.security", "app.bootstrap", "app.logs"),
        *("app.web.hooks", "app.services.wechat"),
    },
    "app.web.hooks": {
        *("app.web", "app.services", "app.services.channels", "app.services.wechat", "wechat"),
        *("sms", "sms.tencent", "sms.aliyun", "sms.gateway"),
    },
    "app.jobs": {"app.services", "app.services.wechat", "app.config", "app.database"},
    "app.dimse": {"app.services", "app.dicom", "app.config", "app.security"},
    "app.services": {
        *("app.repos", "app.archive", "app.dicom", "app.identity", "app.imaging", "app.security", "app.models"),
        *("app.caches", "app.database", "app.services.channels", "app.services.wechat", "sms.phone"),
    },
    "app.services.wechat": {
        *("app.services", "app.repos", "app.identity", "app.security", "app.models", "app.database"),
        "wechat",
    },
    "app.services.channels": {
        "app.services",
        "app.services.wechat",
        "app.repos",
        "app.security",
        "app.models",
        "sms",
        "sms.phone",
        "wechat",
    },
    "app.repos": {"app.models"},
    "app.models": set(),
    "app.archive": {"app.security"},
    "app.identity": {"app.dicom", "app.security"},
    "app.imaging": {"app.caches", "app.dicom"},
    "app.dicom": set(),
    "app.security": set(),
    "app.caches": set(),
    "app.database": set(),
    "app.config": {"app.security"},
    "app.logs": set(),
    "app.errors": set(),
    "app.clock": set(),
    "sms": {"sms.phone", "sms.tencent", "sms.aliyun", "sms.gateway"},
    "sms.phone": {"sms"},
    "sms.tencent": {"sms", "sms.phone"},
    "sms.aliyun": {"sms", "sms.phone"},
    "sms.gateway": {"sms", "sms.phone"},
    "wechat": set(),
}
# A vendor (`sms.tencent`) is named where it is chosen and where it calls us; carriers stand behind services/channels.
OPEN_TO_APP = {"app.errors", "app.clock"}
ONLY_IN = {
    "flask": ("app", "app.cli", "app.logs", "app.web", "app.web.hooks", "app.demo"),
    "sqlalchemy": (
        *("app.database", "app.models", "app.repos", "app.services", "app.services.channels", "app.services.wechat"),
        *("app.demo", "app.bootstrap"),
    ),
    "tencentcloud": ("sms.tencent",),
    "aliyunsdkcore": ("sms.aliyun",),
    "wechatpy": ("wechat",),
    "obstore": ("app.archive", "app.bootstrap"),
    "pynetdicom": ("app.dimse",),
}

# room of services -> rooms of services it may import. All may import `audit`, and what lies at the root of services.
ROOMS: dict[str, set[str]] = {
    "archive": set(),
    "audit": set(),
    "queue": set(),
    "machines": set(),
    "consent": set(),
    "data_requests": set(),
    "patient_access": set(),
    "phone_door": {"patient_access"},
    "operations": {"archive"},
    "backup": {"archive"},
    "ingest": {"archive"},
    "dicomweb": {"archive"},
    "volumes": {"archive"},
    "pictures": {"archive", "queue", "volumes"},
    "wechat": {"patient_access"},
    "binding": {"patient_access", "phone_door", "wechat"},
    "family": {"patient_access", "phone_door"},
    "channels": {"patient_access", "wechat"},
    "notifications": {"channels", "patient_access", "queue"},
    "release": {"channels", "notifications", "patient_access", "queue"},
    "exams": {"release", "channels", "notifications", "patient_access", "queue"},
    "paper": {"exams", "patient_access"},
    "sharing": {"paper", "patient_access"},
    "staff": set(),
    "desk": {"binding", "channels", "exams", "notifications", "patient_access", "release"},
}
OPEN_TO_ROOMS = {"audit", "paging", "session_times"}


def sources() -> Iterator[Path]:
    yield ROOT / "wsgi.py"
    for top in ("app", "wechat", "sms"):
        yield from sorted((ROOT / top).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """The longest room a module belongs to."""
    name = module
    while name:
        if name in ALLOWED and (name != "app" or module == "app"):
            return name
        name = name.rpartition(".")[0]
    raise AssertionError(f"{module} is in no room of the design")


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Every module imported, those inside `if TYPE_CHECKING` too: an arrow for types is an arrow."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                candidate = f"{node.module}.{alias.name}"
                is_module = (ROOT / candidate.replace(".", "/")).with_suffix(".py").exists() or (
                    ROOT / candidate.replace(".", "/")
                ).is_dir()
                yield (candidate if is_module else node.module), node.lineno


@pytest.mark.parametrize("path", list(sources()), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_room_may(path: Path) -> None:
    room = room_of(module_name(path))
    for imported, line in imports(path):
        top = imported.split(".")[0]
        if top in ("app", "sms", "wechat"):
            target = room_of(imported)
            allowed = target == room or target in ALLOWED[room] or (room.startswith("app") and target in OPEN_TO_APP)
            assert allowed, f"{path.relative_to(ROOT)}:{line}: {room} must not import {imported}"
        if top in ONLY_IN:
            assert room in ONLY_IN[top], f"{path.relative_to(ROOT)}:{line}: {top} is not for {room}"


def room_of_services(module: str) -> str:
    """`notifications` of app.services.notifications.receipts."""
    return module.split(".")[2]


def test_a_room_of_services_imports_only_rooms_that_its_line_names() -> None:
    for path in sorted((ROOT / "app" / "services").rglob("*.py")):
        here = path.relative_to(ROOT / "app" / "services").parts
        if len(here) == 1:  # at the root: nothing of a room
            assert not [name for name, _ in imports(path) if name.startswith("app.services.")], path.name
            continue
        assert here[0] in ROOMS, f"{here[0]} has no line in ROOMS"
        for imported, line in imports(path):
            if imported.startswith("app.services."):
                target = room_of_services(imported)
                allowed = target == here[0] or target in ROOMS[here[0]] | OPEN_TO_ROOMS
                assert allowed, f"{path.relative_to(ROOT)}:{line}: {here[0]} must not import {imported}"


def test_repos_have_no_room_that_services_have_not() -> None:
    rooms = {path.name for path in (ROOT / "app" / "repos").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms <= set(ROOMS), rooms - set(ROOMS)


def test_nobody_imports_the_demo() -> None:
    for path in sources():
        if not module_name(path).startswith("app.demo"):
            assert not [name for name, _ in imports(path) if name.startswith("app.demo")], path.relative_to(ROOT)


def test_services_and_their_builders_name_only_the_session_of_sqlalchemy() -> None:
    for path in [
        *sorted((ROOT / "app" / "services").rglob("*.py")),
        *sorted((ROOT / "app" / "bootstrap").glob("*.py")),
    ]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
                names = {alias.name for alias in node.names}
                assert names <= {"Session", "IntegrityError"}, f"{path.relative_to(ROOT)}:{node.lineno}: {names}"


def test_pages_of_patients_guests_and_staff_never_meet() -> None:
    """What patients and guests have in common lies in app/web/exam, which knows neither."""
    apart = ("patient", "guest", "staff")
    for room in (*apart, "exam"):
        others = tuple(f"app.web.{other}" for other in apart if other != room)
        for path in sorted((ROOT / "app" / "web" / room).rglob("*.py")):
            for imported, line in imports(path):
                assert not imported.startswith(others), f"{path.relative_to(ROOT)}:{line}: {imported}"


def test_tests_and_benchmarks_meet_only_in_the_testbed() -> None:
    free = [ROOT / "tests" / "unit" / "bench", ROOT / "tests" / "soak"]
    closed = {
        "app": ("tests", "bench", "deploy"),
        "sms": ("tests", "bench", "deploy"),
        "wechat": ("tests", "bench", "deploy"),
        "deploy/testbed": ("tests", "bench"),
        "bench": ("tests",),
        "tests": ("bench",),
    }
    for room, others in closed.items():
        for path in sorted((ROOT / room).rglob("*.py")):
            if room == "tests" and any(place in path.parents for place in free):
                continue
            for imported, line in imports(path):
                assert imported.split(".")[0] not in others, (
                    f"{path.relative_to(ROOT)}:{line} must not import {imported}"
                )


def test_only_config_reads_the_environment() -> None:
    for path in sources():
        if module_name(path) == "app.config.settings":
            continue
        text = path.read_text()
        assert "os.environ" not in text, path
        assert "getenv" not in text, path


def test_every_module_opens_by_saying_what_lives_here() -> None:
    for path in sources():
        assert ast.get_docstring(ast.parse(path.read_text())), path.relative_to(ROOT)
