"""What chapter 4 reads off its table: gains at the last step and at equal accuracy, findings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from fa_core.experiments.robustness.conditions import (
    UNMOVED,
    Config,
    families,
    metric_name,
    severities,
)
from fa_core.experiments.shared.keys import slug
from fa_core.experiments.shared.noise_then_data import MAIN, QUIET
from fa_core.results.findings import Finding, Findings
from fa_core.results.tables import curve, where_reached

EVERY = "all shifts"  # the mean over families, each counting the same
_LOWEST = 0.5  # in-distribution accuracy, that curves over accuracy begin with

Panels = dict[str, dict[str, pd.DataFrame]]  # family of shifts, to label, to curves of networks


def shifted_accuracy(
    config: Config, table: pd.DataFrame, condition: str, family: str
) -> pd.DataFrame:
    """Mean accuracy over a family's shifts: a row for each step, a column for each network.

    ``family`` may also be ``all shifts``, or one shift, such as ``rotate 30``.
    """
    grouped = families(config)
    if family == EVERY:
        values = [shifted_accuracy(config, table, condition, each) for each in grouped]
    else:
        values = [curve(table, condition, metric) for metric in grouped.get(family, [family])]
    mean: pd.DataFrame = sum(values[1:], values[0]) / len(values)
    return mean


def gain(
    config: Config, table: pd.DataFrame, family: str, treated: str, control: str
) -> pd.Series[float]:
    """Accuracy on shifted images at the last step: treated less control, for each network."""
    ends = [shifted_accuracy(config, table, name, family).iloc[-1] for name in (treated, control)]
    return ends[0] - ends[1]


def shared_accuracy(table: pd.DataFrame, *names: str) -> pd.Series[float]:
    """The highest in-distribution accuracy that all of these conditions reach, by network."""
    return pd.concat([curve(table, name, "accuracy").max() for name in names], axis=1).min(axis=1)


def effective_gain(
    config: Config, table: pd.DataFrame, family: str, treated: str, control: str
) -> pd.Series[float]:
    """Effective robustness of treated over control, for each network (Taori et al. 2020).

    It is the difference between their accuracies on shifted images at the moments of training when
    their in-distribution accuracies are equal: at the highest that both reach.
    """
    level = shared_accuracy(table, treated, control)
    found = [
        where_reached(
            shifted_accuracy(config, table, name, family), curve(table, name, "accuracy"), level
        )
        for name in (treated, control)
    ]
    return found[0] - found[1]


def severity_curves(config: Config, table: pd.DataFrame) -> Panels:
    """Accuracy at the last step against severity, from images that are not moved on."""

    def against_severity(condition: str, family: str) -> pd.DataFrame:
        ends = {UNMOVED[family]: curve(table, condition, "accuracy").iloc[-1]}
        for severity in severities(config)[family]:
            ends[severity] = curve(table, condition, metric_name(family, severity)).iloc[-1]
        return pd.DataFrame(ends).T.sort_index()

    return {
        family: {name: against_severity(name, family) for name in MAIN}
        for family in severities(config)
    }


def accuracy_curves(config: Config, table: pd.DataFrame) -> Panels:
    """Accuracy on shifted images against in-distribution accuracy, as training raises both.

    The curve of a condition ends at the highest accuracy that all of its networks reach.
    """

    def against_accuracy(condition: str, family: str) -> pd.DataFrame:
        plain = curve(table, condition, "accuracy")
        errors = np.geomspace(1 - _LOWEST, 1 - plain.max().min(), 20)  # finer near the end
        values = shifted_accuracy(config, table, condition, family)
        return pd.DataFrame(
            {
                level: where_reached(values, plain, pd.Series(level, index=plain.columns))
                for level in 1 - errors
            }
        ).T

    return {
        family: {name: against_accuracy(name, family) for name in MAIN}
        for family in families(config)
    }


def gain_curves(config: Config, table: pd.DataFrame) -> Panels:
    """What noise gives FA against severity: at the last step, and what remains."""
    fa, noisy, *_ = MAIN
    ways = {"at the last step": gain, "at the same accuracy": effective_gain}
    return {
        family: {
            label: pd.DataFrame(
                {
                    severity: way(config, table, metric_name(family, severity), noisy, fa)
                    for severity in grid
                }
            ).T
            for label, way in ways.items()
        }
        for family, grid in severities(config).items()
    }


def summary(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """One row for each family: accuracies at the last step, gains of noise, what remains."""
    fa, noisy, *_ = MAIN
    ways = {"last step": gain, "same accuracy": effective_gain}
    rows = {}
    for family in (*families(config), EVERY):
        ends = {
            ("accuracy, %", name): shifted_accuracy(config, table, name, family).iloc[-1].mean()
            for name in MAIN
        }
        gains = {
            ("noise gives FA, points", label): way(config, table, family, noisy, fa).mean()
            for label, way in ways.items()
        }
        rows[family] = ends | gains
    return 100 * pd.DataFrame.from_dict(rows, orient="index").astype(float)


def findings(config: Config, table: pd.DataFrame) -> Findings:
    """What the chapter claims, tested on the table; all differences are paired by network."""
    fa, noisy, bp, noisy_bp = MAIN
    points = "percentage points"

    def tested(
        claim: str,
        how: Callable[..., pd.Series[float]],
        treated: str,
        control: str,
        family: str = EVERY,
        *,
        above: float,
        key: str,
    ) -> Finding:
        values = 100 * how(config, table, family, treated, control)
        return Finding.of_mean(claim, values, points, above=above, key=key)

    at_the_end, equal = gain(config, table, EVERY, noisy, fa), "At the same accuracy"
    remains = effective_gain(config, table, EVERY, noisy, fa)
    every_family = (*families(config), EVERY)
    return Findings(
        [
            *(
                tested(
                    f"At the last step FA with noise is the more robust: {family}.",
                    *(gain, noisy, fa, family),
                    above=0,
                    key=f"last-{slug(family)}",
                )
                for family in every_family
            ),
            *(
                tested(
                    f"{equal} FA with noise is the more robust: {family}.",
                    *(effective_gain, noisy, fa, family),
                    above=0,
                    key=f"equal-{slug(family)}",
                )
                for family in every_family
            ),
            Finding.of_mean(
                "A part of the gain is accuracy alone: it is smaller at the same accuracy.",
                *(100 * (at_the_end - remains), points),
                above=0,
                key="part-is-accuracy",
            ),
            tested(
                f"{equal} noise gives FA more than a quiet readout does.",
                *(effective_gain, noisy, QUIET),
                above=0,
                key="more-than-quiet",
            ),
            tested(
                f"{equal} BP is more robust than FA.",
                *(effective_gain, bp, fa),
                above=0,
                key="bp-more-than-fa",
            ),
            tested(
                f"{equal} FA with noise is more robust than BP.",
                *(effective_gain, noisy, bp),
                above=0,
                key="more-than-bp",
            ),
            tested(
                f"{equal} noise makes BP more robust, too.",
                *(effective_gain, noisy_bp, bp),
                above=0,
                key="bp-gains-too",
            ),
        ]
    )
