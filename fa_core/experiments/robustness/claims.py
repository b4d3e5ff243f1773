"""What chapter 4 reads off its table: gains at the last step and at equal accuracy, findings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from fa_core.experiments.robustness.conditions import (
    UNMOVED,
    Config,
    families,
    metric_name,
    severities,
)
from fa_core.experiments.shared.noise_then_data import MAIN, QUIET
from fa_core.results.findings import Finding, Findings
from fa_core.results.tables import curve, last, where_reached

ALL_SHIFTS = "all shifts"  # the mean over rotate, scale and translate, each counting the same
NEAR_BP = 1  # percentage points below BP that still count as near it
_LOWEST = 0.5  # in-distribution accuracy, that curves over accuracy begin with

Panels = dict[str, dict[str, pd.DataFrame]]  # family of shifts, to label, to curves of networks
Gain = Callable[[pd.DataFrame, str, str, str], "pd.Series[float]"]


def shifted_accuracy(table: pd.DataFrame, condition: str, family: str) -> pd.DataFrame:
    """Mean accuracy over a family's shifts: a row for each step, a column for each network.

    ``family`` may also be ``all shifts``, or one shift, such as ``rotate 30``.
    """
    parts = UNMOVED if family == ALL_SHIFTS else [family]
    values = [curve(table, condition, part) for part in parts]
    mean: pd.DataFrame = sum(values[1:], values[0]) / len(values)
    return mean


def last_gain(table: pd.DataFrame, family: str, treated: str, control: str) -> pd.Series[float]:
    """Accuracy on shifted images at the last step: treated less control, for each network."""
    ends = [shifted_accuracy(table, name, family).iloc[-1] for name in (treated, control)]
    return ends[0] - ends[1]


def shared_accuracy(table: pd.DataFrame, *names: str) -> pd.Series[float]:
    """The highest in-distribution accuracy that all of these conditions reach, by network."""
    return pd.concat([curve(table, name, "accuracy").max() for name in names], axis=1).min(axis=1)


def matched_gain(table: pd.DataFrame, family: str, treated: str, control: str) -> pd.Series[float]:
    """Accuracy on shifted images at equal accuracy: treated less control, for each network.

    Each is read at the moment of its training when its accuracy on images that are not shifted
    first reaches the highest that both reach.
    """
    level = shared_accuracy(table, treated, control)
    found = [
        where_reached(shifted_accuracy(table, name, family), curve(table, name, "accuracy"), level)
        for name in (treated, control)
    ]
    return found[0] - found[1]


WAYS: dict[str, Gain] = {"at the last step": last_gain, "at equal accuracy": matched_gain}


def severity_curves(config: Config, table: pd.DataFrame) -> Panels:
    """Accuracy at the last step against severity, from images that are not moved on."""

    def against_severity(condition: str, family: str) -> pd.DataFrame:
        ends = {UNMOVED[family]: last(table, condition)}
        for severity in severities(config)[family]:
            ends[severity] = last(table, condition, metric_name(family, severity))
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
        values = shifted_accuracy(table, condition, family)
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


def noise_gains(config: Config, table: pd.DataFrame) -> dict[str, dict[str, pd.Series[float]]]:
    """What noise gives FA in each family, in percentage points: by way of comparing, by family."""
    fa, noisy, *_ = MAIN
    return {
        way: {family: 100 * gain(table, family, noisy, fa) for family in families(config)}
        for way, gain in WAYS.items()
    }


def gains_at_the_end(config: Config, table: pd.DataFrame) -> dict[str, dict[str, pd.Series[float]]]:
    """What noise, and what the quiet readout, gives FA at the last step, in percentage points."""
    return {
        start: {f: 100 * last_gain(table, f, start, "FA") for f in families(config)}
        for start in ("noise then FA", QUIET)
    }


def summary(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """One row for each family: gains of noise both ways, accuracies at the last step; in %."""
    fa, noisy, *_ = MAIN
    rows = {}
    for family in (*families(config), ALL_SHIFTS):
        ends = {
            ("accuracy, %", name): shifted_accuracy(table, name, family).iloc[-1].mean()
            for name in MAIN
        }
        gains = {
            ("noise gives FA, points", way): gain(table, family, noisy, fa).mean()
            for way, gain in WAYS.items()
        }
        rows[family] = gains | ends
    return 100 * pd.DataFrame.from_dict(rows, orient="index").astype(float)


def findings(config: Config, table: pd.DataFrame) -> Findings:
    """What the chapter claims, tested on the table; all differences are paired by network."""
    fa, noisy, bp, noisy_bp = MAIN
    points = "percentage points"
    more, noisy_bp_is = "FA after noise is more accurate than FA", "BP after noise is more accurate"
    shifted = "on shifted images (mean of three families)"
    families_of_paper = {"translated": "translate", "scaled": "scale", "rotated": "rotate"}

    def tested(
        key: str,
        claim: str,
        gain: Gain,
        treated: str = noisy,
        control: str = fa,
        family: str = ALL_SHIFTS,
        above: float = 0,
        **whose: Any,
    ) -> Finding:
        values = 100 * gain(table, family, treated, control)
        return Finding.of_mean(claim, values, points, above=above, key=key, **whose)

    def on_usps(key: str, when: str, gain: Gain, **whose: Any) -> list[Finding]:
        if not config.other_data:
            return []
        claim = f"{when} {more} on {config.other_data.upper()}."
        return [tested(key, claim, gain, family=config.other_data, **whose)]

    at_the_end, equal = "At the last step", "At equal accuracy"
    explained = last_gain(table, ALL_SHIFTS, noisy, fa) - matched_gain(table, ALL_SHIFTS, noisy, fa)
    return Findings(
        [
            tested(
                *("more-robust", f"{at_the_end} {more} {shifted}.", last_gain),
                paper="Fig. 5b",
                primary=True,
            ),
            *(
                tested(
                    *(key, f"{at_the_end} {more} on {key} images.", last_gain),
                    family=family,
                    paper="Fig. 5b",
                )
                for key, family in families_of_paper.items()
            ),
            *on_usps("usps", at_the_end, last_gain, paper="Fig. 5c"),
            tested(
                "more-robust-than-quiet",
                f"{at_the_end} FA after noise is more accurate than FA from a quiet readout "
                f"{shifted}.",
                *(last_gain, noisy, QUIET),
            ),
            tested("matched-shifts", f"{equal} {more} {shifted}.", matched_gain),
            *on_usps("matched-usps", equal, matched_gain),
            Finding.of_mean(
                f"What noise gives FA {shifted} is less at equal accuracy than at the last step.",
                *(100 * explained, points),
                above=0,
                key="part-is-accuracy",
            ),
            tested(
                "matched-quiet",
                f"{equal} FA after noise is more accurate than FA from a quiet readout {shifted}.",
                *(matched_gain, noisy, QUIET),
            ),
            tested(
                "matched-near-bp",
                f"{equal} FA after noise is at most {NEAR_BP} percentage point below BP {shifted}.",
                *(matched_gain, noisy, bp),
                above=-NEAR_BP,
            ),
            tested(
                *("bp-gains-too", f"{at_the_end} {noisy_bp_is} than BP {shifted}.", last_gain),
                *(noisy_bp, bp),
                paper="Discussion",
            ),
        ]
    )
