"""The viewer's page names all of the viewer, early or late, and no module imports what is not there."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2

from app.web import static_files, viewer_bundles
from app.web.patient.reading_choice import Reading
from tests.places import ROOT

FOLDER = ROOT / "viewer_static"
MODULES = {path.relative_to(FOLDER).as_posix(): path for path in (FOLDER / "viewer").rglob("*.js")}
FROM = re.compile(r"""\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]""")  # also a type that a comment imports
MOST_SCRIPT_BYTES = 40 * 1024


def page() -> str:
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(ROOT / "templates"), autoescape=True)
    return environment.get_template("patient/viewer.html").render(static_url=str, viewer_style=str, reading=Reading)


def scripts_of_the_page() -> list[tuple[bool, str]]:
    """(whether it is a module, its name), in the page's order."""
    return [(bool(kind), name) for kind, name in re.findall(r'<script( type="module")? src="([^"]+)"', page())]


def late() -> list[str]:
    """What the page names for the time after the first picture."""
    [found] = re.findall(r'data-late="([^"]+)"', page())
    return found.split()


def test_the_page_names_the_two_bundles_and_they_hold_every_module_once() -> None:
    """A module in none of them is dead; one that is in both runs twice."""
    named = scripts_of_the_page()
    assert [name for is_module, name in named if is_module] == [viewer_bundles.FIRST]
    assert [name for is_module, name in named if not is_module] == ["pages/reading.js"]
    assert late() == ["viewer_tools.css", viewer_bundles.TOOLS]
    assert (FOLDER / "viewer_tools.css").is_file()
    texts = {name: path.read_text(encoding="utf-8") for name, path in MODULES.items()}
    bundled = "".join(viewer_bundles.bundles(texts).values())
    assert sorted(re.findall(r"^const (of_\w+) = \(\(\) => \{$", bundled, re.MULTILINE)) == sorted(
        "of_" + re.sub(r"\W", "_", name[len("viewer/") : -len(".js")]) for name in MODULES
    )


def test_all_script_of_the_viewer_is_small_on_the_line() -> None:
    served = static_files.read(FOLDER).by_name
    sizes = [len(served[name].in_gzip or b"") for name in (viewer_bundles.FIRST, viewer_bundles.TOOLS)]
    assert 10_000 < sum(sizes) < MOST_SCRIPT_BYTES


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


def test_no_module_uses_syntax_that_old_engines_lack() -> None:
    """Beyond ES2017 a whole module fails to parse: no optional chaining, no object spread, no `import()`."""
    newer = re.compile(r"\?\.[a-zA-Z\[(]|\?\?|\{\s*\.\.\.|,\s*\.\.\.\w+\s*\}|\bimport\(['\"`]|catch\s*\{")
    comment = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
    found = {name: newer.findall(comment.sub("", path.read_text(encoding="utf-8"))) for name, path in MODULES.items()}
    assert {name: some for name, some in found.items() if some} == {}


def test_no_template_literal_stands_inside_another() -> None:
    """What takes the comments away when the application starts would take blanks of the inner one as well."""
    nested = re.compile(r"`[^`$]*(?:\$\{[^`}]*\}[^`$]*)*\$\{[^`}]*`")
    assert [name for name, path in MODULES.items() if nested.search(path.read_text(encoding="utf-8"))] == []


def test_no_script_leads_to_another_page_without_loading_it() -> None:
    """WeChat signs the address of a page that was loaded, and on iOS that of the first one only."""
    scripts = {path.relative_to(FOLDER).as_posix(): path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.js")}
    assert [name for name, text in scripts.items() if "pushState" in text] == []
    replacing = {"pages/wechat_address.js", "viewer/viewer.js"}  # a ticket's address; the fragment of the frame
    assert {name for name, text in scripts.items() if "replaceState" in text} == replacing
