"""Figures of chapter 4: shifted digits, accuracy against severity and against accuracy, gains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike

from fa_core.show.style import OKABE_ITO, RULE_STYLE, Figure, band, figure, interval

Panels = Mapping[str, Mapping[str, pd.DataFrame]]  # title to label to curves of networks

_AXES = {
    "rotate": "rotation (degrees)",
    "scale": "scale (factor)",
    "translate": "shift (pixels)",
}
_LOOKS = (
    {"color": OKABE_ITO["orange"], "marker": "s"},
    {"color": OKABE_ITO["blue"], "marker": "o"},
)
_ACCURACIES = (0.5, 0.8, 0.9, 0.95, 0.98)


def shifted_digits(rows: Mapping[str, Mapping[float, ArrayLike]]) -> Figure:
    """One image under many shifts: a row for each family, from severity to pixels ``[h, w]``."""
    columns = max(len(images) for images in rows.values())
    across, down, first = 1.15, 1.4, 1.6  # in widths of an image
    with figure(1, height=0.9 * len(rows)) as (fig, (ax,)):
        for row, (family, images) in enumerate(rows.items()):
            top = down * row
            ax.text(0, top + 0.5, _AXES[family].replace(" (", "\n("), va="center")
            for column, (severity, pixels) in enumerate(images.items()):
                left = first + across * column
                ax.imshow(pixels, cmap="gray_r", extent=(left, left + 1, top + 1, top))
                ax.add_patch(Rectangle((left, top), 1, 1, fill=False, ec="#bbbbbb", lw=0.8))
                ax.text(left + 0.5, top - 0.06, f"{severity:g}", ha="center", fontsize=8)
        ax.set(xlim=(0, first + across * columns), ylim=(down * len(rows) - 0.35, -0.3))
        ax.axis("off")
    return fig


@contextmanager
def _families(panels: Panels) -> Iterator[tuple[Figure, dict[str, Axes]]]:
    """The curves of each family of shifts in a panel of its own, and one legend below them all."""
    with figure(len(panels), height=2.9) as (fig, axes):
        for ax, (family, curves) in zip(axes, panels.items(), strict=True):
            for name, values in curves.items():
                band(ax, values, name, **RULE_STYLE[name])
            ax.set_title(family)
        handles, labels = axes[0].get_legend_handles_labels()
        fig.legend(handles, labels, loc="outside lower center", ncols=len(labels))
        yield fig, dict(zip(panels, axes, strict=True))


def severity(panels: Panels) -> Figure:
    """Accuracy on shifted images against the size of the shift, a panel a family."""
    with _families(panels) as (fig, axes):
        for family, ax in axes.items():
            ax.set(xlabel=_AXES[family], ylim=(0, 1))
            ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        fig.axes[0].set_ylabel("accuracy")
    return fig


def same_accuracy(panels: Panels) -> Figure:
    """Accuracy on shifted images against accuracy on images that are not, as training goes on."""
    against_error = {
        family: {name: values.set_axis(1 - values.index) for name, values in curves.items()}
        for family, curves in panels.items()
    }
    with _families(against_error) as (fig, axes):
        for ax in axes.values():
            ax.set_xscale("log")
            ax.set_xticks([1 - level for level in _ACCURACIES], [f"{a:.0%}" for a in _ACCURACIES])
            ax.minorticks_off()
            ax.invert_xaxis()
            ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
            ax.set_xlabel("test accuracy, not shifted")
        fig.axes[0].set_ylabel("accuracy on shifted images")
    return fig


def gains(samples: Mapping[str, Mapping[str, pd.Series[float]]], title: str) -> Figure:
    """Gains over FA in percentage points: two ways of comparing, or starts, to families."""
    families = list(next(iter(samples.values())))
    with figure(1, height=1.2 + 0.3 * len(families) * len(samples)) as (fig, (ax,)):
        for number, ((way, by_family), look) in enumerate(
            zip(samples.items(), _LOOKS, strict=True)
        ):
            offset = 0.4 * (number - (len(samples) - 1) / 2)  # bars of one family lie together
            for row, values in enumerate(by_family.values()):
                dots = np.full(len(values), row + offset - 0.13)  # above the bar
                ax.plot(values, dots, look["marker"], color=look["color"], ms=4, alpha=0.5, mew=0)
                mean, low, high = interval(values)
                label = way if row == 0 else None
                spread = [mean - low, high - mean]
                bar: Any = {"marker": look["marker"], "color": look["color"], "mec": "black"}
                ax.errorbar(mean, [row + offset], xerr=spread, label=label, capsize=3, **bar)
        ax.axvline(0, color="#666666", linewidth=1, linestyle=":")
        ax.set_yticks(range(len(families)), families)
        ax.set_ylim(len(families) - 0.5, -0.5)
        ax.grid(visible=False, axis="y")
        ax.set(title=title, xlabel="percentage points (dotted: no difference)")
        fig.legend(loc="outside lower center", ncols=len(samples))
    return fig
