"""Figures of chapter 1: what noise training does."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fa_core import _checks
from fa_core.results.tables import curve
from fa_core.show.style import RULE_STYLE, Figure, band, figure, reference


def noise_training(table: pd.DataFrame, classes: int) -> Figure:
    """Angle, loss and mean readout probabilities over noise steps, under FA and BP."""
    _checks.integer("classes", classes, 2)
    with figure(3) as (fig, (left, middle, right)):
        for rule in ("FA", "BP"):
            style = RULE_STYLE[rule]
            band(left, curve(table, rule, "alignment_angle_2"), rule, **style)
            band(middle, curve(table, rule, "loss"), rule, **style)
        reference(left, 90, "90°: unrelated")
        reference(middle, np.log(classes), "log K: chance", below=True)
        middle.margins(y=0.14)  # room for that text
        for k in range(classes):
            readout = curve(table, "FA", f"readout_{k}")
            right.plot(readout.index, readout, color=RULE_STYLE["FA"]["color"], alpha=0.15, lw=0.8)
        reference(right, 1 / classes, "1/K")
        left.set(title="Angle of $W_2$ to $B_2$", ylabel="degrees")
        middle.set(title="Loss on unseen noise", ylabel="cross-entropy (nats)")
        right.set(title="Mean readouts, FA", ylabel="probability", ylim=(0, None))
        for ax in (left, middle, right):
            ax.set_xlabel("noise steps")
        left.legend(loc="center right")
    return fig
