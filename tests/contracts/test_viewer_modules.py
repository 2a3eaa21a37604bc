"""The viewer's page names every module of the viewer, early or late, and no module imports what is not there."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import jinja2

from app.web import static_files
from app.web.patient.reading_choice import Reading
from tests.places import ROOT

FOLDER = ROOT / "viewer_static"
MODULES = {path.relative_to(FOLDER).as_posix(): path for path in (FOLDER / "viewer").rglob("*.js")}
FROM = re.compile(r"""\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]""")  # also a type that a comment imports
RUN = re.compile(r"""^import [^'"]*['"]([^'"]+)['"]""", re.MULTILINE)
FIRST, TOOLS = "viewer/viewer.js", "viewer/tools/tools.js"
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


def needed_by(name: str) -> set[str]:
    """The module and all that it runs, which a type in a comment does not."""
    found, new = {name}, [name]
    while new:
        path = MODULES[new.pop()]
        for one in RUN.findall(path.read_text(encoding="utf-8")):
            other = (path.parent / one).resolve().relative_to(FOLDER).as_posix()
            if other not in found:
                found.add(other)
                new.append(other)
    return found


def test_the_page_names_exactly_the_modules_of_the_viewer() -> None:
    """One not named costs a round trip more on a slow line; one named in vain is a 404 in every visit."""
    named = scripts_of_the_page()
    early = [name for is_module, name in named if is_module]
    assert sorted(early) == sorted(needed_by(FIRST))
    style, *tools = late()
    assert (FOLDER / style).is_file()
    assert sorted(tools) == sorted(set(MODULES) - set(early))
    assert needed_by(TOOLS) - set(early) == set(tools)
    assert [name for is_module, name in named if not is_module] == ["pages/reading.js"]


def test_all_script_of_the_viewer_is_small_on_the_line() -> None:
    served = static_files.read(FOLDER).by_name
    assert sum(len(gzip.compress(served[name].content, 6)) for name in MODULES) < MOST_SCRIPT_BYTES


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
