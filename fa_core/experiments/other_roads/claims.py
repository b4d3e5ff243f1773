"""What the chapter "Other roads to alignment" reads off its table: a summary, and findings."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from fa_core.experiments.other_roads.conditions import (
    CONVOLUTIONS,
    FA,
    METHODS,
    SOFT,
    Config,
    Entry,
    layers,
)
from fa_core.experiments.shared.keys import slug
from fa_core.results.findings import Finding, Findings
from fa_core.results.tables import last

AREA_MARGIN = 2  # percentage points below BP that still count as comparable, as in chapter 2
_SCALES = {"accuracy": 100, "area": 100, "angle": 1, "update_angle": 1, "rank": 1}


def connected(config: Config) -> list[str]:
    """Names of the fully connected networks."""
    return [layers(depth) for depth in config.depths]


def mean_of(
    config: Config,
    table: pd.DataFrame,
    metric: str,
    method: str,
    noise: bool,
    nets: Sequence[str] = (),
) -> pd.Series[float]:
    """A metric's mean over tasks and ``nets`` (default: the fully connected ones), by network.

    Accuracy and area in percent, angles in degrees.
    """
    names = [
        str(Entry(method, noise, task, net))
        for task in config.sets
        for net in nets or connected(config)
    ]
    rows = pd.concat([last(table, name, metric) for name in names], axis=1)
    return _SCALES[metric] * rows.mean(axis=1)


def gain(
    config: Config, table: pd.DataFrame, method: str, nets: Sequence[str] = ()
) -> pd.Series[float]:
    """What noise adds to the area of a method (percentage points), by network."""
    noisy, plain = (mean_of(config, table, "area", method, way, nets) for way in (True, False))
    return noisy - plain


def summary(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """One row a method: what noise adds to its area, and its measures alone and after noise."""
    titles = {
        "area": "area, %",
        "accuracy": "last accuracy, %",
        "angle": "angle",
        "update_angle": "update angle",
        "rank": "rank of W₁",
    }
    rows: dict[str, dict[str, str]] = {}
    for method in METHODS:
        added = Finding.of_mean("", gain(config, table, method), "", above=0)
        *_, interval, _, _ = added.cells()
        rows[method] = {"noise adds to the area": f"{added.number} ({interval})"}
        for metric, title in titles.items():
            plain, noisy = (
                mean_of(config, table, metric, method, noise).mean() for noise in (False, True)
            )
            rows[method][title] = f"{plain:.1f}\u00a0→\u00a0{noisy:.1f}"
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("method")


def findings(config: Config, table: pd.DataFrame) -> Findings:
    """What the chapter claims; means over tasks and fully connected networks unless it says so."""
    mean, difference, points = Finding.of_mean, Finding.of_difference, "percentage points"
    shallow, deep = layers(config.depths[0]), layers(config.depths[-1])
    area = {
        (method, noise): mean_of(config, table, "area", method, noise)
        for method in METHODS
        for noise in (False, True)
    }
    found = [
        mean(
            f"Noise raises the area under the curve of {method}, each at its own rate.",
            *(gain(config, table, method), points),
            above=0,
            key=f"noise-helps-{slug(method)}",
            primary=method == FA,
        )
        for method in METHODS
    ]
    return Findings(
        [
            *found,
            difference(
                f"What noise adds to FA is more with {deep} than with {shallow}.",
                gain(config, table, FA, [deep]),
                gain(config, table, FA, [shallow]),
                points,
                above=0,
                key="noise-helps-more-in-depth",
            ),
            mean(
                "Noise raises the area of FA in the convolutional network.",
                *(gain(config, table, FA, [CONVOLUTIONS]), points),
                above=0,
                key="noise-helps-convolutions",
            ),
            difference(
                "Soft alignment without noise has a larger area than noise then FA.",
                *(area[SOFT, False], area[FA, True], points),
                above=0,
                key="soft-alignment-beats-noise",
            ),
            difference(
                "Sign-symmetry without noise has a larger area than noise then FA.",
                *(area["sign-symmetry", False], area[FA, True], points),
                above=0,
                key="signs-beat-noise",
            ),
            difference(
                f"The area of noise then FA is at most {AREA_MARGIN} points below that of BP.",
                *(area[FA, True], area["BP", False], points),
                above=-AREA_MARGIN,
                key="noise-then-fa-near-bp",
            ),
        ]
    )
