"""What chapter 3 reads off its table: gaps at one train loss, summary, findings."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy import stats

from fa_core.experiments.low_rank.conditions import Config, variants
from fa_core.experiments.shared.keys import slug
from fa_core.experiments.shared.noise_then_data import MAIN, QUIET, noise_name
from fa_core.results import samples
from fa_core.results.findings import Finding, Findings
from fa_core.results.tables import at, curve, last, where_reached

_RANKS = {"W₁": "weight_rank_1", "W₂": "weight_rank_2", "the features": "feature_rank"}


def gap(table: pd.DataFrame, condition: str) -> pd.DataFrame:
    """Generalisation gap (nats) at each record: test loss less train loss."""
    return curve(table, condition, "loss") - curve(table, condition, "train_loss")


def gap_at(table: pd.DataFrame, condition: str, level: pd.Series[float]) -> pd.Series[float]:
    """The gap where each network's train loss first falls to its own ``level``."""
    # Progress rises where a loss falls.
    return where_reached(gap(table, condition), -curve(table, condition, "train_loss"), -level)


def shared_level(table: pd.DataFrame, *names: str) -> pd.Series[float]:
    """The lowest train loss that all of these conditions reach, for each network."""
    return pd.concat([curve(table, name, "train_loss").min() for name in names], axis=1).max(axis=1)


def matched_gaps(table: pd.DataFrame, *names: str) -> list[pd.Series[float]]:
    """The gap of each condition at the lowest train loss that all of them reach."""
    level = shared_level(table, *names)
    return [gap_at(table, name, level) for name in names]


def rank_and_gap(table: pd.DataFrame) -> tuple[pd.Series[float], pd.Series[float]]:
    """Of each noise-trained FA network: rank of W₁ before data, gap at one train loss for all."""
    name = "noise then FA"
    level = curve(table, name, "train_loss").min()
    same = pd.Series(level.max(), index=level.index)
    return at(table, name, "weight_rank_1", 0), gap_at(table, name, same)


def summary(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """One row for each variant and rule: gaps without and with noise, at one step and matched."""
    rows = {}
    for title, _, prefix, *_ in variants(config):
        for rule in ("FA", "BP"):
            names = [f"{prefix}{rule}", f"{prefix}noise then {rule}"]
            end = [gap(table, name).iloc[-1].mean() for name in names]
            matched = [values.mean() for values in matched_gaps(table, *names)]
            rows[title, rule] = {
                ("gap, last step", "no noise"): end[0],
                ("gap, last step", "noise"): end[1],
                ("gap, same train loss", "no noise"): matched[0],
                ("gap, same train loss", "noise"): matched[1],
                ("train loss there", ""): shared_level(table, *names).mean(),
            }
    return pd.DataFrame.from_dict(rows, orient="index")


def correlation(
    claim: str, x: pd.Series[float], y: pd.Series[float], *, key: str = "", **bounds: float
) -> Finding:
    """Pearson's correlation over networks with Fisher's 95 % interval, as a finding."""
    found = stats.pearsonr(x, y)
    low, high = found.confidence_interval(0.95)
    expected = (bounds.get("above", -math.inf), bounds.get("below", math.inf))
    r, n = float(found.statistic), len(x)

    def tail(distance: float) -> float:  # of Fisher's z
        return float(stats.norm.sf(distance * math.sqrt(n - 3)))

    with np.errstate(divide="ignore"):  # a bound of 1 is infinitely far
        above, below = np.arctanh(np.clip(expected, -1, 1)).tolist()
    p = samples.p_of_region(math.atanh(r), above, below, tail)
    return Finding(claim, r, "correlation", low, high, n, expected, p, key)


def findings(config: Config, table: pd.DataFrame) -> Findings:
    """What the chapter claims, tested on the table; all differences are paired by network."""
    fa, noisy, bp, noisy_bp = MAIN
    noise = config.noise_steps
    mean, difference = Finding.of_mean, Finding.of_difference

    def turned(metric: str) -> tuple[pd.Series[float], pd.Series[float], str]:
        steps = [at(table, "noise: FA", metric, step) for step in (noise, 0)]
        return *steps, "effective rank"

    def learned(metric: str) -> tuple[pd.Series[float], pd.Series[float], str]:
        return *(last(table, name, metric) for name in (noisy, fa)), "effective rank"

    def matched(prefix: str, *names: str) -> tuple[pd.Series[float], pd.Series[float], str]:
        treated, control = matched_gaps(table, *(f"{prefix}{name}" for name in names))
        return treated, control, "nats"

    def accuracy(name: str) -> pd.Series[float]:
        return 100 * last(table, name)

    longest = noise_name(max(config.long_noise))
    ends = [gap(table, name).iloc[-1] for name in (noisy, fa)]
    rank, gaps = rank_and_gap(table)
    return Findings(
        [
            *(
                difference(
                    f"{noise} noise steps under FA lower the effective rank of {what}.",
                    *turned(metric),
                    below=0,
                    key=f"noise-lowers-{slug(metric)}",
                )
                for what, metric in _RANKS.items()
            ),
            *(
                difference(
                    f"After data, noise-trained FA has a lower rank of {what} than FA.",
                    *learned(metric),
                    below=0,
                    key=f"lower-after-data-{slug(metric)}",
                )
                for what, metric in _RANKS.items()
            ),
            difference(
                "At the last data step, FA with noise has the smaller gap.",
                *(*ends, "nats"),
                below=0,
                key="gap-at-the-end",
            ),
            *(
                difference(
                    f"At the same train loss, FA with noise has the smaller gap: {title}.",
                    *matched(prefix, noisy, fa),
                    below=0,
                    key=f"gap-matched-{key}",
                )
                for title, key, prefix, *_ in variants(config)
            ),
            difference(
                "At the same train loss, BP with noise has a smaller gap than BP.",
                *matched("", noisy_bp, bp),
                below=0,
                key="gap-matched-bp",
            ),
            difference(
                "At the same train loss, noise leaves a smaller gap than a quiet readout does.",
                *matched("", noisy, QUIET),
                below=0,
                key="gap-matched-quiet",
            ),
            correlation(
                "Networks with a lower rank of W₁ after noise have a smaller gap later.",
                *(rank, gaps),
                above=0,
                key="rank-goes-with-gap",
            ),
            mean(
                f"Very long noise training harms: accuracy is lower than after {noise} steps.",
                *(accuracy(longest) - accuracy(noisy), "percentage points"),
                below=0,
                key="long-noise-harms",
            ),
        ]
    )
