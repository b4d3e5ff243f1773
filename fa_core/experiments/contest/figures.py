"""Figures of the tuned contest."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from fa_core.experiments.contest.claims import ALL_STEPS, LEVEL, mean_of
from fa_core.experiments.contest.conditions import CONTESTANTS, ZERO, Config
from fa_core.experiments.other_roads.conditions import layers
from fa_core.experiments.shared.derived import told_levels
from fa_core.show.style import ZERO_STYLE, Figure, figure, interval, way

_RING: dict[str, Any] = {"markerfacecolor": "none"}


def steps(config: Config, table: pd.DataFrame) -> Figure:
    """Steps to the first level by depth: a dot for those on data, a ring with those on noise."""
    with figure(len(config.depths), height=3.2, columns=2) as (fig, axes):
        for ax, depth in zip(axes, config.depths, strict=True):
            for metric, style in ((ALL_STEPS, _RING), (LEVEL, {})):
                _rows(ax, partial(mean_of, config, table, metric=metric, depths=[depth]), **style)
            level = told_levels(config.levels, 1)
            ax.set(title=layers(depth), xlabel=f"steps to {level}", xscale="log")
            ax.xaxis.set_minor_formatter(NullFormatter())
    return fig


def accuracies(config: Config, table: pd.DataFrame) -> Figure:
    """Last accuracy on test images as they are and shifted, means over sets and depths."""
    panels = {"accuracy": "as they are", "shifted": "turned, scaled or moved"}
    with figure(2, height=3.2) as (fig, axes):
        for ax, (metric, title) in zip(axes, panels.items(), strict=True):
            _rows(ax, partial(mean_of, config, table, metric=metric))
            ax.set(title=f"Test images {title}", xlabel="accuracy, %")
    return fig


def _rows(ax: Axes, values: Callable[[str], pd.Series[float]], **style: Any) -> None:
    """A mean with its 95 % interval for each contestant."""
    for row, name in enumerate(CONTESTANTS):
        mean, low, high = interval(values(name))
        color = ZERO_STYLE["color"] if name == ZERO else way(name)["color"]
        look: Any = {"fmt": "o", "ms": 5, "capsize": 2, "color": color} | style
        ax.errorbar(mean, [row], xerr=[mean - low, high - mean], **look)
    ax.set_yticks(range(len(CONTESTANTS)), list(CONTESTANTS))
    ax.set_ylim(len(CONTESTANTS) - 0.5, -0.5)
    ax.grid(visible=False, axis="y")
