"""What every figure shares: one colour and dash for each way of learning, and how to draw a mean.

Curves are means over networks with 95 % t intervals shaded. A line is named at its end, never in a
box over the curves. Black is ink: ``pictures`` turns it into the colour of the page's text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from cycler import cycler
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from fa_core import _checks
from fa_core.results import samples
from fa_core.show import line_names
from fa_core.show.pictures import FAINT, GREY, INK, Figure, png, to_html

__all__ = [
    "GREYS",
    "OKABE_ITO",
    "QUIET_STYLE",
    "RULE_STYLE",
    "ZERO_STYLE",
    "Figure",
    "band",
    "curves",
    "estimates",
    "figure",
    "interval",
    "note",
    "png",
    "points",
    "reference",
    "rows",
    "to_html",
    "way",
]

# Wong, Nature Methods 8, 441 (2011), less yellow, too pale for lines on white, and sky blue, which
# is what blue becomes on a dark page.
OKABE_ITO = {
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "orange": "#E69F00",
    "black": INK,
}
# One colour and one dash for each way of learning, the same in every chapter and widget.
RULE_STYLE: dict[str, dict[str, Any]] = {
    "FA": {"color": OKABE_ITO["vermilion"], "linestyle": "-"},
    "noise then FA": {"color": OKABE_ITO["blue"], "linestyle": "-"},
    "BP": {"color": OKABE_ITO["green"], "linestyle": "--"},
    "noise then BP": {"color": OKABE_ITO["purple"], "linestyle": "--"},
}
# The simplest controls: a readout ten times smaller, and one of zeros, the quietest.
QUIET_STYLE: dict[str, Any] = {"color": OKABE_ITO["orange"], "linestyle": "-."}
ZERO_STYLE: dict[str, Any] = QUIET_STYLE | {"linestyle": (0, (1, 1))}
_WAYS = {**RULE_STYLE, "quiet readout, FA": QUIET_STYLE, "W2 = 0": ZERO_STYLE}
# Of points, which have no dash.
_MARKS = dict(zip(("vermilion", "blue", "green", "purple", "orange"), "os^Dv", strict=True))
# Whatever is no way of learning is grey: its dash and the name at its end tell it from others.
GREYS: tuple[dict[str, Any], ...] = tuple(
    {"color": color, "linestyle": dash}
    for dash in ("-", "--", (0, (1, 1)))
    for color in (GREY, FAINT)
)
_SPARSE = 25  # records; a curve through so few shows each as a dot
_STYLE: Any = {
    "figure.facecolor": "white",
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.prop_cycle": cycler(
        color=[style["color"] for style in GREYS], linestyle=[style["linestyle"] for style in GREYS]
    ),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.xmargin": 0.03,
    "grid.color": INK,
    "grid.alpha": 0.13,
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "font.size": line_names.SIZE,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "legend.fontsize": line_names.SIZE,
    "lines.linewidth": 1.6,
}


def way(label: str, number: int = 0) -> dict[str, Any]:
    """Colour and dash of a way of learning by its name; of anything else, the grey of a number."""
    return _WAYS.get(label, GREYS[number % len(GREYS)])


@contextmanager
def figure(
    panels: int = 1, height: float = 2.6, columns: int | None = None
) -> Iterator[tuple[Figure, list[Axes]]]:
    """Panels in the book's style; on a narrow page they lie one below another.

    Args:
        panels: how many, at least 1.
        height: of one row of panels, in inches.
        columns: panels side by side; as they come, up to three, and four as a square.
    """
    _checks.integer("panels", panels, 1)
    _checks.number("height", height, above=0)
    if columns is None:
        columns = panels if panels < 4 else 2
    _checks.integer("columns", columns, 1)
    with matplotlib.rc_context(_STYLE):
        fig = Figure(row_height=height, columns=columns)
        axes = list(fig.subplots(-(-panels // columns), columns, squeeze=False).flat)
        for empty in axes[panels:]:
            empty.remove()
        yield fig, axes[:panels]


def interval(values: ArrayLike) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Mean over the last axis (networks) and the ends of its 95 % t interval.

    Raises:
        TypeError: values that are no real numbers.
    """
    given = np.asarray(values)
    if given.dtype.kind not in "iuf" or given.size == 0:
        raise TypeError(f"values must be real numbers, at least one; got {values!r}")
    return samples.interval(np.atleast_2d(given.astype(float)))


def band(ax: Axes, values: pd.DataFrame, label: str, **style: Any) -> None:
    """Draws the mean over networks (columns) at each step (row) with its 95 % interval.

    For what was followed through training. Few records are dots: between them nothing was measured.
    """
    mean, low, high = interval(values)
    dots: dict[str, Any] = {"marker": "o", "markersize": 2.5} if len(values) <= _SPARSE else {}
    (line,) = ax.plot(values.index, mean, label=label, **(dots | style))
    ax.fill_between(values.index, low, high, color=line.get_color(), alpha=0.22, linewidth=0)


