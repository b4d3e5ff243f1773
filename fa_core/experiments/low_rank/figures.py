"""Figures of chapter 3: ranks, spectra, gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fa_core.results import tables
from fa_core.results.tables import curve
from fa_core.show.style import OKABE_ITO, RULE_STYLE, Figure, band, figure

_RANKS = {
    "Weights $W_1$": "weight_rank_1",
    "Weights $W_2$": "weight_rank_2",
    "Hidden features": "feature_rank",
}


def ranks(table: pd.DataFrame, names: Mapping[str, str], xlabel: str) -> Figure:
    """Effective rank of weights and features over steps; ``names`` maps conditions to labels."""
    with figure(3, height=2.7) as (fig, axes):
        for ax, (title, metric) in zip(axes, _RANKS.items(), strict=True):
            for condition, label in names.items():
                band(ax, curve(table, condition, metric), label, **RULE_STYLE[label])
            ax.set(title=title, xlabel=xlabel)
        axes[0].set_ylabel("effective rank")
        handles, labels = axes[0].get_legend_handles_labels()
        fig.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return fig


def spectra(table: pd.DataFrame) -> Figure:
    """Singular values of both weight matrices at the start, after noise and after data."""
    first, last = 0, -1
    lines = {
        ("FA", first): ("start", {"color": "#888888", "linestyle": ":"}),
        ("noise then FA", first): (
            "after noise",
            {"color": OKABE_ITO["sky"], "linestyle": "-."},
        ),
        ("FA", last): ("data alone", RULE_STYLE["FA"]),
        ("noise then FA", last): ("noise, then data", RULE_STYLE["noise then FA"]),
    }
    with figure(2, height=2.8) as (fig, axes):
        for layer, ax in enumerate(axes, 1):
            for (condition, end), (label, style) in lines.items():
                values = tables.spectra(table, condition, layer)
                values = values.loc[values.index[end][0]]
                band(ax, values / values.loc[1], label, **style)
            ax.set(title=f"Weights $W_{layer}$", xlabel="number of the singular value")
            ax.set_ylim(0, 1)
        axes[0].set_ylabel("share of the largest")
        axes[0].legend()
    return fig


def gaps(gap: Mapping[str, pd.DataFrame], train_loss: Mapping[str, pd.DataFrame]) -> Figure:
    """Generalisation gap over data steps, and over the train loss that training has reached."""
    with figure(2, height=2.9) as (fig, (left, right)):
        for name, values in gap.items():
            style = RULE_STYLE[name]
            band(left, values, name, **style)
            losses = train_loss[name]
            # Levels that every network of the population passes.
            levels = np.geomspace(losses.iloc[0].min(), losses.min().max(), 30)
            at_levels = {
                network: np.interp(-levels, -losses[network].cummin(), values[network])
                for network in values
            }
            band(right, pd.DataFrame(at_levels, index=levels), name, **style)
        left.set_xscale("symlog", linthresh=10)
        left.set_xlim(0, None)
        left.set(
            title="At the same step", xlabel="data steps", ylabel="test less train loss (nats)"
        )
        right.set_xscale("log")
        right.invert_xaxis()
        right.set(title="At the same train loss", xlabel="train loss (nats), falling")
        left.legend()
    return fig


def scatter(rank: ArrayLike, gap: ArrayLike) -> Figure:
    """One dot a network: its rank before data against its gap after."""
    with figure(1, height=2.9) as (fig, (ax,)):
        ax.plot(rank, gap, "o", color=OKABE_ITO["blue"])
        ax.set(xlabel="effective rank of $W_1$ after noise", ylabel="gap (nats)")
    return fig


def noise_lengths(panels: Mapping[str, pd.DataFrame], ticks: Sequence[int]) -> Figure:
    """What is left after data, against the number of noise steps before: a panel a quantity."""
    with figure(len(panels), height=2.7) as (fig, axes):
        for ax, (title, values) in zip(axes, panels.items(), strict=True):
            band(ax, values, title, marker="o", ms=4)
            ax.set_xticks(ticks)
            ax.set(title=title, xlabel="noise steps before the data")
    return fig
