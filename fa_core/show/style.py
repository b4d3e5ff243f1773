"""One function for each figure. Colours are Okabe and Ito's, told apart by colour-blind readers.

Curves are means over networks with 95 % t intervals shaded. Figures are white cards with dark
text, so they read the same on a light and on a dark page.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import matplotlib
import matplotlib.figure
import numpy as np
import pandas as pd
from cycler import cycler
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from fa_core import _checks
from fa_core.results import samples

# Wong, Nature Methods 8, 441 (2011); yellow is left out: it is too pale for lines on white.
OKABE_ITO = {
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "black": "#000000",
}
# One colour and one dash for each way of learning, the same in every chapter and widget.
RULE_STYLE: dict[str, dict[str, Any]] = {
    "FA": {"color": OKABE_ITO["vermilion"], "linestyle": "-"},
    "noise then FA": {"color": OKABE_ITO["blue"], "linestyle": "-"},
    "BP": {"color": OKABE_ITO["green"], "linestyle": "--"},
    "noise then BP": {"color": OKABE_ITO["purple"], "linestyle": "--"},
}
QUIET_STYLE: dict[str, Any] = {"color": OKABE_ITO["orange"], "linestyle": "-."}  # the control
_DASHES = ("-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)))  # told apart without colour
_WIDTH = 7.2  # inches: the text column's width, so that figures are neither shrunk nor blown up
_STYLE: Any = {
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "axes.prop_cycle": cycler(color=list(OKABE_ITO.values())),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "font.size": 9,
    "axes.titlesize": 9.5,
    "lines.linewidth": 1.6,
    "svg.hashsalt": "fa_core",  # the same figure gives the same file
}


class Figure(matplotlib.figure.Figure):
    """A figure that shows itself, sharp, as the last line of a cell; pyplot keeps no hold of it."""

    def _repr_png_(self) -> bytes:
        return png(self)


def png(figure: matplotlib.figure.Figure) -> bytes:
    """A figure as a file, sharp at the width of the page."""
    with io.BytesIO() as file:
        figure.savefig(file, format="png", dpi=160)
        return file.getvalue()


@contextmanager
def figure(panels: int = 1, height: float = 2.6) -> Iterator[tuple[Figure, list[Axes]]]:
    """Panels in the book's style, up to three side by side, four as a square.

    Args:
        panels: how many, at least 1.
        height: of one row of panels, in inches.
    """
    _checks.integer("panels", panels, 1)
    _checks.number("height", height, above=0)
    columns = panels if panels < 4 else 2
    rows = -(-panels // columns)
    with matplotlib.rc_context(_STYLE):
        fig = Figure(figsize=(_WIDTH, height * rows), layout="constrained")
        yield fig, list(fig.subplots(rows, columns, squeeze=False).flat)


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
    """Draws the mean over networks (columns) at each step (row) with its 95 % interval."""
    mean, low, high = interval(values)
    (line,) = ax.plot(values.index, mean, label=label, **style)
    ax.fill_between(values.index, low, high, color=line.get_color(), alpha=0.22, linewidth=0)


def reference(ax: Axes, level: float, label: str, below: bool = False) -> None:
    """Marks a level that theory names, such as 90 degrees or log K; its text is above or below."""
    ax.axhline(level, color="#666666", linewidth=1, linestyle=":")
    ax.annotate(
        label,
        (1, level),
        xycoords=("axes fraction", "data"),
        xytext=(-2, -3 if below else 3),
        textcoords="offset points",
        ha="right",
        va="top" if below else "bottom",
        color="#444444",
        fontsize=8,
        bbox={"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 1},
    )


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
            for (name, values), dash in zip(lines.items(), _DASHES, strict=False):
                band(ax, values, name, linestyle=dash)
            reference(ax, *level)
            ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
            ax.legend(fontsize=8)
    return fig


def estimates(
    samples: Mapping[str, ArrayLike], *, title: str, xlabel: str, level: tuple[float, str]
) -> Figure:
    """One row for each condition: every network as a dot, mean and 95 % interval as a bar."""
    if not isinstance(samples, Mapping) or not samples:
        raise TypeError(f"samples must map conditions to numbers, got {samples!r}")
    _check_level(level)
    with figure(1, height=0.9 + 0.3 * len(samples)) as (fig, (ax,)):
        for row, (name, values) in enumerate(samples.items()):
            mean, low, high = interval(values)
            dots: Any = {"markersize": 4, "alpha": 0.6, "markeredgewidth": 0, "zorder": 3}
            height = np.full(len(np.asarray(values)), row - 0.2)  # above the bar
            ax.plot(values, height, "o", color=OKABE_ITO["blue"], label=name, **dots)
            spread = [mean - low, high - mean]
            ax.errorbar(mean, [row], xerr=spread, fmt="|", ms=11, capsize=3, color="black")
        ax.axvline(level[0], color="#666666", linewidth=1, linestyle=":")
        ax.set_yticks(range(len(samples)), list(samples))
        ax.set_ylim(len(samples) - 0.5, -0.5)
        ax.grid(visible=False, axis="y")
        ax.set(title=title, xlabel=f"{xlabel} (dotted: {level[1]})")
    return fig
