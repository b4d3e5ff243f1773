"""Figures of chapter 1: what noise training does, and what the raw angle makes of it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fa_core import metrics
from fa_core.experiments.alignment.conditions import Config
from fa_core.experiments.alignment.measures import PERCENTILES
from fa_core.results.tables import at, curve
from fa_core.show.style import OKABE_ITO, RULE_STYLE, Figure, band, figure, interval, reference

_RAW = {"color": OKABE_ITO["vermilion"], "linestyle": "-"}
_CENTRED = {"color": OKABE_ITO["blue"], "linestyle": "--"}


def noise_training(config: Config, table: pd.DataFrame) -> Figure:
    """The angles of hidden neurons before and after noise; their mean and the loss over steps."""
    with figure(3) as (fig, (left, middle, right)):
        shares = np.array(PERCENTILES) / 100
        for step, color, dash in ((0, "black", "--"), (config.steps, "vermilion", "-")):
            angles = [at(table, "FA", f"neuron_angle_{q}", step) for q in PERCENTILES]
            mean, low, high = interval(angles)
            (line,) = left.plot(mean, shares, color=OKABE_ITO[color], linestyle=dash, label=step)
            left.fill_betweenx(shares, low, high, color=line.get_color(), alpha=0.22, linewidth=0)
        left.axvline(90, color="#666666", linewidth=1, linestyle=":")
        left.legend(title="noise steps", loc="upper left")
        for rule in ("FA", "BP"):
            band(middle, curve(table, rule, "neuron_angle"), rule, **RULE_STYLE[rule])
            band(right, curve(table, rule, "loss"), rule, **RULE_STYLE[rule])
        reference(middle, 90, "90°: unrelated")
        reference(right, metrics.chance_loss(config.classes), "log K: chance", below=True)
        right.margins(y=0.14)  # room for that text
        middle.legend(loc="center right")
        left.set(
            title="Angles of hidden neurons, FA",
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
        for ax, name in ((neurons, "neuron_angle"), (matrix, "alignment_angle")):
            band(ax, curve(table, "FA", name), "raw", **_RAW)
            band(ax, curve(table, "FA", f"centred_{name}"), "class-centred", **_CENTRED)
            reference(ax, 90, "90°")
        expected = raw_from_centred(config, table).mean(axis=1)
        matrix.plot(
            expected.index, expected, "o", ms=3, color="black", label="raw, from centred and share"
        )
        band(share, curve(table, "FA", "mean_row_share"), "FA", **RULE_STYLE["FA"])
        reference(share, 1 / config.classes, "1/K")
        for rule in ("FA", "BP"):
            band(distance, curve(table, rule, "feedback_distance"), rule, **RULE_STYLE[rule])
        neurons.set(title="Mean over hidden neurons", ylabel="angle (degrees)")
        matrix.set(title="Whole matrix", ylabel="angle (degrees)")
        share.set(
            title=r"Share of $\Vert W_2\Vert^2$ in its mean row", ylabel="share", ylim=(0, None)
        )
        distance.set(
            title="Distance of $W_2$ from $B_2$", ylabel=r"$\Vert W_2 - B_2\Vert$", ylim=(0, None)
        )
        for ax in (neurons, matrix):
            ax.set_ylim(top=102)  # room for the legend
            ax.legend(fontsize=8, loc="upper left")
        distance.legend(fontsize=8)
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
