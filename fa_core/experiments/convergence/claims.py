"""What the second part of chapter 2 reads off its table: accuracy once networks learn no more."""

from __future__ import annotations

import pandas as pd

from fa_core.experiments.convergence.conditions import Config, cells, title
from fa_core.experiments.shared.noise_then_data import MAIN, QUIET
from fa_core.results.findings import Finding, Findings
from fa_core.results.tables import last

WAYS = (*MAIN, QUIET)


def accuracies(config: Config, table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Final accuracy (%) of one way to learn: a row for each network, a column for each cell."""
    columns = {
        (data, depth): 100 * last(table, f"{prefix}{name}") for data, depth, prefix in cells(config)
    }
    return pd.DataFrame(columns)


def summary(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """One row for each data set and depth: mean final accuracies, and how many converged."""
    rows = {}
    for data, depth, prefix in sorted(cells(config), key=lambda cell: config.data.index(cell.data)):
        names = [f"{prefix}{way}" for way in WAYS]
        converged = [last(table, name, "converged").mean() for name in names]
        rows[title(data), depth] = {
            **{way: 100 * last(table, name).mean() for way, name in zip(WAYS, names, strict=True)},
            "converged": 100 * sum(converged) / len(converged),
        }
    found = pd.DataFrame.from_dict(rows, orient="index")
    found.index.names = ["data", "weight layers"]
    return found


def findings(config: Config, table: pd.DataFrame) -> Findings:
    """What the chapter claims, tested on the table; all differences are paired by network."""
    fa, noisy, quiet = (accuracies(config, table, name) for name in ("FA", "noise then FA", QUIET))
    gain, points = noisy - fa, "percentage points"
    least = gain.mean().idxmin()
    data, depth = least
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
                f"So it is where the mean gain is smallest: {title(data)}, {depth} weight layers.",
                *(gain[least], points),
                above=0,
                key="narrower-gap-everywhere",
                paper="Fig. 3, Table 1",
            ),
            Finding.of_difference(
                "After convergence FA is more accurate with noise than from W₂ divided by 10, on "
                "the mean over data sets and depths.",
                *(noisy.mean(axis=1), quiet.mean(axis=1), points),
                above=0,
                key="more-accurate-than-quiet",
            ),
        ]
    )
