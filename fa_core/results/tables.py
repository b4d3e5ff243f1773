"""Reading tidy tables: one row for each condition, step, network and metric."""

from __future__ import annotations

import numpy as np
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


def last(table: pd.DataFrame, condition: str, metric: str = "accuracy") -> pd.Series[float]:
    """The last record of a metric: a number for each network."""
    return curve(table, condition, metric).iloc[-1]


def spectra(table: pd.DataFrame, condition: str, layer: int) -> pd.DataFrame:
    """Singular values of one layer: a row for each step and number, a column for each network."""
    rows = table[table["condition"] == condition]
    found = rows["metric"].str.extract(rf"^singular_value_{layer}_(\d+)$")[0].dropna()
    numbered = rows.loc[found.index].assign(number=found.astype(int))
    return numbered.pivot(index=["step", "number"], columns="network", values="value")


def steps_to(
    table: pd.DataFrame, condition: str, level: float, metric: str = "accuracy"
) -> pd.Series[float]:
    """The step at which a metric first reaches ``level``, for each network.

    Between two records the metric is taken as linear in the step. A network that never gets there
    counts as getting there at the last step: a gain is never made larger by it.
    """
    values = curve(table, condition, metric)
    steps = values.index.to_numpy(dtype=float)

    def first(column: pd.Series[float]) -> float:
        reached = np.flatnonzero(column >= level)
        if len(reached) == 0:
            return float(steps[-1])
        now = reached[0]
        if now == 0:
            return float(steps[0])
        before, after = column.iloc[now - 1], column.iloc[now]
        share = (level - before) / (after - before)
        return float(steps[now - 1] + share * (steps[now] - steps[now - 1]))

    return values.apply(first)


def where_reached(
    values: pd.DataFrame, progress: pd.DataFrame, level: pd.Series[float]
) -> pd.Series[float]:
    """Each network's value where its ``progress`` first reaches its own ``level``.

    Both tables have a row for each step and a column for each network. Between two records they
    are taken as linear in each other. Every network must reach its level.
    """

    def read(network: int) -> float:
        reached = progress[network].to_numpy() >= level[network]
        if not reached.any():
            raise ValueError(f"network {network} never reaches {level[network]:g}")
        now = int(np.argmax(reached))
        pair = slice(max(now - 1, 0), now + 1)
        return float(
            np.interp(level[network], progress[network].iloc[pair], values[network].iloc[pair])
        )

    return pd.Series({network: read(network) for network in level.index})
