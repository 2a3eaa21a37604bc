"""The viewer's files: read at start, served from memory; a symbolic link in the folder opens nothing."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.errors import NotFound
from app.web import static_files
from app.web.static_files import StaticFiles

SECRET = b"the master keys"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    (folder / "viewer").mkdir(parents=True)
    (folder / "app.css").write_text("body {}")
    (folder / "viewer" / "viewer.js").write_text("/** Why. */\nexport {}; // and so on\n")
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "keys.json").write_bytes(SECRET)
    return folder


def started(folder: Path) -> tuple[FlaskClient, StaticFiles]:
    app = Flask("test", static_folder=None)
    app.register_error_handler(NotFound, lambda _: ("", 404))
    static_files.install(app, folder)
    return app.test_client(), app.extensions["cloudfilm.static-files"]


def test_a_file_comes_with_its_type_and_may_be_kept_for_ever(folder: Path) -> None:
    client, files = started(folder)
    answer = client.get(files.url("viewer/viewer.js"))
    assert (answer.status_code, answer.data, answer.mimetype) == (200, b"export{};", "text/javascript")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    again = client.get(files.url("viewer/viewer.js"), headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    part = client.get(files.url("app.css"), headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.data) == (206, b"body")


def test_a_script_is_sent_in_gzip_to_who_takes_it_and_as_it_is_to_others(folder: Path) -> None:
    script = "".join(f"export const word_{number} = 'word';\n" for number in range(200))
    (folder / "viewer" / "viewer.js").write_text(script)
    client, files = started(folder)
    small = client.get(files.url("viewer/viewer.js"), headers={"Accept-Encoding": "gzip, br"})
    plain = client.get(files.url("viewer/viewer.js"), headers={"Accept-Encoding": "gzip;q=0, br"})
    assert (small.headers["Content-Encoding"], plain.headers.get("Content-Encoding")) == ("gzip", None)
    assert gzip.decompress(small.data) == plain.data == files.by_name["viewer/viewer.js"].content
    assert len(small.data) < len(plain.data) / 2
    assert (small.headers["Vary"], plain.headers["Vary"]) == ("Accept-Encoding", "Accept-Encoding")
    assert small.headers["ETag"] != plain.headers["ETag"]  # other bytes, so that none completes the other's part


@pytest.mark.parametrize(
    "name", ["absent.js", "viewer", "viewer/", "../keys/keys.json", "viewer/%2e%2e/app.css", "%00"]
)
def test_nothing_else_has_an_address(folder: Path, name: str) -> None:
    client, files = started(folder)
    assert client.get(files.url(name)).status_code == 404
    assert client.get(f"/static/{'0' * 12}/app.css").status_code == 404


@pytest.mark.parametrize("is_started_before", [True, False])
def test_a_symbolic_link_serves_no_key(folder: Path, is_started_before: bool) -> None:
    before = started(folder) if is_started_before else None
    keys = folder.parent / "keys"
    (folder / "link.js").symlink_to(keys / "keys.json")
    (folder / "linked").symlink_to(keys)
    client, files = before or started(folder)
    for name in ("link.js", "linked/keys.json", "linked"):
        answer = client.get(files.url(name))
        assert (answer.status_code, SECRET in answer.data) == (404, False)
    assert client.get(files.url("app.css")).status_code == 200


def test_a_file_that_is_replaced_by_a_link_after_start_stays_what_it_was(folder: Path) -> None:
    client, files = started(folder)
    (folder / "app.css").unlink()
    (folder / "app.css").symlink_to(folder.parent / "keys" / "keys.json")
    assert client.get(files.url("app.css")).data == b"body{}"


def test_all_addresses_change_when_one_file_does(folder: Path) -> None:
    first = static_files.read(folder).tree_hash
    (folder / "app.css").write_text("body { margin: 0 }")
    assert static_files.read(folder).tree_hash != first


def test_what_looks_like_a_comment_in_a_script_or_style_sheet_stays(folder: Path) -> None:
    (folder / "a.js").write_text("const a = `// ${b + 1} /* kept */`; // gone\nconst c = /[/*]x/.test(d) /* gone */;\n")
    (folder / "a.css").write_text('.a::before { content: "/* kept */"; width: calc(100% - 16px); } /* gone */')
    found = static_files.read(folder).by_name
    assert found["a.js"].content == b"const a=`// ${b + 1} /* kept */`;const c=/[/*]x/.test(d);"
    assert found["a.css"].content == b'.a::before{content:"/* kept */";width:calc(100% - 16px)}'
