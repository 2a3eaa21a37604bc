"""Transparent pictures that lie over frames: segments and contours, right in space. Which frames have one, too.

No pixels are decoded here: who calls reads those of a segmentation.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from app.imaging.display.aspect import drawn_size
from app.imaging.evidence.colours import Colour
from app.imaging.evidence.contours import Contour, Contours
from app.imaging.evidence.segments import Segments
from app.imaging.geometry.planes import Plane, plane_of, usual_gap
from app.imaging.header.image_header import ImageHeader

Pixels = npt.NDArray[np.uint8]
Values = Callable[[int], npt.NDArray[np.generic] | None]
"""Frame of a segmentation, from 0 -> its stored values (rows, columns); None when it cannot be decoded."""
LONGEST = 1024
"""Of a layer: the frames that are shown at once are no longer (app/services/pictures/preparation)."""
INSIDE, EDGE = 90, 230
"""Opacity, of 255: the picture below stays readable."""
DEFAULT_GAP_MM = 1.0


@dataclass(frozen=True)
class Below:
    """The frame below a layer. `frame` counts from 0."""

    header: ImageHeader
    frame: int
    sop_instance_uid: str

    @property
    def plane(self) -> Plane | None:
        return plane_of(self.header.values(self.frame))

    @property
    def size(self) -> tuple[int, int]:
        """(rows, columns) of the layer."""
        rows, columns = drawn_size(self.header.rows, self.header.columns, self.header.pixel_aspect)
        scale = min(1.0, LONGEST / max(rows, columns))
        return max(1, round(rows * scale)), max(1, round(columns * scale))

    def grid(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """For each row, and each column, of the layer the row, and column, of the frame."""
        rows, columns = self.size
        of_rows = (np.arange(rows) + 0.5) * self.header.rows / rows - 0.5
        return of_rows, (np.arange(columns) + 0.5) * self.header.columns / columns - 0.5


class SegmentLayer:
    """Finds and draws the segments over frames."""

    def __init__(self, segments: Segments, header: ImageHeader) -> None:
        """`header`: of the segmentation's own image."""
        self._segments, self._header = segments, header
        self._planes = [plane_of(header.values(at)) for at in range(len(segments.frames))]
        known = next((plane for plane in self._planes if plane is not None), None)
        self._origins = np.asarray([np.full(3, np.nan) if plane is None else plane.origin for plane in self._planes])
        distances = np.asarray([]) if known is None else known.distance(self._origins)
        self._reach = usual_gap(distances[np.isfinite(distances)], DEFAULT_GAP_MM) / 2

    def frames_over(self, below: Below) -> list[int]:
        """The frames of the segmentation that lie in this frame: for each segment the nearest, within half a gap. Where
        it has no place in space, those that were drawn on this very picture."""
        plane = below.plane
        if plane is None or not _same_space(self._header.frame_of_reference_uid, below) or not len(self._planes):
            return self._drawn_on(below)
        away = np.abs(plane.distance(self._origins))
        near = np.flatnonzero(away <= self._reach + 0.01)
        nearest: dict[int, int] = {}
        for at in near:
            found = self._planes[at]
            number = self._segments.frames[at][0]
            if (
                found is not None
                and plane.is_parallel_to(found)
                and (number not in nearest or away[at] < away[nearest[number]])
            ):
                nearest[number] = int(at)
        return sorted(nearest.values()) or (self._drawn_on(below) if not np.isfinite(away).any() else [])

    def _drawn_on(self, below: Below) -> list[int]:
        if (self._header.rows, self._header.columns) != (below.header.rows, below.header.columns):
            return []
        wanted = (below.sop_instance_uid, below.frame + 1)
        return [at for at, (_, uid, frame) in enumerate(self._segments.frames) if (uid, frame) == wanted]

    def drawn(self, below: Below, values: Values) -> bytes:
        """PNG with transparency; empty when no frame can be decoded. Raises LookupError when no frame lies here."""
        frames = self.frames_over(below)
        if not frames:
            raise LookupError
        canvas, is_empty = _Canvas(below.size), True
        colours = {segment.number: segment.colour for segment in self._segments.segments}
        for at in frames:
            stored = values(at)
            if stored is None:
                continue
            is_empty = False
            seen = self._sampled(stored, at, below)
            number = self._segments.frames[at][0]
            if self._segments.is_label_map:
                for one in np.unique(seen[seen > 0]):
                    canvas.paint(seen == one, colours.get(int(one), (255, 255, 255)))
            else:
                canvas.paint(seen * 2 >= self._segments.full, colours.get(number, (255, 255, 255)))
        return b"" if is_empty else canvas.png()

    def _sampled(self, stored: npt.NDArray[np.generic], at: int, below: Below) -> npt.NDArray[np.float64]:
        """The nearest stored value for each pixel of the layer; 0 outside."""
        rows, columns = below.grid()
        own, plane = self._planes[at], below.plane
        grid_rows, grid_columns = np.meshgrid(rows, columns, indexing="ij")
        if own is not None and plane is not None:
            steps = own.pixels(np.stack([plane.origin, plane.origin + plane.across, plane.origin + plane.down]))
            along = (
                steps[0]
                + grid_columns[..., None] * (steps[1] - steps[0])
                + grid_rows[..., None] * (steps[2] - steps[0])
            )
            grid_columns, grid_rows = along[..., 0], along[..., 1]
        i, j = np.rint(grid_rows).astype(np.int64), np.rint(grid_columns).astype(np.int64)
        inside = (i >= 0) & (j >= 0) & (i < stored.shape[0]) & (j < stored.shape[1])
        found = np.zeros(i.shape)
        found[inside] = stored[i[inside], j[inside]]
        return found


