"""What the second part of chapter 2 reads off its table: accuracy once networks learn no more."""

from __future__ import annotations

import pandas as pd

from fa_core.experiments.convergence.conditions import Config, cells, title
from fa_core.experiments.shared.noise_then_data import MAIN
from fa_core.results.findings import Finding, Findings
from fa_core.results.tables import last


def accuracies(config: Config, table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Final accuracy (%) of one way to learn: a row for each network, a column for each cell."""
    columns = {
        (data, depth): 100 * last(table, f"{prefix}{name}") for data, depth, prefix in cells(config)
    }
    return pd.DataFrame(columns)


def summary(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """One row for each data set and depth: final accuracies and how they were come by."""
    rows = {}
    for cell in sorted(cells(config), key=lambda cell: config.data.index(cell.data)):
        names = {name: f"{cell.prefix}{name}" for name in MAIN}
        rows[cell.title, cell.depth] = {
            **{
                ("accuracy, %", name): 100 * last(table, full).mean()
                for name, full in names.items()
            },
            **{
                ("train loss, nats", name): last(table, full, "train_loss").mean()
                for name, full in names.items()
            },
            ("networks that converged, %", ""): 100
            * sum(last(table, full, "converged").mean() for full in names.values())
            / len(names),
        }
    found = pd.DataFrame.from_dict(rows, orient="index")
    found.index.names = ["data", "weight layers"]
    return found


def findings(config: Config, table: pd.DataFrame) -> Findings:
    """What the chapter claims, tested on the table; all differences are paired by network."""
    fa, noisy, bp, noisy_bp = (accuracies(config, table, name) for name in MAIN)
    points = "percentage points"
    gain = noisy - fa
    least = gain.mean().idxmin()
    share = (noisy - fa).mean(axis=1) / (bp - fa).mean(axis=1)
    return Findings(
        [
            Finding.of_mean(
                "After convergence FA is more accurate with noise than without, on the mean over "
                "data sets and depths.",
                *(gain.mean(axis=1), points),
                above=0,
                key="narrower-gap",
                paper="Fig. 3, Table 1",
            ),
            Finding.of_mean(
                "So it is where noise helps least: the data set and depth with the smallest mean "
                f"gain ({title(str(least[0]))}, {least[1]} layers).",
                *(gain[least], points),
                above=0,
                key="narrower-gap-everywhere",
                paper="Fig. 3, Table 1",
            ),
            Finding.of_mean(
                "Noise closes at least half of the gap between FA and BP, on the mean over data "
                "sets and depths.",
                *(share, "of the gap"),
                above=0.5,
                key="half-of-the-gap",
            ),
            Finding.of_mean(
                "After convergence BP, too, is more accurate with noise, on the mean over data "
                "sets and depths.",
                *((noisy_bp - bp).mean(axis=1), points),
                above=0,
                key="bp-more-accurate",
            ),
        ]
    )
