"""Figures of the factorial: areas over norm and angle, and shares of the effect."""

from __future__ import annotations

from typing import Any

import pandas as pd

from fa_core.experiments.factorial.claims import area_shares, mean_of, plain, silent
from fa_core.experiments.factorial.conditions import NOISE, Cell, Config, name_of
from fa_core.results.tables import at
from fa_core.show.style import (
    GREYS,
    RULE_STYLE,
    ZERO_STYLE,
    Figure,
    estimates,
    figure,
    note,
    points,
)

_MARKS = ("o", "s", "^", "D")
_APART = 0.022  # of the marks of two angles at one norm, that none hides another


def starts(config: Config, table: pd.DataFrame) -> Figure:
    """Area under the curve over the norm of W2, a mark an angle; noise is a star.

    In the left panel the usual start and W2 = 0 have the colours that they have everywhere.
    """
    known: dict[str, tuple[Cell, Any]] = {
        "FA": (plain(config), RULE_STYLE["FA"]),
        "W₂ = 0": (silent(config), ZERO_STYLE),
    }
    norms = [at(table, name_of(NOISE, data), "norm", 0).mean() for data in config.sets]
    noise = sum(norms) / len(norms), 100 * mean_of(config, table, NOISE).mean()
    with figure(2, height=3.4) as (fig, axes):
        for ax, noisy in zip(axes, (False, True), strict=True):
            for number, angle in enumerate(config.angles):
                places = [norm for norm in config.norms if norm]
                areas = [100 * mean_of(config, table, Cell(n, angle, noisy)) for n in places]
                shift = _APART * (number - 1.5)
                rows = pd.DataFrame(areas, index=[place + shift for place in places])
                points(ax, rows, f"{angle:g}°", color=GREYS[0]["color"], marker=_MARKS[number])
            zero = pd.DataFrame(
                [100 * mean_of(config, table, Cell(0, config.angles[0], noisy))], [0]
            )
            points(ax, zero, "", color=ZERO_STYLE["color"], marker="P")
            ax.plot(*noise, "*", ms=13, color=RULE_STYLE["noise then FA"]["color"])
            note(ax, "noise", noise, "top")
            ax.set(xlabel="norm of $W_2$, share of the first", ylabel="area under the curve, %")
            ax.set_title("$W_1$ after noise" if noisy else "$W_1$ as drawn")
        for label, (cell, style) in known.items():
            area = 100 * mean_of(config, table, cell).mean()
            place = cell.norm - 1.5 * _APART * bool(cell.norm)
            axes[0].plot(place, area, "o", ms=7, color=style["color"])
            note(axes[0], label, (place, area), "bottom")
        lows, highs = zip(*(ax.get_ylim() for ax in axes), strict=True)
        for ax in axes:
            ax.set_ylim(min(lows), max(highs))
    return fig


def shares(config: Config, table: pd.DataFrame) -> Figure:
    """How much of what noise adds to the area each factor makes, every network a dot."""
    return estimates(
        area_shares(config, table),
        title="What noise adds to the area",
        xlabel="percentage points",
        level=(0, "nothing"),
    )
