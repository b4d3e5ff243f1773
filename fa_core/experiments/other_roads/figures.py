"""Figures of the chapter "Other roads to alignment"."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from fa_core.experiments.other_roads.conditions import (
    CONVOLUTIONS,
    METHODS,
    Config,
    Entry,
    layers,
)
from fa_core.results.tables import last
from fa_core.show.style import OKABE_ITO, Figure, figure, interval

_PLAIN: dict[str, Any] = {"color": OKABE_ITO["black"], "markerfacecolor": "none", "label": "alone"}
_NOISY: dict[str, Any] = {"color": OKABE_ITO["blue"], "label": "noise first"}


def gains(config: Config, table: pd.DataFrame) -> Figure:
    """Area under the curve of every method, without noise and with it, a panel a net and task."""
    nets = [layers(config.depths[0]), layers(config.depths[-1]), CONVOLUTIONS]
    panels = [(net, task) for net in nets for task in config.sets]
    columns = len(panels) if len(panels) < 4 else 2  # as figure lays them out
    with figure(len(panels), height=2.3) as (fig, axes):
        for number, (ax, (net, task)) in enumerate(zip(axes, panels, strict=True)):
            _dumbbells(ax, table, task, net)
            ax.set(title=f"{task}, {net}", xlabel="area under the curve, %")
            if number % columns:
                ax.set_yticklabels([])
        lines = axes[0].get_legend_handles_labels()
        fig.legend(*lines, loc="outside lower center", ncols=2)
    return fig


def _dumbbells(ax: Axes, table: pd.DataFrame, task: str, net: str) -> None:
    """A row a method: a ring without noise, a dot with it, 95 % intervals, a line between them."""
    known = set(table["condition"])
    for row, method in enumerate(METHODS):
        names = [str(Entry(method, noise, task, net)) for noise in (False, True)]
        if not known.issuperset(names):
            ax.annotate("cannot follow it", (0.5, row), ("axes fraction", "data"), fontsize=8)
            continue
        means = []
        for name, style in zip(names, (_PLAIN, _NOISY), strict=True):
            mean, low, high = interval(100 * last(table, name, "area"))
            spread = [mean - low, high - mean]
            shown = style if row == 0 else {**style, "label": None}
            ax.errorbar(mean, [row], xerr=spread, fmt="o", ms=5, capsize=2, **shown)
            means.append(mean.item())
        ax.plot(means, [row, row], color=OKABE_ITO["sky"], linewidth=1.2, zorder=1)
    ax.set_yticks(range(len(METHODS)), list(METHODS))
    ax.set_ylim(len(METHODS) - 0.5, -0.5)
    ax.grid(visible=False, axis="y")
