"""Figure of the second part of chapter 2: accuracy after convergence."""

from __future__ import annotations

import pandas as pd

from fa_core.experiments.convergence.claims import accuracies
from fa_core.experiments.convergence.conditions import Config, title
from fa_core.experiments.shared.noise_then_data import QUIET
from fa_core.show.style import Figure, figure, points, reference, way


def lag_behind_bp(config: Config, table: pd.DataFrame) -> Figure:
    """Final accuracy less that of BP against depth: a panel for each data set."""
    bp = accuracies(config, table, "BP")
    with figure(len(config.data), height=2.4) as (fig, axes):
        for ax, data in zip(axes, config.data, strict=True):
            for slot, name in enumerate(("FA", QUIET, "noise then FA", "noise then BP")):
                lag = (accuracies(config, table, name)[data] - bp[data]).T
                beside = lag.set_axis(lag.index + 0.08 * (slot - 1.5))  # they would hide each other
                points(ax, beside, name, **way(name))
            reference(ax, 0, "BP")
            ax.set(title=title(data), xticks=config.depths)
            ax.set(xlabel="weight layers", ylabel="points above BP")
    return fig
