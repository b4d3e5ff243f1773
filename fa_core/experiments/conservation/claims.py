"""What the chapter "Why it works" reads off its table: findings."""

from __future__ import annotations

import pandas as pd

from fa_core.experiments.conservation import linear
from fa_core.experiments.conservation.conditions import (
    ADAM,
    BY_LAYER,
    EVEN,
    FIXED,
    MEAN,
    SGD,
    SILENT,
    SLOWER_MEAN,
    STARTS,
    Config,
    slow_name,
)
from fa_core.results.findings import Finding, Findings
from fa_core.results.tables import at, curve, last

RAW, CENTRED = "alignment_angle", "centred_alignment_angle"


# Shares of the steps after which the class-centred angle was about lowest in networks that are not
# reported, under "SGD by layer" with random labels and under Adam with labels 1/K. The lowest
# record of the reported ones would lie below the last one by that choice alone.
_TURN, _ADAMS_TURN = 0.4, 0.6


def record_at(config: Config, share: float) -> int:
    """The recorded step after about that share of all."""
    return round(share * config.records) * (config.steps // config.records)


def summary(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """One row for each optimiser and kind of labels: lowest and last mean angles (degrees)."""
    rows: dict[tuple[str, str], dict[str, float]] = {}
    for optimiser in (SGD, BY_LAYER, ADAM):
        for labels, name in (("random", optimiser), ("1/K", optimiser + EVEN)):
            row = rows[optimiser, labels] = {}
            for title, metric in (("raw", RAW), ("class-centred", CENTRED)):
                mean = curve(table, name, metric).mean(axis=1)
                row |= {f"{title}, lowest": mean.min(), f"{title}, last": mean.iloc[-1]}
    found = pd.DataFrame.from_dict(rows, orient="index")
    found.index.names = ["optimiser", "labels"]
    return found


def findings(config: Config, table: pd.DataFrame) -> Findings:
    """What the chapter claims, tested on the table; read at the last step unless it says so."""
    mean, difference = Finding.of_mean, Finding.of_difference
    slow, tenth = slow_name(config.ratio), min(STARTS, key=lambda name: STARTS[name])
    aligned = last(table, slow, "aligned")
    turn, adams_turn = record_at(config, _TURN), record_at(config, _ADAMS_TURN)
    apart = (
        curve(table, linear.NAME, "simulated_angle") - curve(table, linear.NAME, "predicted_angle")
    ).abs()

    def angle(condition: str, step: int = config.steps) -> pd.Series[float]:
        return at(table, condition, CENTRED, step)

    def lowest(condition: str) -> pd.Series[float]:
        return angle(condition, int(curve(table, condition, CENTRED).mean(axis=1).idxmin()))

    return Findings(
        [
            mean(
                "Under gradient descent both sides of the law agree, unit by unit, to a thousandth "
                "of growth and walk.",
                *(last(table, BY_LAYER, "misfit"), "of growth and walk"),
                below=1e-3,
                key="law-holds",
                primary=True,
            ),
            mean(
                "Under Adam, with its rate in the place of both layers' rates, they differ by more "
                "than a tenth.",
                *(last(table, ADAM, "misfit"), "of growth and walk"),
                above=0.1,
                key="law-fails-under-adam",
            ),
            difference(
                f"With rates {config.ratio:g} to 1 between the layers the lowest class-centred "
                "angle is lower than with equal rates.",
                *(lowest(BY_LAYER), lowest(SGD), "degrees"),
                below=0,
                key="layer-rates-lower-it",
            ),
            difference(
                "Slow gradient descent with such rates ends at an angle no more than 2 degrees "
                "above that of Adam.",
                *(angle(slow), angle(ADAM), "degrees"),
                below=2,
                key="as-low-as-adam",
            ),
            difference(
                "With random labels the class-centred angle under gradient descent rises again: "
                f"it is larger at the end than at step {turn}.",
                *(angle(BY_LAYER), angle(BY_LAYER, turn), "degrees"),
                above=0,
                key="random-labels-rebound",
            ),
            difference(
                "With labels 1/K it goes on falling over the same steps.",
                *(angle(BY_LAYER + EVEN), angle(BY_LAYER + EVEN, turn), "degrees"),
                below=0,
                key="even-labels-do-not",
            ),
            difference(
                "Under Adam it rises again with labels 1/K, too: it is larger at the end than at "
                f"step {adams_turn}.",
                *(angle(ADAM + EVEN), angle(ADAM + EVEN, adams_turn), "degrees"),
                above=0,
                key="even-labels-rebound-under-adam",
            ),
            mean(
                "A fixed label leaves less than half of the aligned part.",
                *(last(table, FIXED, "aligned") / aligned, "times that of random labels"),
                below=0.5,
                key="fixed-label-aligns-less",
            ),
            difference(
                "Inputs of mean 3 align W₂ more at a tenth of the rates than at the rates that "
                "serve inputs of mean 0.",
                *(angle(SLOWER_MEAN), angle(MEAN), "degrees"),
                below=0,
                key="large-mean-needs-small-steps",
            ),
            mean(
                f"With all initial weights times {STARTS[tenth]:g} less than a tenth of the "
                "aligned part is left.",
                *(last(table, tenth, "aligned") / aligned, "times that of weights as drawn"),
                below=0.1,
                key="small-start-hardly-aligns",
            ),
            mean(
                "So it is from W₂ = 0.",
                *(last(table, SILENT, "aligned") / aligned, "times that of weights as drawn"),
                below=0.1,
                key="zero-readout-hardly-aligns",
            ),
            mean(
                "The equation of the linear network predicts the angle of simulated ones to 1 "
                "degree, on the mean over steps.",
                *(apart.mean(), "degrees"),
                below=1,
                key="linear-theory-predicts",
            ),
        ]
    )
