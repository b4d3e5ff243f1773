"""Figures of the tuned contest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from fa_core.experiments.contest.claims import ALL_STEPS, LEVEL, mean_of
from fa_core.experiments.contest.conditions import CONTESTANTS, Config
from fa_core.experiments.other_roads.conditions import layers
from fa_core.show.style import OKABE_ITO, Figure, figure, interval

_DATA: dict[str, Any] = {"color": OKABE_ITO["blue"], "label": "on data"}
_ALL: dict[str, Any] = {
    "color": OKABE_ITO["black"],
    "markerfacecolor": "none",
    "label": "on noise and data",
}


def steps(config: Config, table: pd.DataFrame) -> Figure:
    """Steps to the second level of every contestant, with and without those on noise, by depth."""
    with figure(len(config.depths), height=3) as (fig, axes):
        for ax, depth in zip(axes, config.depths, strict=True):
            for metric, style in ((ALL_STEPS, _ALL), (LEVEL, _DATA)):
                _rows(ax, partial(_mean, config, table, metric, [depth]), **style)
            ax.set(title=layers(depth), xlabel="steps", xscale="log")
            if ax is not axes[0]:
                ax.set_yticklabels([])
        fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return fig


def accuracies(config: Config, table: pd.DataFrame) -> Figure:
    """Last accuracy on test images as they are and shifted, means over sets and depths."""
    panels = {"accuracy": "as they are", "shifted": "turned, scaled or moved"}
    with figure(2, height=3) as (fig, axes):
        for ax, (metric, title) in zip(axes, panels.items(), strict=True):
            _rows(ax, partial(_mean, config, table, metric, ()), color=OKABE_ITO["blue"])
            ax.set(title=f"Test images {title}", xlabel="accuracy, %")
        axes[1].set_yticklabels([])
    return fig


def _mean(
    config: Config, table: pd.DataFrame, metric: str, depths: Sequence[int], name: str
) -> pd.Series[float]:
    return mean_of(config, table, name, metric, depths)


def _rows(ax: Axes, values: Callable[[str], pd.Series[float]], **style: Any) -> None:
    """A mean with its 95 % interval for each contestant."""
    for row, name in enumerate(CONTESTANTS):
        mean, low, high = interval(values(name))
        spread = [mean - low, high - mean]
        shown = style if row == 0 else {**style, "label": None}
        ax.errorbar(mean, [row], xerr=spread, fmt="o", ms=5, capsize=2, **shown)
    ax.set_yticks(range(len(CONTESTANTS)), list(CONTESTANTS))
    ax.set_ylim(len(CONTESTANTS) - 0.5, -0.5)
    ax.grid(visible=False, axis="y")
