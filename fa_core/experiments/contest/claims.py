"""What the tuned contest says: a summary for each depth, who wins what, and findings."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pandas as pd

from fa_core.experiments.contest.conditions import (
    CONTESTANTS,
    NOISE,
    SHORT,
    UNAIDED,
    ZERO,
    Config,
    Entry,
    conditions,
)
from fa_core.experiments.other_roads.conditions import layers
from fa_core.experiments.shared.derived import told_levels, told_steps
from fa_core.results.findings import Finding, Findings
from fa_core.results.tables import last

# Steps to the first level, the only one that all networks compared reach in the time given.
LEVEL = "steps_to_1"
ALL_STEPS = "all steps"  # the same, those on noise counted
_POINTS = "percentage points"
_MEASURES = {"area": "area", "last accuracy": "accuracy", "on shifted images": "shifted"}
# What one may want, the metric that says who has it, and whether more of it is better.
WISHES = {
    "fewest data steps": (LEVEL, False),
    "fewest steps in all": (ALL_STEPS, False),
    "best last accuracy": ("accuracy", True),
    "best on shifted images": ("shifted", True),
}


def mean_of(
    config: Config,
    table: pd.DataFrame,
    contestant: str,
    metric: str = "area",
    depths: Sequence[int] = (),
) -> pd.Series[float]:
    """A metric's mean over the sets and ``depths`` (default: all), network by network.

    Accuracies and areas in percent, steps in steps; ``ALL_STEPS`` counts those on noise too.
    """
    names = _names(config, contestant, depths)
    if metric == ALL_STEPS:
        known = conditions(config)
        rows = [last(table, name, LEVEL) + known[name].noise_steps for name in names]
    else:
        scale = 1 if metric.startswith("steps") else 100
        rows = [scale * last(table, name, metric) for name in names]
    return pd.concat(rows, axis=1).mean(axis=1)


def _names(config: Config, contestant: str, depths: Sequence[int]) -> list[str]:
    every = product(config.sets, depths or config.depths)
    return [str(Entry(contestant, data, depth)) for data, depth in every]


def by_depth(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """One row a contestant, a column for each measure and depth: means over sets and networks."""
    columns = {
        (f"{title}, %", layers(depth)): {
            name: mean_of(config, table, name, metric, [depth]).mean() for name in CONTESTANTS
        }
        for title, metric in _MEASURES.items()
        for depth in config.depths
    }
    return pd.DataFrame(columns)


def lead(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """What noise has over the readout of zeros, in percentage points: a row a measure."""

    def told(metric: str, depth: int) -> str:
        noise, zero = (mean_of(config, table, name, metric, [depth]) for name in (NOISE, ZERO))
        found = Finding.of_difference("", noise, zero, _POINTS, above=0)
        *_, interval, _, _ = found.cells()
        return f"{found.number} ({interval})"

    columns = {
        layers(depth): {title: told(metric, depth) for title, metric in _MEASURES.items()}
        for depth in config.depths
    }
    return pd.DataFrame(columns)


def steps_to_levels(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """One row a contestant: data steps to each level, and with the noise steps in brackets."""
    known = conditions(config)
    rows: dict[str, dict[str, str]] = {name: {} for name in CONTESTANTS}
    for contestant, row in rows.items():
        names = _names(config, contestant, ())
        noise = sum(known[name].noise_steps for name in names) / len(names)
        for number in (1, 2, 3):
            steps = [last(table, name, f"steps_to_{number}") for name in names]
            title = f"steps to {told_levels(config.levels, number)}"
            row[title] = told_steps(steps, config.steps, noise)
    return pd.DataFrame.from_dict(rows, orient="index")


def decisions(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """Who has most of what one may want: a row a wish, a column a depth.

    Neither those that copy weights nor those that read the feedback take part. Beside the best
    stand all that cannot be told from it: the 95 % interval of their paired difference from it
    holds 0.
    """
    columns = {
        layers(depth): {
            wish: _best(config, table, metric, more, depth)
            for wish, (metric, more) in WISHES.items()
        }
        for depth in config.depths
    }
    return pd.DataFrame(columns).rename_axis("wish")


def _best(config: Config, table: pd.DataFrame, metric: str, more: bool, depth: int) -> str:
    values = {name: mean_of(config, table, name, metric, [depth]) for name in UNAIDED}
    means = {name: series.mean() for name, series in values.items()}
    best = (max if more else min)(means, key=means.__getitem__)

    def as_good(name: str) -> bool:
        found = Finding.of_difference("", values[name], values[best], "", above=0)
        return found.low <= 0 <= found.high

    others = [name for name in UNAIDED if name != best and as_good(name)]
    return "; ".join([best, *others])


def findings(config: Config, table: pd.DataFrame) -> Findings:
    """What the chapter claims; means over sets and depths unless it says so."""
    difference = Finding.of_difference

    def more(claim: str, treated: str, control: str, key: str, metric: str = "area") -> Finding:
        return difference(
            claim,
            mean_of(config, table, treated, metric),
            mean_of(config, table, control, metric),
            _POINTS,
            above=0,
            key=key,
            primary=key == "noise-beats-zero",
        )

    return Findings(
        [
            more(
                "Each at the settings it chose, noise then FA has a larger area under the curve "
                "than FA from a readout of zeros.",
                *(NOISE, ZERO, "noise-beats-zero"),
            ),
            *(
                difference(
                    f"With {layers(depth)} noise then FA has a larger area than FA from a readout "
                    "of zeros.",
                    mean_of(config, table, NOISE, depths=[depth]),
                    mean_of(config, table, ZERO, depths=[depth]),
                    _POINTS,
                    above=0,
                    key=f"noise-beats-zero-{kind}",
                )
                for kind, depth in (("shallow", config.depths[0]), ("deep", config.depths[-1]))
            ),
            Finding.of_mean(
                f"Short noise then FA reaches {told_levels(config.levels, 1)} in fewer steps than "
                "FA from a readout of zeros, noise steps counted.",
                mean_of(config, table, SHORT, ALL_STEPS) / mean_of(config, table, ZERO, ALL_STEPS),
                "times the steps",
                below=1,
                key="short-noise-pays",
            ),
            more(
                "Noise then FA has a higher last accuracy than FA from a readout of zeros.",
                *(NOISE, ZERO, "noise-ends-higher", "accuracy"),
            ),
            more(
                "Noise then FA has a higher accuracy on shifted images than FA from zeros.",
                *(NOISE, ZERO, "noise-more-robust", "shifted"),
            ),
        ]
    )
