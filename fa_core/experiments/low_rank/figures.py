"""Figures of chapter 3: gaps, ranks, what noise leaves of readouts and spectra."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from fa_core.experiments.low_rank.claims import gap, gap_at, last_gap
from fa_core.experiments.low_rank.conditions import NOISE, Config
from fa_core.experiments.shared.noise_then_data import MAIN, QUIET
from fa_core.results.tables import curve, last, spectra
from fa_core.show.style import RULE_STYLE, Figure, band, figure, note, points, reference, way

_NOISE = RULE_STYLE["noise then FA"]  # its networks, before the data
_BY_LAYER = [_NOISE | {"linestyle": dash} for dash in ("-", "--", ":")]  # W1, W2, ...
_CHANCE = 0.1  # 1/K: the data sets of this chapter have ten classes
_PAIR = ("FA", "noise then FA")


def gaps(config: Config, table: pd.DataFrame) -> Figure:
    """Generalisation gap over data steps, and after the last one against the number of images."""
    with figure(2, height=2.9) as (fig, (left, right)):
        _over_steps(left, {name: gap(table, name) for name in _PAIR})
        left.set(title=f"{config.images} images", ylabel="generalisation gap (nats)")
        _at_the_end(right, config.sizes(), lambda name: last_gap(table, name))
        right.set_xscale("log")
        right.set(title="After the last step", xlabel="images to train on")
        right.set_xticks(list(config.sizes()), map(str, config.sizes()))
        right.minorticks_off()
        right.set_ylim(0, None)
    return fig


def gram_ranks(config: Config, table: pd.DataFrame) -> Figure:
    """Rank of the Gram matrix over data steps, and after the last against the number of layers."""
    with figure(2, height=2.9) as (fig, (left, right)):
        _over_steps(left, {name: curve(table, name, "gram_rank") for name in MAIN})
        left.set(title=f"{config.depth} layers", ylabel="effective rank of the Gram matrix")
        _at_the_end(right, config.depths(), lambda name: last(table, name, "gram_rank"))
        right.set(title="After the last step", xlabel="weight layers")
        right.set_xticks(list(config.depths()))
        right.set_ylim(0, None)
    return fig


def _over_steps(ax: Axes, lines: Mapping[str, pd.DataFrame]) -> None:
    for name, values in lines.items():
        band(ax, values, name, **way(name))
    ax.set_xscale("symlog", linthresh=10)
    ax.set_xlim(0, None)
    ax.set_xlabel("data steps")


def _at_the_end(ax: Axes, variants: Mapping[int, str], read: Any) -> None:
    for name in _PAIR:
        values = {value: read(f"{prefix}{name}") for value, prefix in variants.items()}
        points(ax, pd.DataFrame(values).T, name, **way(name))


def before_data(config: Config, table: pd.DataFrame) -> Figure:
    """Along noise training: the readout probabilities, the spectrum of W1, the rank of each W."""
    with figure(3, height=2.9) as (fig, (readouts, spectrum, ranks)):
        _readouts(readouts, table)
        for step, label, dash in ((0, "before", "_"), (config.noise_steps, "after", "o")):
            values = spectra(table, NOISE, layer=1).loc[step]
            style = {"color": _NOISE["color"], "linestyle": "none", "marker": dash, "ms": 2}
            band(spectrum, 100 * values / values.sum(), label, **style)
        spectrum.set(title=f"All {len(values)} singular values of W₁", xlabel="number of the value")
        spectrum.set_ylabel("% of the sum")
        spectrum.set_ylim(0, None)
        for layer, style in zip(range(1, config.depth + 1), _BY_LAYER, strict=False):
            values = curve(table, NOISE, f"weight_rank_{layer}")
            band(ranks, 100 * values / values.loc[0], "W" + "₁₂₃₄"[layer - 1], **style)
        ranks.set(title="Effective rank", xlabel="noise steps", ylabel="% of the start")
    return fig


def _readouts(ax: Axes, table: pd.DataFrame) -> None:
    """Percentiles of all probabilities, each the mean over networks."""
    low, lower, middle, upper, high = (
        curve(table, NOISE, f"readout_{q}").mean(axis=1) for q in (5, 25, 50, 75, 95)
    )
    blue = _NOISE["color"]
    ax.plot(middle.index, middle, color=blue, label="median")
    for below, above, alpha in ((lower, upper, 0.35), (low, high, 0.15)):
        ax.fill_between(middle.index, below, above, color=blue, alpha=alpha, lw=0)
    early = middle.index[len(middle) // 8]
    note(ax, "90 %", (early, (upper[early] + high[early]) / 2), "right")
    note(ax, "half", (early, upper[early]), "right")
    reference(ax, _CHANCE, "1/K")
    ax.set(title="Readouts of images", xlabel="noise steps", ylabel="probability")


def matched(table: pd.DataFrame) -> Figure:
    """Generalisation gap over the train loss that training has reached, a panel a rule."""
    with figure(2, height=2.9) as (fig, axes):
        panels = {"Feedback alignment": (*_PAIR, QUIET), "Backpropagation": list(MAIN)[2:]}
        for ax, (title, names) in zip(axes, panels.items(), strict=True):
            for name in names:
                band(ax, _gap_over_loss(table, name), name, **way(name))
            ax.set_xscale("log")
            ax.invert_xaxis()
            ax.set(title=title, xlabel="train loss (nats), falling")
        axes[0].set_ylabel("generalisation gap (nats)")
    return fig


def _gap_over_loss(table: pd.DataFrame, name: str) -> pd.DataFrame:
    losses = curve(table, name, "train_loss")
    # Levels that every network of the population passes.
    levels = np.geomspace(losses.iloc[0].min(), losses.min().max(), 40)
    return pd.DataFrame(
        {level: gap_at(table, name, pd.Series(level, index=losses.columns)) for level in levels}
    ).T


def scatter(rank: ArrayLike, gap: ArrayLike) -> Figure:
    """One dot a network: its rank before data against its gap after."""
    with figure(1, height=2.9) as (fig, (ax,)):
        ax.plot(rank, gap, "o", color=_NOISE["color"])
        ax.set(xlabel="effective rank of W₁ after noise", ylabel="gap (nats)")
    return fig
