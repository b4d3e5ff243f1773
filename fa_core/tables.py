"""Reading tidy tables: one row for each condition, step, network and metric."""

from __future__ import annotations

import pandas as pd


def curve(table: pd.DataFrame, condition: str, metric: str) -> pd.DataFrame:
    """One metric of one condition: a row for each step, a column for each network.

    Raises:
        KeyError: no such condition or metric; names those there are.
    """
    for name, value in (("condition", condition), ("metric", metric)):
        known = table[name].unique()
        if value not in known:
            raise KeyError(f"{name} must be one of {', '.join(known)}; got {value!r}")
    rows = table[(table["condition"] == condition) & (table["metric"] == metric)]
    return rows.pivot(index="step", columns="network", values="value")


def at(table: pd.DataFrame, condition: str, metric: str, step: int) -> pd.Series[float]:
    """One metric of one condition at one step: a number for each network."""
    steps = curve(table, condition, metric)
    if step not in steps.index:
        raise KeyError(f"step must be one of {list(steps.index)}; got {step}")
    return steps.loc[step]
