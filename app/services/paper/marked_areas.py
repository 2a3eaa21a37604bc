"""Where a page of a PDF bears something (ISO 32000-1 8.2, 8.5, 9.4): the boxes of its text, lines, fills and pictures.

It need not be exact, but it must not miss anything: texts are taken wider than they are. Pure; it runs in the child of
`stamping`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Matrix = tuple[float, float, float, float, float, float]
UNIT: Matrix = (1, 0, 0, 1, 0, 0)
MOST_OPERATORS, DEEPEST = 200_000, 8
WIDEST_LETTER = 0.6
"""Of the font size, for each byte of a text: a Chinese letter has two bytes and is as wide as the size."""
BACKGROUND = 0.9
"""A fill of so much of the page is its ground."""
LINE = 1.0


class OddPage(ValueError):
    """The text says what is odd, and quotes nothing of the file."""


@dataclass(frozen=True)
class Box:
    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.bottom < other.top and other.bottom < self.top
        )

    @property
    def area(self) -> float:
        return max(0.0, self.right - self.left) * max(0.0, self.top - self.bottom)


def times(one: Matrix, other: Matrix) -> Matrix:
    """First `one`, then `other`."""
    a, b, c, d, e, f = one
    p, q, r, s, t, u = other
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)


def box_of(matrix: Matrix, left: float, bottom: float, right: float, top: float) -> Box:
    """The upright box around a rectangle after a transformation."""
    a, b, c, d, e, f = matrix
    corners = [(a * x + c * y + e, b * x + d * y + f) for x in (left, right) for y in (bottom, top)]
    return Box(
        min(x for x, _ in corners), min(y for _, y in corners), max(x for x, _ in corners), max(y for _, y in corners)
    )


@dataclass
class Areas:
    """Follows the operators of a page. `boxes`: what it marks; `open_states`: `q` without `Q` at its end."""

    page_area: float
    boxes: list[Box] = field(default_factory=list)
    open_states: int = 0
    _left: int = MOST_OPERATORS
    _path: list[Box] = field(default_factory=list)
    _at: tuple[float, float] = (0.0, 0.0)

    def follow(self, operations: list[tuple[Any, Any]], resources: Any, base: Matrix = UNIT, deep: int = 0) -> None:
        """Raises OddPage."""
        kept: list[Matrix] = []
        matrix = base
        text = _Text()
        for operands, operator in operations:
            self._left -= 1
            if self._left < 0:
                raise OddPage("has too many operators")
            name = operator.decode("latin-1") if isinstance(operator, bytes) else str(operator)
            if name == "q":
                kept.append(matrix)
            elif name == "Q":
                if not kept:
                    raise OddPage("restores a graphics state that it never saved")
                matrix = kept.pop()
            elif name == "cm":
                matrix = times(_matrix(operands), matrix)
            elif name == "Do":
                self._drawn(operands[0], resources, matrix, deep)
            elif name in ("BI", "INLINE IMAGE"):
                self.boxes.append(box_of(matrix, 0, 0, 1, 1))
            elif not self._of_path(name, operands, matrix):
                self.boxes += text.follow(name, operands, matrix)
        if not deep:
            self.open_states = len(kept)

    def _of_path(self, name: str, operands: Any, matrix: Matrix) -> bool:
        if name == "re":
            x, y, width, height = (float(each) for each in operands)
            self._path.append(box_of(matrix, x, y, x + width, y + height))
        elif name in ("m", "l", "c", "v", "y"):
            points = [float(each) for each in operands]
            pairs = list(zip(points[::2], points[1::2], strict=True))
            if name != "m":
                xs, ys = [x for x, _ in [self._at, *pairs]], [y for _, y in [self._at, *pairs]]
                self._path.append(box_of(matrix, min(xs), min(ys), max(xs), max(ys)))
            self._at = pairs[-1]
        elif name in ("S", "s"):
            self._paint(_edges)
        elif name in ("f", "F", "f*", "B", "B*", "b", "b*"):
            self._paint(lambda box: [box] if box.area < BACKGROUND * self.page_area else [])
        elif name == "n":
            self._path.clear()
        else:
            return False
        return True

    def _paint(self, marked: Any) -> None:
        self.boxes += [part for box in self._path for part in marked(box)]
        self._path.clear()

    def _drawn(self, name: Any, resources: Any, matrix: Matrix, deep: int) -> None:
        """An external object: a picture fills the unit square, a form has operators of its own."""
        found = _resolved(_resolved(resources).get("/XObject", {})).get(name)
        drawn = _resolved(found)
        if drawn is None:
            return
        if drawn.get("/Subtype") != "/Form":
            self.boxes.append(box_of(matrix, 0, 0, 1, 1))
            return
        if deep >= DEEPEST:
            raise OddPage("has forms in forms without end")
        from pypdf.generic import ContentStream

        inner = times(_matrix(drawn.get("/Matrix", UNIT)), matrix)
        operations = ContentStream(drawn, None).operations
        self.follow(operations, drawn.get("/Resources", resources), inner, deep + 1)


@dataclass
class _Text:
    """The text state (ISO 32000-1 9.3, 9.4), as far as the place of a text hangs on it."""

    matrix: Matrix = UNIT
    line: Matrix = UNIT
    size: float = 0.0
    leading: float = 0.0

    def follow(self, name: str, operands: Any, matrix: Matrix) -> Iterator[Box]:
        if name == "BT":
            self.matrix = self.line = UNIT
        elif name == "Tf":
            self.size = abs(float(operands[1]))
        elif name == "TL":
            self.leading = float(operands[0])
        elif name == "Tm":
            self.matrix = self.line = _matrix(operands)
        elif name in ("Td", "TD"):
            if name == "TD":
                self.leading = -float(operands[1])
            self._move(float(operands[0]), float(operands[1]))
        elif name in ("T*", "'", '"'):
            self._move(0, -self.leading)
        if name in ("Tj", "TJ", "'", '"') and operands:
            width = _bytes(operands[-1]) * self.size * WIDEST_LETTER
            yield box_of(times(self.matrix, matrix), 0, -0.3 * self.size, width, self.size)
            self.matrix = times((1, 0, 0, 1, width, 0), self.matrix)

    def _move(self, x: float, y: float) -> None:
        self.matrix = self.line = times((1, 0, 0, 1, x, y), self.line)


def _bytes(shown: Any) -> int:
    """How many bytes a text has, at most; in a list of texts and gaps, of all texts."""
    if isinstance(shown, list):
        return sum(_bytes(each) for each in shown)
    if isinstance(shown, str | bytes):
        return max(len(shown), len(getattr(shown, "original_bytes", b"")))
    return 0


def _edges(box: Box) -> list[Box]:
    """The four lines around a box: what is inside of a frame is free."""
    left, bottom, right, top = box.left, box.bottom, box.right, box.top
    return [
        Box(left - LINE, bottom - LINE, right + LINE, bottom + LINE),
        Box(left - LINE, top - LINE, right + LINE, top + LINE),
        Box(left - LINE, bottom - LINE, left + LINE, top + LINE),
        Box(right - LINE, bottom - LINE, right + LINE, top + LINE),
    ]


def _matrix(operands: Any) -> Matrix:
    a, b, c, d, e, f = (float(each) for each in operands)
    return (a, b, c, d, e, f)


def _resolved(found: Any) -> Any:
    return found.get_object() if hasattr(found, "get_object") else found
