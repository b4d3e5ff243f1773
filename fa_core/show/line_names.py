"""Names of lines at their ends, to the right of the panel, where they cover nothing."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any, NamedTuple

import matplotlib.figure
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.lines import Line2D
from matplotlib.text import Annotation
from matplotlib.transforms import offset_copy

_LINE, _APART = 11, 2.5  # points, the height of a line of text, and between names
SIZE = 9  # points: 12 px at the width of the page
_GAP = 12  # points between the panel and the names
_EARLY = 0.6  # parts of the panel: a line that ends before has its name above its end
_MARK = "name of a line"


class _End(NamedTuple):
    line: Line2D
    name: str
    x: float  # parts of the panel
    y: float


def place(figure: matplotlib.figure.Figure, columns: int) -> None:
    """Lays a figure out with the names of its lines; panels are in rows of ``columns``.

    A panel is left without them where its neighbour to the right has the same.
    """
    for old in figure.findobj(lambda artist: artist.get_gid() == _MARK):
        old.remove()
    letters = round(8 + 1.5 * figure.get_size_inches()[0] / columns)  # of a name in one line
    named = []
    for number, ax in enumerate(figure.axes):
        right = figure.axes[number + 1 : number + 2] if (number + 1) % columns else []
        if ax.get_legend() is None and not any(_names(ax) <= _names(other) for other in right):
            named.append((ax, [_write(ax, end, letters) for end in _ends(ax)]))
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)  # gives panels their sizes
    for ax, texts in named:
        _settle(figure, ax, texts)


def _names(ax: Axes) -> set[str]:
    return set(ax.get_legend_handles_labels()[1])


def _ends(ax: Axes) -> list[_End]:
    """Each named line that something was drawn of, and its rightmost point."""
    found = []
    for handle, name in zip(*ax.get_legend_handles_labels(), strict=True):
        line = handle[0] if isinstance(handle, ErrorbarContainer) else handle
        if isinstance(line, Line2D):
            places = ax.transAxes.inverted().transform(
                line.get_transform().transform(line.get_xydata())
            )
            x, y = max(places.tolist())
            found.append(_End(line, name, x, min(max(y, 0), 1)))
    return found


def _write(ax: Axes, end: _End, letters: int) -> Annotation:
    look: dict[str, Any] = {"xycoords": "axes fraction", "annotation_clip": False}
    look |= {"gid": _MARK, "fontsize": SIZE}
    if end.x < _EARLY:
        look |= {"xytext": (0, 3), "textcoords": "offset points", "ha": "right", "va": "bottom"}
        return ax.annotate(end.name, (end.x, end.y), **look)
    leader = {"color": end.line.get_color(), "linewidth": 1, "relpos": (0, 0.5)}
    look |= {
        "arrowprops": {"arrowstyle": "-", "patchA": None, "shrinkA": 2, "shrinkB": 1, **leader}
    }
    look |= {
        "xytext": (1, end.y),
        "textcoords": offset_copy(ax.transAxes, ax.get_figure(root=True), x=_GAP, units="points"),
    }
    text = textwrap.fill(end.name, letters)
    return ax.annotate(text, (end.x, end.y), va="center", linespacing=1.1, **look)


def _settle(figure: matplotlib.figure.Figure, ax: Axes, texts: Sequence[Annotation]) -> None:
    """Moves names apart, each as near to its line's end as the others let it."""
    height = 72 * ax.get_window_extent().height / figure.dpi  # points
    pairs = [pair for pair in zip(texts, _ends(ax), strict=True) if pair[1].x >= _EARLY]
    pairs.sort(key=lambda pair: pair[1].y)
    sizes = [_APART + _LINE * (1 + text.get_text().count("\n")) for text, _ in pairs]
    places = spread([end.y * height for _, end in pairs], sizes, height)
    for (text, end), y in zip(pairs, places, strict=True):
        text.xy = (end.x, end.y)
        text.set_y(y / height)


def spread(wanted: Sequence[float], sizes: Sequence[float], height: float) -> list[float]:
    """Middles of things of these sizes that do not overlap, near the wanted ones, from 0 to height.

    Args:
        wanted: middles, from low to high.
        sizes: of each.
        height: of the room; where it is too small for all, they reach beyond it.
    """
    blocks: list[tuple[float, list[int]]] = []  # the middle of things that touch, and which
    for number in range(len(wanted)):
        inside = [number]
        while True:
            size = sum(sizes[i] for i in inside)
            middle = sum(wanted[i] for i in inside) / len(inside)
            middle = min(max(middle, size / 2), height - size / 2)
            if not blocks or blocks[-1][0] + sum(sizes[i] for i in blocks[-1][1]) / 2 <= (
                middle - size / 2
            ):
                break
            inside = blocks.pop()[1] + inside
        blocks.append((middle, inside))
    places = []
    for middle, inside in blocks:
        top = middle - sum(sizes[i] for i in inside) / 2
        for i in inside:
            places.append(top + sizes[i] / 2)
            top += sizes[i]
    return places
