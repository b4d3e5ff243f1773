"""Figures of the second part of chapter 2: accuracy after convergence."""

from __future__ import annotations

import pandas as pd

from fa_core.experiments.convergence.claims import accuracies
from fa_core.experiments.convergence.conditions import Config, title
from fa_core.experiments.shared.noise_then_data import MAIN
from fa_core.show.style import RULE_STYLE, Figure, figure, interval


def final_accuracies(config: Config, table: pd.DataFrame) -> Figure:
    """Accuracy after convergence against depth: a panel for each data set."""
    ways = {name: accuracies(config, table, name) for name in MAIN}
    with figure(len(config.data), height=2.3) as (fig, axes):
        for ax, data in zip(axes, config.data, strict=False):
            for shift, (name, values) in enumerate(ways.items()):
                mean, low, high = interval(values[data].T)
                depths = [depth + 0.06 * (shift - 1.5) for depth in config.depths]
                bars = [mean - low, high - mean]
                ax.errorbar(depths, mean, bars, capsize=2, label=name, **RULE_STYLE[name])
            ax.set(title=title(data), xticks=config.depths)
            ax.set(xlabel="weight layers", ylabel="accuracy (%)")
        for ax in axes[len(config.data) :]:
            ax.set_visible(False)
        axes[0].legend(fontsize=7)
    return fig
