"""Figures of chapter 4: shifted digits, accuracy against severity and against accuracy, gains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike, NDArray

from fa_core.show.style import GREYS, Figure, band, figure, points, reference, rows, way

Panels = Mapping[str, Mapping[str, pd.DataFrame]]  # title to label to curves of networks

_AXES = {
    "rotate": "rotation (degrees)",
    "scale": "scale (factor)",
    "translate": "shift (pixels)",
}
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
                ax.imshow(_ink(pixels), extent=(left, left + 1, top + 1, top))
                edge = GREYS[1]["color"]
                ax.add_patch(Rectangle((left, top), 1, 1, fill=False, ec=edge, lw=0.8))
                ax.text(left + 0.5, top - 0.06, f"{severity:g}", ha="center")
        ax.set(xlim=(0, first + across * columns), ylim=(down * len(rows) - 0.35, -0.3))
        ax.axis("off")
    return fig


def _ink(pixels: ArrayLike) -> NDArray[Any]:
    """Black of varying opacity ``[h, w, 4]``, so that a dark page can turn it to white."""
    grey = np.asarray(pixels, dtype=float)
    image = np.zeros((*grey.shape, 4))
    image[..., 3] = (grey - grey.min()) / np.ptp(grey)
    return image


def severity(panels: Panels) -> Figure:
    """Accuracy on shifted images against the size of the shift, and what it differs from FA's.

    A column of panels for each family; below, the difference of the same networks in points.
    """
    with figure(2 * len(panels), height=2.4, columns=len(panels)) as (fig, axes):
        for (family, found), ax, below in zip(
            panels.items(), axes, axes[len(panels) :], strict=False
        ):
            for label, values in found.items():
                points(ax, values, label, **way(label))
                if label != "FA":
                    points(below, 100 * (values - found["FA"]), label, **way(label))
            ax.set(title=family, xlabel=_AXES[family], ylim=(0, 1))
            ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
            reference(below, 0, "FA")
            below.set(title=f"{family}, less FA", xlabel=_AXES[family])
        axes[0].set_ylabel("accuracy")
        axes[len(panels)].set_ylabel("percentage points")
    return fig


def same_accuracy(panels: Panels) -> Figure:
    """Accuracy on shifted images against accuracy on images that are not, as training goes on."""
    with figure(len(panels), height=2.9) as (fig, axes):
        for ax, (family, curves) in zip(axes, panels.items(), strict=True):
            for label, values in curves.items():
                band(ax, values.set_axis(1 - values.index), label, marker="", **way(label))
            ax.set_title(family)
            ax.set_xscale("log")
            ax.set_xticks([1 - level for level in _ACCURACIES], [f"{a:.0%}" for a in _ACCURACIES])
            ax.minorticks_off()
            ax.invert_xaxis()
            ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
            ax.set_xlabel("test accuracy, not shifted")
        axes[0].set_ylabel("accuracy on shifted images")
    return fig


def gains(samples: Mapping[str, Mapping[str, pd.Series[float]]], title: str) -> Figure:
    """Gains over FA in percentage points: ways of comparing, or starts, to families."""
    families = list(next(iter(samples.values())))
    pairs = {(family, label): samples[label][family] for family in families for label in samples}
    with figure(1, height=1.1 + 0.3 * len(pairs)) as (fig, (ax,)):
        named = {f"{family}, {label}": values for (family, label), values in pairs.items()}
        starts = [way(label) for _, label in pairs]
        rows(ax, named, [style["color"] for style in starts])
        for boundary in range(len(samples), len(pairs), len(samples)):
            ax.axhline(boundary - 0.5, color="black", alpha=0.3, linewidth=0.6)
        ax.axvline(0, color=GREYS[0]["color"], linewidth=1, linestyle=":")
        ax.set(title=title, xlabel="percentage points (dotted: no difference)")
    return fig
