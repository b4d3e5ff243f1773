"""What the chapter "Why it works" reads off its table: findings."""

from __future__ import annotations

import pandas as pd

from fa_core.experiments.conservation import linear
from fa_core.experiments.conservation.conditions import (
    ADAM,
    BY_LAYER,
    EVEN,
    SGD,
    SLOWER_MEAN,
    Config,
    slow_name,
)
from fa_core.experiments.shared.small_starts import SCALES, SILENT, TENTH
from fa_core.results.findings import Finding, Findings
from fa_core.results.tables import at, curve, last

RAW, CENTRED = "alignment_angle", "centred_alignment_angle"


# Shares of the steps after which the class-centred angle was about lowest in networks that are not
# reported: under "SGD by layer" with random labels, and with labels 1/K under SGD and Adam. The
# lowest record of the reported ones would lie below the last one by that choice alone.
_TURN, _LATE_TURN = 0.4, 0.6


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
    unequal, equal = slow_name(config.ratio), slow_name(1)
    turn, late_turn = record_at(config, _TURN), record_at(config, _LATE_TURN)
    simulated, predicted = (
        curve(table, linear.NAME, f"{kind}_angle") for kind in ("simulated", "predicted")
    )

    def angle(condition: str, step: int = config.steps) -> pd.Series[float]:
        return at(table, condition, CENTRED, step)

    def rise(condition: str, start: int) -> pd.Series[float]:
        return angle(condition) - angle(condition, start)

    return Findings(
        [
            difference(
                "Under gradient descent with rates by layer random labels make the class-centred "
                f"angle rise more than labels 1/K do, from step {turn} to the end.",
                *(rise(BY_LAYER, turn), rise(BY_LAYER + EVEN, turn), "degrees"),
                above=0,
                key="label-noise-raises-it",
                primary=True,
            ),
            mean(
                "With random labels it rises over these steps.",
                *(rise(BY_LAYER, turn), "degrees"),
                above=0,
                key="random-labels-rebound",
            ),
            mean(
                f"With labels 1/K and equal rates it rises, too, from step {late_turn} to the end.",
                *(rise(SGD + EVEN, late_turn), "degrees"),
                above=0,
                key="even-labels-rebound-at-equal-rates",
            ),
            mean(
                "So it does with labels 1/K under Adam.",
                *(rise(ADAM + EVEN, late_turn), "degrees"),
                above=0,
                key="even-labels-rebound-under-adam",
            ),
            mean(
                "Under gradient descent both sides of the law agree, unit by unit, to a thousandth "
                "of growth and walk.",
                *(last(table, BY_LAYER, "misfit"), "of growth and walk"),
                below=1e-3,
                key="law-holds",
            ),
            mean(
                "Under Adam, with its rate in the place of both layers' rates, they differ by more "
                "than a tenth.",
                *(last(table, ADAM, "misfit"), "of growth and walk"),
                above=0.1,
                key="law-fails-under-adam",
            ),
            difference(
                f"Slow gradient descent with rates {config.ratio:g} to 1 ends at a raw angle no "
                "more than 2 degrees above that of Adam.",
                *(last(table, unequal, RAW), last(table, ADAM, RAW), "degrees"),
                below=2,
                key="raw-as-low-as-adam",
            ),
            difference(
                "With equal rates it ends at a class-centred angle no more than 2 degrees above "
                "that of Adam.",
                *(angle(equal), angle(ADAM), "degrees"),
                below=2,
                key="centred-as-low-as-adam",
            ),
            mean(
                "Inputs of mean 3 turn W₂ towards B₂ at a tenth of the slow rates.",
                *(rise(SLOWER_MEAN, 0), "degrees"),
                below=0,
                key="large-mean-needs-small-steps",
            ),
            difference(
                f"With all initial weights times {SCALES[TENTH]:g} the angle ends lower with "
                "labels 1/K than with random ones.",
                *(angle(TENTH + EVEN), angle(TENTH), "degrees"),
                below=0,
                key="small-start-loses-to-label-noise",
            ),
            mean(
                "From W₂ = 0 random labels turn W₂ away from B₂: the angle ends above 90 degrees.",
                *(angle(SILENT), "degrees"),
                above=90,
                key="zero-readout-turns-away",
            ),
            mean(
                "The equation of the linear network predicts the angle of simulated ones to 1 "
                "degree, on the mean over steps.",
                *((simulated - predicted).abs().mean(), "degrees"),
                below=1,
                key="linear-theory-predicts",
            ),
        ]
    )