def points(ax: Axes, values: pd.DataFrame, label: str, **style: Any) -> None:
    """Draws the mean over networks (columns) of each setting (row) with its 95 % interval.

    For settings that were tried one by one, such as sizes: no line joins what lies between them.
    """
    mean, low, high = interval(values)
    marks = {OKABE_ITO[color]: mark for color, mark in _MARKS.items()}
    mark = marks.get(style.get("color", ""), "o")
    look: Any = {"marker": mark, "markersize": 4, "capsize": 2} | style | {"linestyle": "none"}
    ax.errorbar(values.index, mean, [mean - low, high - mean], label=label, **look)
    ax.margins(x=0.07)


def reference(ax: Axes, level: float, label: str) -> None:
    """Marks a level that theory names, such as 90 degrees or log K; its name stands at its end."""
    ax.axhline(level, color=GREY, linewidth=1, linestyle=":", label=label)


def note(ax: Axes, text: str, place: tuple[float, float], side: str = "right") -> None:
    """Names what lies at a place of a panel, to its ``right``, ``left``, ``top`` or ``bottom``."""
    x, y = {"right": (6, 0), "left": (-6, 0), "top": (0, 6), "bottom": (0, -6)}[side]
    ha = {"right": "left", "left": "right"}.get(side, "center")
    va = {"top": "bottom", "bottom": "top"}.get(side, "center")
    ax.annotate(text, place, xytext=(x, y), textcoords="offset points", ha=ha, va=va)


def rows(ax: Axes, samples: Mapping[str, ArrayLike], colours: Sequence[str]) -> None:
    """A row for each name, from the top: networks as dots, and their mean with its interval."""
    for row, (values, colour) in enumerate(zip(samples.values(), colours, strict=True)):
        mean, low, high = interval(values)
        dots: Any = {"markersize": 4, "alpha": 0.6, "markeredgewidth": 0, "zorder": 3}
        height = np.full(len(np.asarray(values)), row - 0.2)  # above the bar
        ax.plot(values, height, "o", color=colour, **dots)
        spread = [mean - low, high - mean]
        ax.errorbar(mean, [row], xerr=spread, fmt="|", ms=11, capsize=3, color=INK)
    ax.set_yticks(range(len(samples)), list(samples))
    ax.set_ylim(len(samples) - 0.5, -0.5)
    ax.grid(visible=False, axis="y")


def _check_level(level: object) -> None:
    if not isinstance(level, tuple) or len(level) != 2 or not isinstance(level[1], str):
        raise TypeError(f"level must be a pair of a number and its text, got {level!r}")
    _checks.number("level", level[0])


def curves(
    panels: Mapping[str, Mapping[str, pd.DataFrame]],
    *,
    xlabel: str,
    ylabel: str,
    level: tuple[float, str],
) -> Figure:
    """Curves with intervals: panel title to (name to a table of steps by networks).

    Args:
        panels: what to draw; at least one panel with at least one table.
        xlabel, ylabel: of every panel.
        level: a level that theory names, and its text.
    """
    if not isinstance(panels, Mapping) or not panels:
        raise TypeError(f"panels must be a mapping of titles to curves, got {panels!r}")
    _check_level(level)
    for title, lines in panels.items():
        if not isinstance(lines, Mapping) or not lines:
            raise TypeError(f"panels[{title!r}] must map names to tables, got {lines!r}")
        for name, values in lines.items():
            if not isinstance(values, pd.DataFrame):
                raise TypeError(f"panels[{title!r}][{name!r}] must be a DataFrame, got {values!r}")
    with figure(len(panels), height=2.8) as (fig, axes):
        for ax, (title, lines) in zip(axes, panels.items(), strict=True):
            for number, (label, values) in enumerate(lines.items()):
                band(ax, values, label, **way(label, number))
            reference(ax, *level)
            ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    return fig


def estimates(
    samples: Mapping[str, ArrayLike], *, title: str, xlabel: str, level: tuple[float, str]
) -> Figure:
    """One row for each condition: every network as a dot, mean and 95 % interval as a bar."""
    if not isinstance(samples, Mapping) or not samples:
        raise TypeError(f"samples must map conditions to numbers, got {samples!r}")
    _check_level(level)
    with figure(1, height=0.9 + 0.3 * len(samples)) as (fig, (ax,)):
        rows(ax, samples, [way(label)["color"] for label in samples])
        ax.axvline(level[0], color=GREY, linewidth=1, linestyle=":")
        ax.set(title=title, xlabel=f"{xlabel} (dotted: {level[1]})")
    return fig
