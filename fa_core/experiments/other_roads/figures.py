"""Figures of the chapter "Other roads to alignment"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from fa_core.experiments.other_roads.claims import mean_of
from fa_core.experiments.other_roads.conditions import (
    CONVOLUTIONS,
    METHODS,
    Config,
    Entry,
    layers,
)
from fa_core.results.tables import last
from fa_core.show.style import OKABE_ITO, RULE_STYLE, Figure, figure, interval

_PLAIN: dict[str, Any] = {"color": OKABE_ITO["black"], "markerfacecolor": "none"}
_NOISY: dict[str, Any] = {"color": RULE_STYLE["noise then FA"]["color"]}


def means(config: Config, table: pd.DataFrame) -> Figure:
    """As :func:`gains`, in one panel: means over data sets and fully connected networks."""
    with figure(1, height=2.8) as (fig, (ax,)):
        _dumbbells(ax, list(METHODS), partial(mean_of, config, table, "area"))
        ax.set(xlabel="area under the curve, %")
    return fig


def gains(config: Config, table: pd.DataFrame) -> Figure:
    """Area under the curve of every method: a ring alone, a dot after noise; a panel a net."""
    nets = [layers(config.depths[0]), layers(config.depths[-1]), CONVOLUTIONS]
    panels = [(net, task) for net in nets for task in config.sets]
    known = set(table["condition"])

    def area(task: str, net: str, method: str, noise: bool) -> pd.Series[float]:
        return 100 * last(table, str(Entry(method, noise, task, net)), "area")

    with figure(len(panels), height=2.4, columns=2) as (fig, axes):
        for ax, (net, task) in zip(axes, panels, strict=True):
            methods = [m for m in METHODS if str(Entry(m, False, task, net)) in known]
            _dumbbells(ax, methods, partial(area, task, net))
            ax.set(title=f"{task}, {net}", xlabel="area under the curve, %")
    return fig


def _dumbbells(
    ax: Axes, methods: Sequence[str], areas: Callable[[str, bool], pd.Series[float]]
) -> None:
    """A row a method, with 95 % intervals, and a line from ring to dot."""
    for row, method in enumerate(methods):
        means = []
        for noise, style in ((False, _PLAIN), (True, _NOISY)):
            mean, low, high = interval(areas(method, noise))
            spread = [mean - low, high - mean]
            ax.errorbar(mean, [row], xerr=spread, fmt="o", ms=5, capsize=2, **style)
            means.append(mean.item())
        ax.plot(means, [row, row], color=_NOISY["color"], linestyle="-", linewidth=1.2, zorder=1)
    ax.set_yticks(range(len(methods)), methods)
    ax.set_ylim(len(methods) - 0.5, -0.5)
    ax.grid(visible=False, axis="y")
