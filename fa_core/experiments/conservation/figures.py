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
from fa_core.show.style import (
    GREYS,
    RULE_STYLE,
    Figure,
    band,
    figure,
    interval,
    points,
    reference,
    way,
)

_FA = RULE_STYLE["FA"]  # of what is measured
_COMPUTED = {"color": "black", "linestyle": (0, (1, 2))}  # lies on what is measured


def ledger(config: Config, table: pd.DataFrame) -> Figure:
    """One training by gradient descent: both sides of the law, the length of W2, the angle."""
    aligned, growth, walk, length = (
        curve(table, BY_LAYER, name) for name in ("aligned", "growth", "walk", "length")
    )
    measured = curve(table, BY_LAYER, CENTRED)
    start = (length * np.cos(np.radians(measured))).iloc[0]
    with figure(3) as (fig, (sides, lengths, angles)):
        band(sides, aligned, "aligned part", **_FA)
        band(sides, growth - walk, "growth less walk", **_COMPUTED)
        band(lengths, length, "length of W₂", **GREYS[0])
        band(lengths, start + aligned, "part along B₂", **_FA)
        band(angles, measured, "measured", **_FA)
        cosine = (start + growth - walk) / length
        band(angles, np.degrees(np.arccos(cosine)), "from growth and walk", **_COMPUTED)
        reference(angles, 90, "90°")
        sides.set(title="Both sides of the law", ylabel="along B₂")
        lengths.set(title="Class-centred W₂", ylabel="length")
        angles.set(title="Class-centred angle", ylabel="degrees")
        for ax in (sides, lengths, angles):
            ax.set_xlabel("noise steps")
    return fig


def labels(config: Config, table: pd.DataFrame) -> Figure:
    """Raw and class-centred angles with random labels and with 1/K, a panel an optimiser."""
    with figure(3) as (fig, axes):
        for ax, name in zip(axes, (SGD, BY_LAYER, ADAM), strict=True):
            for kind, style, words in (("", _FA, "random"), (EVEN, GREYS[0], "1/K")):
                for metric, dash in ((RAW, ":"), (CENTRED, "-")):
                    title = "class-centred" if metric == CENTRED else "raw"
                    values = curve(table, name + kind, metric)
                    band(ax, values, f"{words}, {title}", **(style | {"linestyle": dash}))
            reference(ax, 90, "90°")
            ax.set(title=name, xlabel="noise steps", ylabel="angle (degrees)")
        low, high = zip(*(ax.get_ylim() for ax in axes), strict=True)
        for ax in axes:
            ax.set_ylim(min(low), max(high))
    return fig


def ratios(config: Config, table: pd.DataFrame) -> Figure:
    """Last angle of slow gradient descent over the ratio of the layers' rates, beside Adam's."""
    known = sorted({config.ratio, *config.ratios})
    with figure(1, height=2.8) as (fig, (ax,)):
        for metric, mark in ((RAW, "s"), (CENTRED, "o")):
            title = "class-centred" if metric == CENTRED else "raw"
            rows = pd.DataFrame({r: last(table, slow_name(r), metric) for r in known}).T
            points(ax, rows, title, marker=mark, **_FA)
            reference(ax, float(last(table, ADAM, metric).mean()), f"Adam, {title}")
        reference(ax, 90, "90°")
        ax.set(xscale="log", xlabel="rate of W₁ over rate of W₂", ylabel="angle (degrees)")
        ax.set_xticks(known, [f"{ratio:g}" for ratio in known])
        ax.minorticks_off()
    return fig


def angle_and_walk(names: Mapping[str, str], table: pd.DataFrame) -> Figure:
    """Class-centred angle, and the walk over the growth at the last step, of some conditions.

    ``names`` maps labels to conditions. Where the walk is larger than the growth W2 turned away.
    """
    with figure(2, height=2.8) as (fig, (angles, shares)):
        for row, (label, name) in enumerate(names.items()):
            style = way(label, row)
            band(angles, curve(table, name, CENTRED), label, **style)
            _bar(shares, row, last(table, name, "walk") / last(table, name, "growth"), style)
        reference(angles, 90, "90°")
        shares.axvline(1, color="#666666", linewidth=1, linestyle=":")
        shares.set_yticks(range(len(names)), list(names))
        shares.set_ylim(len(names) - 0.5, -0.5)
        shares.grid(visible=False, axis="y")
        shares.set(title="At the last step", xlabel="walk over growth (dotted: 1)")
        angles.set(title="Class-centred angle", xlabel="noise steps", ylabel="degrees")
    return fig


def _bar(ax: Axes, row: int, values: pd.Series[float], style: dict[str, Any]) -> None:
    mean, low, high = interval(values)
    ax.barh([row], mean, height=0.6, color=style["color"], alpha=0.6)
    ax.errorbar(mean, [row], xerr=[mean - low, high - mean], color="black", capsize=3)


def linear_networks(config: Config, table: pd.DataFrame) -> Figure:
    """The angle of linear networks over time: simulated, predicted, and in the wide limit."""
    names = {config.hidden: linear.NAME, **{w: width_name(w) for w in config.widths}}
    with figure(1, height=3) as (fig, (ax,)):
        for number, (hidden, name) in enumerate(sorted(names.items())):
            predicted = curve(table, name, "predicted_angle")
            predicted.index = config.linear_lr * predicted.index
            band(ax, predicted, f"{hidden} hidden units", **GREYS[2 * number])
        simulated = curve(table, linear.NAME, "simulated_angle").mean(axis=1)
        times = config.linear_lr * simulated.index.to_numpy()
        dots: Any = {"marker": "o", "ms": 4, "color": _FA["color"], "linestyle": "none"}
        ax.plot(times, simulated, label=f"simulated, {config.hidden}", **dots)
        times = np.linspace(0, times[-1], 100)
        ax.plot(times, linear.wide_limit(times), label="wide limit", **GREYS[1])
        reference(ax, 45, "45°, the bisector")
        ax.set(xlabel="time: learning rate times steps", ylabel="angle of W₂ (degrees)")
        ax.set_ylim(bottom=40)
    return fig
