"""What the factorial says: shares of the effect, and findings."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import pandas as pd

from fa_core.experiments.factorial.conditions import (
    EVEN,
    GAP,
    NOISE,
    OTHER_FEEDBACK,
    PERMUTED,
    START_ANGLE,
    START_NORM,
    UNDER_BP,
    Cell,
    Config,
    name_of,
)
from fa_core.experiments.shared.derived import AREA, told_levels, told_steps
from fa_core.results.findings import Finding, Findings
from fa_core.results.tables import last

SCALE, ALIGNMENT, BELOW, REST = "scale of W₂", "angle of W₂", "W₁", "the rest"
FACTORS = (SCALE, ALIGNMENT, BELOW)
_POINTS = "percentage points"


def mean_of(
    config: Config, table: pd.DataFrame, start: Cell | str, metric: str = AREA
) -> pd.Series[float]:
    """A metric at the last step, its mean over the data sets, network by network."""
    rows = [last(table, name_of(start, data), metric) for data in config.sets]
    return pd.concat(rows, axis=1).mean(axis=1)


def plain(config: Config) -> Cell:
    """The start that FA has without noise."""
    return Cell(1, config.angles[0], False)


def silent(config: Config) -> Cell:
    """W2 = 0."""
    return Cell(0, config.angles[0], False)


def shares(
    config: Config, value: Callable[[Cell | str], pd.Series[float]]
) -> dict[str, pd.Series[float]]:
    """How much of the effect of noise each factor makes, network by network; they sum to it.

    A factor's share is what its change adds, the mean over all orders in which the three can be
    changed (Shapley 1953). The rest is what the start that noise gives is worth beyond a start by
    hand of about its norm and angle, upon the same W1.

    Args:
        value: what a start is worth.
    """
    norm, angle = config.own

    def worth(changed: set[str]) -> pd.Series[float]:
        return value(
            Cell(
                norm if SCALE in changed else 1,
                angle if ALIGNMENT in changed else config.angles[0],
                BELOW in changed,
            )
        )

    found: dict[str, list[pd.Series[float]]] = {factor: [] for factor in FACTORS}
    for order in permutations(FACTORS):
        for number, factor in enumerate(order):
            before = set(order[:number])
            found[factor].append(worth(before | {factor}) - worth(before))
    means = {factor: sum(parts[1:], parts[0]) / len(parts) for factor, parts in found.items()}
    return means | {REST: value(NOISE) - worth(set(FACTORS))}


def area_shares(config: Config, table: pd.DataFrame) -> dict[str, pd.Series[float]]:
    """Shares of what noise adds to the area under the curve, percentage points."""
    return shares(config, lambda start: 100 * mean_of(config, table, start))


def summary(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """One row a start: its norm and angle, and what came of it; means over sets and networks."""
    norm, angle = config.own
    rows: dict[str, Cell | str] = {
        "as drawn": plain(config),
        "W₂ = 0": silent(config),
        "norm and angle of noise": Cell(norm, angle, False),
        "the same upon noise-trained W₁": Cell(norm, angle, True),
        "noise": NOISE,
        **{f"noise, scaled to {norm:g}": name for name, norm in config.rescaled().items()},
        "noise, columns of W₂ permuted": PERMUTED,
        "noise, new feedback": OTHER_FEEDBACK,
        "noise under BP": UNDER_BP,
        "noise, labels 1/K": EVEN,
    }
    metrics = {
        "norm": (START_NORM, 1, ".2f"),
        "angle": (START_ANGLE, 1, ".0f"),
        "area, %": (AREA, 100, ".1f"),
        "last accuracy, %": ("accuracy", 100, ".1f"),
        "gap at the same train loss, nats": (GAP, 1, ".3f"),
    }
    found: dict[str, dict[str, str]] = {}
    for label, start in rows.items():
        found[label] = {
            title: f"{factor * mean_of(config, table, start, metric).mean():{digits}}"
            for title, (metric, factor, digits) in metrics.items()
            if (start, metric) != (silent(config), START_ANGLE)
        }
        for number in (1, 2, 3):
            names = [name_of(start, data) for data in config.sets]
            steps = [last(table, name, f"steps_to_{number}") for name in names]
            title = f"steps to {told_levels(config.levels, number)}"
            found[label][title] = told_steps(steps, config.steps)
    return pd.DataFrame.from_dict(found, orient="index").fillna("–")


def findings(config: Config, table: pd.DataFrame) -> Findings:
    """What the chapter claims of starts; means over the data sets, all at one rate."""
    of_area = area_shares(config, table)

    def share(factor: str, key: str) -> Finding:
        return Finding.of_mean(
            f"Of what noise adds to the area, the share of {factor} is above 0.",
            *(of_area[factor], _POINTS),
            above=0,
            key=key,
        )

    return Findings(
        [
            share(SCALE, "share-of-scale"),
            share(ALIGNMENT, "share-of-angle"),
            share(BELOW, "share-of-w1"),
            share(REST, "share-of-rest"),
            Finding.of_difference(
                "At this one rate noise gives a larger area than W₂ = 0.",
                100 * mean_of(config, table, NOISE),
                100 * mean_of(config, table, silent(config)),
                _POINTS,
                above=0,
                key="noise-beats-zero-at-one-rate",
            ),
            Finding.of_difference(
                "At the same train loss the gap is smaller after noise than from W₂ = 0.",
                mean_of(config, table, NOISE, "gap"),
                mean_of(config, table, silent(config), "gap"),
                "nats",
                below=0,
                key="smaller-gap-than-zero",
            ),
        ]
    )