class ContourLayer:
    """Finds and draws contours over frames."""

    def __init__(self, contours: Contours) -> None:
        self._contours = contours
        self._middles = np.asarray([contours.of(one).mean(axis=0) for one in contours.contours])
        self._reaches: dict[tuple[float, ...], float] = {}

    @property
    def nbytes(self) -> int:
        return self._contours.points.nbytes + self._middles.nbytes

    def contours_over(self, below: Below) -> list[Contour]:
        plane = below.plane
        if plane is None:
            return []
        away = plane.distance(self._middles)
        reach = self._reach(plane, away)
        near = (self._contours.contours[at] for at in np.flatnonzero(np.abs(away) <= reach))
        return [one for one in near if self._lies_in(one, plane, reach, below)]

    def _reach(self, plane: Plane, away: npt.NDArray[np.float64]) -> float:
        """Half the usual gap of contours along this direction, mm."""
        direction = tuple(np.round(plane.normal, 3).tolist())
        if direction not in self._reaches:
            self._reaches[direction] = usual_gap(away, DEFAULT_GAP_MM) / 2 + 0.01
        return self._reaches[direction]

    def _lies_in(self, one: Contour, plane: Plane, reach: float, below: Below) -> bool:
        region = self._contours.regions[one.region]
        is_flat = np.abs(plane.distance(self._contours.of(one))).max() <= 2 * reach
        return bool(is_flat) and _same_space(region.frame_of_reference, below)

    def drawn(self, below: Below) -> bytes:
        """PNG with transparency. Raises LookupError when no contour lies here."""
        plane, found = below.plane, self.contours_over(below)
        if plane is None or not found:
            raise LookupError
        canvas = _Canvas(below.size)
        for at, region in enumerate(self._contours.regions):
            own = [one for one in found if one.region == at]
            inside = np.zeros(below.size, dtype=bool)
            for one, corners in zip(own, self._corners(own, plane, below), strict=True):
                if one.is_closed and len(corners) > 2:  # a contour within a contour is a hole (keyhole and XOR alike)
                    inside ^= _filled(corners, below.size)
                else:
                    canvas.line(corners, region.colour)
            canvas.paint(inside, region.colour)
        return canvas.png()

    def _corners(self, own: list[Contour], plane: Plane, below: Below) -> Iterator[list[tuple[float, float]]]:
        rows, columns = below.size
        scale = np.asarray([columns / below.header.columns, rows / below.header.rows])
        for one in own:
            pixels = np.clip((plane.pixels(self._contours.of(one)) + 0.5) * scale - 0.5, -1e5, 1e5)
            yield [(float(x), float(y)) for x, y in pixels]


def _same_space(frame_of_reference: str, below: Below) -> bool:
    """What does not say in which axes its numbers are is taken as of its study's."""
    other = below.header.frame_of_reference_uid
    return not frame_of_reference or not other or frame_of_reference == other


def _filled(corners: list[tuple[float, float]], size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    mask = Image.new("1", (size[1], size[0]))
    ImageDraw.Draw(mask).polygon(corners, fill=1, outline=1)
    return np.asarray(mask)


class _Canvas:
    """A picture in colour with transparency; what is painted later lies above."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._pixels: Pixels = np.zeros((*size, 4), dtype=np.uint8)

    def paint(self, inside: npt.NDArray[np.bool_], colour: Colour) -> None:
        """Filled lightly, with an edge."""
        padded = np.pad(inside, 1)
        core = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
        self._pixels[inside] = (*colour, INSIDE)
        self._pixels[inside & ~core] = (*colour, EDGE)

    def line(self, corners: list[tuple[float, float]], colour: Colour) -> None:
        picture = Image.fromarray(self._pixels)
        draw = ImageDraw.Draw(picture)
        if len(corners) == 1:
            (x, y), r = corners[0], 3
            draw.ellipse((x - r, y - r, x + r, y + r), fill=(*colour, EDGE))
        else:
            draw.line(corners, fill=(*colour, EDGE), width=2)
        self._pixels = np.array(picture)

    def png(self) -> bytes:
        out = io.BytesIO()
        Image.fromarray(self._pixels).save(out, "PNG", compress_level=3)
        return out.getvalue()
