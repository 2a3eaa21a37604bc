"""The viewer's page names every module of the viewer, and no module imports what is not there."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2

from app.web.patient.reading_choice import Reading
from tests.places import ROOT

FOLDER = ROOT / "viewer_static"
MODULES = {path.relative_to(FOLDER).as_posix(): path for path in (FOLDER / "viewer").rglob("*.js")}
FROM = re.compile(r"""\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]""")  # also a type that a comment imports


def scripts_of_the_page() -> list[tuple[bool, str]]:
    """(whether it is a module, its name), in the page's order."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(ROOT / "templates"), autoescape=True)
    page = environment.get_template("patient/viewer.html").render(static_url=str, reading=Reading)
    return [(bool(kind), name) for kind, name in re.findall(r'<script( type="module")? src="([^"]+)"', page)]


def test_the_page_names_exactly_the_modules_of_the_viewer() -> None:
    """One not named costs a round trip more on a slow line; one named in vain is a 404 in every visit."""
    named = scripts_of_the_page()
    assert sorted(name for is_module, name in named if is_module) == sorted(MODULES)
    assert [name for is_module, name in named if not is_module] == ["pages/reading.js"]


def imports() -> list[tuple[str, Path]]:
    """(the module, the file it imports), relative paths resolved."""
    return [
        (name, (path.parent / one).resolve())
        for name, path in MODULES.items()
        for one in FROM.findall(path.read_text(encoding="utf-8"))
    ]


def test_each_import_of_a_module_points_to_a_module_that_exists() -> None:
    files = {path.resolve() for path in MODULES.values()}
    assert not [(name, str(one)) for name, one in imports() if one not in files]


def test_each_module_but_the_first_is_imported_by_another() -> None:
    imported = {one for _, one in imports()}
    assert [name for name, path in MODULES.items() if path.resolve() not in imported] == ["viewer/viewer.js"]


def test_no_script_leads_to_another_page_without_loading_it() -> None:
    """WeChat signs the address of a page that was loaded, and on iOS that of the first one only."""
    scripts = {path.relative_to(FOLDER).as_posix(): path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.js")}
    assert [name for name, text in scripts.items() if "pushState" in text] == []
    replacing = {"pages/wechat_address.js", "viewer/viewer.js"}  # a ticket's address; the fragment of the frame
    assert {name for name, text in scripts.items() if "replaceState" in text} == replacing
