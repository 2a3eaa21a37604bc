"""Modules put together into two files: each runs once, after what it imports; what does not fit is refused."""

from __future__ import annotations

import pytest

from app.web.viewer_bundles import FIRST, FIRST_ENTRY, TOOLS, TOOLS_ENTRY, bundles, needed

MODULES = {
    FIRST_ENTRY: (
        "import { a } from './parts/a.js';\nimport { b as c } from './parts/b.js';\nexport const viewer = a + c;\n"
    ),
    "viewer/parts/a.js": "import { b } from './b.js';\nconst own = 1;\nexport const a = b + own;\n",
    "viewer/parts/b.js": "const own = 2;\nexport function twice() { return own; }\nexport const b = 2;\n",
    TOOLS_ENTRY: "import { viewer } from '../viewer.js';\nimport { Late } from './late.js';\nnew Late(viewer);\n",
    "viewer/tools/late.js": "import { twice } from '../parts/b.js';\nexport class Late {}\n",
}


def test_each_module_stands_after_those_that_it_imports_and_in_one_file_only() -> None:
    assert needed(MODULES, FIRST_ENTRY) == ["viewer/parts/b.js", "viewer/parts/a.js", FIRST_ENTRY]
    made = bundles(MODULES)
    assert made[FIRST] == (
        "const of_parts_b = (() => {\nconst own = 2;\nfunction twice() { return own; }\nconst b = 2;\n\n"
        "return { twice, b };\n})();\n"
        "const of_parts_a = (() => {\nconst { b } = of_parts_b;\nconst own = 1;\nconst a = b + own;\n\n"
        "return { a };\n})();\n"
        "const of_viewer = (() => {\nconst { a } = of_parts_a;\nconst { b: c } = of_parts_b;\nconst viewer = a + c;\n\n"
        "return { viewer };\n})();\n"
        "export { of_parts_b, of_parts_a, of_viewer };\n"
    )
    assert made[TOOLS].startswith("import { of_parts_b, of_parts_a, of_viewer } from './viewer.first.js';\n")
    assert made[TOOLS].count("= (() => {") == 2
    assert made[TOOLS].index("of_tools_late =") < made[TOOLS].index("of_tools_tools =")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("viewer/parts/b.js", "export default 1;\n", "cannot be put together"),
        ("viewer/parts/b.js", "export let b = 1;\n", "cannot be put together"),
        ("viewer/parts/b.js", "import * as all from './a.js';\n", "cannot be put together"),
        ("viewer/parts/b.js", "import './a.js';\n", "cannot be put together"),
        ("viewer/parts/b.js", "import { a } from './a.js';\nexport const b = a;\n", "in a circle"),
        ("viewer/parts/b.js", "import { c } from './c.js';\nexport const b = c;\n", "is missing"),
    ],
)
def test_what_cannot_be_put_together_is_refused(name: str, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        bundles(MODULES | {name: text})
