"""Figures of the chapter "Why it works"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fa_core.experiments.conservation import linear
from fa_core.experiments.conservation.claims import CENTRED, RAW
from fa_core.experiments.conservation.conditions import (
    ADAM,
    BY_LAYER,
    EVEN,
    SGD,
    Config,
    slow_name,
    width_name,
)
from fa_core.results.tables import curve, last
from fa_core.show.style import OKABE_ITO, Figure, band, figure, interval, reference

_ALIGNED = {"color": OKABE_ITO["blue"], "linestyle": "-"}
_RIGHT = {"color": OKABE_ITO["orange"], "linestyle": "--"}


def ledger(config: Config, table: pd.DataFrame) -> Figure:
    """One training by gradient descent: both sides of the law, the length of W2, the angle."""
    aligned, growth, walk, length = (
        curve(table, BY_LAYER, name) for name in ("aligned", "growth", "walk", "length")
    )
    measured = curve(table, BY_LAYER, CENTRED)
    start = (length * np.cos(np.radians(measured))).iloc[0]
    with figure(3) as (fig, (sides, lengths, angles)):
        band(sides, aligned, "aligned part", **_ALIGNED)
        band(sides, growth - walk, "growth less walk", **_RIGHT)
        band(lengths, length, "length of $W_2$", color="black")
        band(lengths, start + aligned, "its part along $B_2$", **_ALIGNED)
        band(angles, measured, "measured", color="black")
        cosine = (start + growth - walk) / length
        band(angles, np.degrees(np.arccos(cosine)), "from growth and walk", **_RIGHT)
        reference(angles, 90, "90°")
        sides.set(title="Both sides of the law", ylabel="along $B_2$")
        lengths.set(title="Class-centred $W_2$", ylabel="length")
        angles.set(title="Class-centred angle", ylabel="degrees")
        sides.legend(fontsize=8, loc="lower center")
        lengths.legend(fontsize=8, loc="upper right")
        angles.legend(fontsize=8, loc="upper center")
        for ax in (sides, lengths, angles):
            ax.set_xlabel("noise steps")
    return fig


def labels(config: Config, table: pd.DataFrame) -> Figure:
    """Raw and class-centred angles with random labels and with 1/K, a panel an optimiser."""
    with figure(3) as (fig, axes):
        for ax, name in zip(axes, (SGD, BY_LAYER, ADAM), strict=True):
            for kind, color in (("", "vermilion"), (EVEN, "blue")):
                for metric, dash in ((RAW, ":"), (CENTRED, "-")):
                    style = {"color": OKABE_ITO[color], "linestyle": dash}
                    title = "class-centred" if metric == CENTRED else "raw"
                    words = "1/K" if kind else "random"
                    band(ax, curve(table, name + kind, metric), f"{words}, {title}", **style)
            reference(ax, 90, "90°")
            ax.set(title=name, xlabel="noise steps", ylabel="angle (degrees)")
        low, high = zip(*(ax.get_ylim() for ax in axes), strict=True)
        for ax in axes:
            ax.set_ylim(min(low), max(high))
        lines = axes[0].get_legend_handles_labels()
        fig.legend(*lines, title="labels", loc="outside lower center", ncols=4, fontsize=8)
    return fig


def ratios(config: Config, table: pd.DataFrame) -> Figure:
    """Last angle of slow gradient descent over the ratio of the layers' rates, beside Adam's."""
    known = sorted({config.ratio, *config.ratios})
    with figure(1, height=2.8) as (fig, (ax,)):
        for metric, color, dash in ((RAW, "sky", ":"), (CENTRED, "blue", "-")):
            title = "class-centred" if metric == CENTRED else "raw"
            rows = [last(table, slow_name(ratio), metric) for ratio in known]
            mean, low, high = interval(rows)
            spread = [mean - low, high - mean]
            style: Any = {"fmt": "o", "linestyle": dash, "color": OKABE_ITO[color], "capsize": 3}
            ax.errorbar(known, mean, spread, label=title, **style)
            level = float(last(table, ADAM, metric).mean())
            reference(ax, level, f"Adam, {title}", below=metric == CENTRED)
        reference(ax, 90, "90°")
        ax.set(xscale="log", xlabel="rate of $W_1$ over rate of $W_2$", ylabel="angle (degrees)")
        ax.set_xlim(right=4 * known[-1])  # room for Adam's names
        ax.legend(loc="upper right", bbox_to_anchor=(1, 0.9))
    return fig


def angle_and_walk(names: Mapping[str, str], table: pd.DataFrame) -> Figure:
    """Class-centred angle, and the walk over the growth at the last step, of some conditions.

    ``names`` maps labels to conditions. Where the walk is larger than the growth W2 turned away.
    """
    with figure(2, height=2.8) as (fig, (angles, shares)):
        for row, (label, name) in enumerate(names.items()):
            band(angles, curve(table, name, CENTRED), label)
            _bar(shares, row, last(table, name, "walk") / last(table, name, "growth"))
        reference(angles, 90, "90°")
        shares.axvline(1, color="#666666", linewidth=1, linestyle=":")
        shares.set_yticks(range(len(names)), list(names))
        shares.set_ylim(len(names) - 0.5, -0.5)
        shares.grid(visible=False, axis="y")
        shares.set(title="At the last step", xlabel="walk over growth (dotted: 1)")
        angles.set(title="Class-centred angle", xlabel="noise steps", ylabel="degrees")
        fig.legend(*angles.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return fig


def _bar(ax: Axes, row: int, values: pd.Series[float]) -> None:
    mean, low, high = interval(values)
    color = f"C{row}"
    ax.barh([row], mean, height=0.6, color=color, alpha=0.6)
    ax.errorbar(mean, [row], xerr=[mean - low, high - mean], color="black", capsize=3)


def linear_networks(config: Config, table: pd.DataFrame) -> Figure:
    """The angle of linear networks over time: simulated, predicted, and in the wide limit."""
    names = {config.hidden: linear.NAME, **{w: width_name(w) for w in config.widths}}
    with figure(1, height=3) as (fig, (ax,)):
        for hidden, name in sorted(names.items()):
            predicted = curve(table, name, "predicted_angle")
            predicted.index = config.linear_lr * predicted.index
            band(ax, predicted, f"predicted, {hidden} hidden units")
        simulated = curve(table, linear.NAME, "simulated_angle").mean(axis=1)
        times = config.linear_lr * simulated.index.to_numpy()
        ax.plot(times, simulated, "o", ms=4, color="black", label=f"simulated, {config.hidden}")
        times = np.linspace(0, times[-1], 100)
        ax.plot(times, linear.wide_limit(times), "--", color="#666666", label="wide limit")
        reference(ax, 45, "45°: the bisector", below=True)
        ax.set(xlabel="time: learning rate times steps", ylabel="angle of $W_2$ (degrees)")
        ax.set_ylim(bottom=40)
        ax.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return fig
