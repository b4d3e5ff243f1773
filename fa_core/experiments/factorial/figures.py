"""Figures of the factorial: areas over norm and angle, and shares of the effect."""

from __future__ import annotations

from typing import Any

import pandas as pd

from fa_core.experiments.factorial.claims import area_shares, mean_of
from fa_core.experiments.factorial.conditions import NOISE, Cell, Config, name_of
from fa_core.results.tables import at
from fa_core.show.style import OKABE_ITO, Figure, estimates, figure, interval

_COLORS = ("black", "orange", "green", "purple")
_DASHES = ("-", "--", "-.", ":")


def starts(config: Config, table: pd.DataFrame) -> Figure:
    """Area under the curve over the norm of W2, a line an angle; noise is a star."""
    with figure(2, height=3) as (fig, axes):
        for ax, noisy in zip(axes, (False, True), strict=True):
            for angle, color, dash in zip(config.angles, _COLORS, _DASHES, strict=True):
                cells = [
                    Cell(norm, angle if norm else config.angles[0], noisy) for norm in config.norms
                ]
                areas = [100 * mean_of(config, table, cell) for cell in cells]
                mean, low, high = interval(areas)
                style: Any = {
                    "color": OKABE_ITO[color],
                    "linestyle": dash,
                    "capsize": 2,
                    "marker": "o",
                }
                spread = [mean - low, high - mean]
                ax.errorbar(config.norms, mean, spread, ms=4, label=f"{angle:g}°", **style)
            norms = [at(table, name_of(NOISE, data), "norm", 0).mean() for data in config.sets]
            mean, _, _ = interval(100 * mean_of(config, table, NOISE))
            star: Any = {"ms": 13, "color": OKABE_ITO["blue"], "label": "noise"}
            ax.plot(sum(norms) / len(norms), mean, "*", **star)
            ax.set(xlabel="norm of $W_2$, share of the first", ylabel="area under the curve, %")
            ax.set_title("$W_1$ after noise" if noisy else "$W_1$ as drawn")
        lows, highs = zip(*(ax.get_ylim() for ax in axes), strict=True)
        for ax in axes:
            ax.set_ylim(min(lows), max(highs))
        lines = axes[0].get_legend_handles_labels()
        fig.legend(*lines, title="angle to $B_2$", loc="outside lower center", ncols=5)
    return fig


def shares(config: Config, table: pd.DataFrame) -> Figure:
    """How much of what noise adds to the area each factor makes, every network a dot."""
    return estimates(
        area_shares(config, table),
        title="Shares of what noise adds to the area under the curve",
        xlabel="percentage points",
        level=(0, "nothing"),
    )
