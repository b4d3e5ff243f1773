"""Figure of the second part of chapter 2: accuracy after convergence."""

from __future__ import annotations

import pandas as pd

from fa_core.experiments.convergence.claims import accuracies
from fa_core.experiments.convergence.conditions import Config, title
from fa_core.experiments.shared.noise_then_data import QUIET
from fa_core.show.style import QUIET_STYLE, RULE_STYLE, Figure, band, figure, reference


def lag_behind_bp(config: Config, table: pd.DataFrame) -> Figure:
    """Final accuracy less that of BP against depth: a panel for each data set."""
    bp = accuracies(config, table, "BP")
    with figure(len(config.data), height=2.2) as (fig, axes):
        for ax, data in zip(axes, config.data, strict=True):
            for name in ("FA", QUIET, "noise then FA", "noise then BP"):
                lag = accuracies(config, table, name)[data] - bp[data]
                band(ax, lag.T, name, **RULE_STYLE.get(name, QUIET_STYLE))
            reference(ax, 0, "BP")
            ax.set(title=title(data), xticks=config.depths)
            ax.set(xlabel="weight layers", ylabel="points above BP")
        axes[0].legend(fontsize=7)
    return fig
