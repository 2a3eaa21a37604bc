"""The viewer's modules as two files: what the first picture needs, and the tools that come after it. `static_files`
serves them; the modules themselves stay plain, and tests and `tsc` read them as they are.

Each module alone costs a request. Browsers have six connections for HTTP/1.1, so fourteen modules cost three round
trips in a row. A module becomes a function that runs once, in the order of its imports, and returns what it exports.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from posixpath import dirname, join, normpath

FIRST, TOOLS = "viewer.first.js", "viewer.tools.js"
"""The names of the two files."""
FIRST_ENTRY, TOOLS_ENTRY = "viewer/viewer.js", "viewer/tools/tools.js"
_IMPORT = re.compile(r"^import \{([^}]*)\} from '(\.[^']+)';$", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:class|const|function|async function) (\w+))", re.MULTILINE)
_LEFT = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def bundles(modules: Mapping[str, str]) -> dict[str, str]:
    """The text of FIRST and of TOOLS, by name. `modules`: text by name, of `viewer/viewer.js` and all others.

    Raises ValueError when a module imports or exports in another way than `import { a } from './b.js';` and
    `export class|const|function`, when modules import each other in a circle, or when one is missing.
    """
    first = needed(modules, FIRST_ENTRY)
    late = [name for name in needed(modules, TOOLS_ENTRY) if name not in first]
    shared = f"import {{ {', '.join(_variable(name) for name in first)} }} from './{FIRST}';\n"
    exported = f"export {{ {', '.join(_variable(name) for name in first)} }};\n"
    return {
        FIRST: "".join(_as_function(name, modules[name]) for name in first) + exported,
        TOOLS: shared + "".join(_as_function(name, modules[name]) for name in late),
    }


def needed(modules: Mapping[str, str], entry: str) -> list[str]:
    """The modules that `entry` needs, each after those that it imports; `entry` is the last."""
    order: list[str] = []
    _visit(modules, entry, order, ())
    return order


def _visit(modules: Mapping[str, str], name: str, order: list[str], importers: tuple[str, ...]) -> None:
    if name in importers:
        raise ValueError(f"modules import each other in a circle: {' '.join((*importers, name))}")
    if name not in modules:
        raise ValueError(f"{importers[-1:]} imports {name}, which is missing")
    for _, address in _IMPORT.findall(modules[name]):
        other = _resolved(name, address)
        if other not in order:
            _visit(modules, other, order, (*importers, name))
    order.append(name)


def _as_function(name: str, text: str) -> str:
    def taken(found: re.Match[str]) -> str:
        return f"const {{{found[1].replace(' as ', ': ')}}} = {_variable(_resolved(name, found[2]))};"

    exports = _EXPORT.findall(text)
    inside = _EXPORT.sub("", _IMPORT.sub(taken, text))
    if left := _LEFT.search(inside):
        raise ValueError(f"{name}: cannot be put together with others: {left[0]}")
    return f"const {_variable(name)} = (() => {{\n{inside}\nreturn {{ {', '.join(exports)} }};\n}})();\n"


def _resolved(importer: str, address: str) -> str:
    return normpath(join(dirname(importer), address))


def _variable(name: str) -> str:
    return "of_" + re.sub(r"\W", "_", name.removeprefix("viewer/").removesuffix(".js"))
