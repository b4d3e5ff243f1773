"""Figures of chapter 1: what noise training does, and what the raw angle makes of it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fa_core import metrics
from fa_core.experiments.alignment.conditions import Config
from fa_core.experiments.alignment.measures import PERCENTILES
from fa_core.results.tables import at, curve
from fa_core.show.style import GREYS, RULE_STYLE, Figure, band, figure, interval, note, reference

_FA = RULE_STYLE["FA"]


def noise_training(config: Config, table: pd.DataFrame) -> Figure:
    """The angles of hidden neurons before and after noise; their mean and the loss over steps."""
    with figure(3) as (fig, (left, middle, right)):
        shares = np.array(PERCENTILES) / 100
        for step, style, side in ((0, GREYS[0], "right"), (config.steps, _FA, "left")):
            angles = [at(table, "FA", f"neuron_angle_{q}", step) for q in PERCENTILES]
            mean, low, high = interval(angles)
            left.plot(mean, shares, **style)
            left.fill_betweenx(shares, low, high, color=style["color"], alpha=0.22, linewidth=0)
            note(left, f"{step}", (mean[len(mean) // 2], 0.5), side)
        left.axvline(90, color=GREYS[0]["color"], linewidth=1, linestyle=":")
        for rule in ("FA", "BP"):
            band(middle, curve(table, rule, "neuron_angle"), rule, **RULE_STYLE[rule])
            band(right, curve(table, rule, "loss"), rule, **RULE_STYLE[rule])
        reference(middle, 90, "90°: unrelated")
        reference(right, metrics.chance_loss(config.classes), "log K: chance")
        left.set(
            title="FA's hidden neurons after so many noise steps",
            xlabel="angle (degrees)",
            ylabel="share of neurons below it",
            ylim=(0, 1),
        )
        middle.set(title="Mean neuron angle", xlabel="noise steps", ylabel="degrees")
        right.set(title="Loss on unseen noise", xlabel="noise steps", ylabel="cross-entropy (nats)")
    return fig


def raw_and_centred(config: Config, table: pd.DataFrame) -> Figure:
    """Raw and class-centred angles under FA, the mean row's share of ‖W₂‖², and ‖W₂ − B₂‖."""
    with figure(4) as (fig, (neurons, matrix, share, distance)):
        for ax, metric in ((neurons, "neuron_angle"), (matrix, "alignment_angle")):
            band(ax, curve(table, "FA", metric), "raw", **(_FA | {"linestyle": ":"}))
            band(ax, curve(table, "FA", f"centred_{metric}"), "class-centred", **_FA)
            reference(ax, 90, "90°")
        expected = raw_from_centred(config, table).mean(axis=1)
        matrix.plot(expected.index, expected, "o", ms=3, color="black", label="raw, by the formula")
        band(share, curve(table, "FA", "mean_row_share"), "FA", **_FA)
        reference(share, 1 / config.classes, "1/K")
        for rule in ("FA", "BP"):
            band(distance, curve(table, rule, "feedback_distance"), rule, **RULE_STYLE[rule])
        neurons.set(title="Mean over hidden neurons", ylabel="angle (degrees)")
        matrix.set(title="Whole matrix", ylabel="angle (degrees)")
        share.set(title="Share of ‖W₂‖² in its mean row", ylabel="share", ylim=(0, None))
        distance.set(title="Distance of W₂ from B₂", ylabel="‖W₂ − B₂‖", ylim=(0, None))
        for ax in (neurons, matrix, share, distance):
            ax.set_xlabel("noise steps")
    return fig


def raw_from_centred(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """The raw angle that follows from the centred one if the mean rows are unrelated.

    The feedback's mean row is taken to hold 1/K of its squares, as in the mean over draws.
    """
    centred = np.cos(np.radians(curve(table, "FA", "centred_alignment_angle")))
    acting = (1 - curve(table, "FA", "mean_row_share")) * (1 - 1 / config.classes)
    return np.degrees(np.arccos(np.sqrt(acting) * centred))
