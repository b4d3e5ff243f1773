"""Reading tidy tables: one row for each condition, step, network and metric."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.integrate import trapezoid

from fa_core import _checks

ROW = ["condition", "metric", "step"]
TIDY = ["condition", "step", "network", "metric", "value"]


def _has_columns(table: object) -> pd.DataFrame:
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"table must be a pandas DataFrame, got {type(table).__name__}")
    missing = [name for name in TIDY if name not in table.columns]
    if missing:
        raise ValueError(f"table must have the columns {', '.join(TIDY)}; it lacks {missing}")
    return table


def check_table(table: object) -> pd.DataFrame:
    """Returns ``table`` if it is a tidy one: each network once in each row, its values numbers."""
    tidy = _has_columns(table)
    for name, kind, kinds in (("network", "integers", "iu"), ("value", "numbers", "iuf")):
        if tidy[name].dtype.kind not in kinds:
            raise TypeError(f"table: {name} must be {kind}, got {tidy[name].dtype}")
    twice = tidy[tidy.duplicated([*ROW, "network"])]
    if len(twice):
        first = twice.iloc[0][[*ROW, "network"]].to_dict()
        raise ValueError(f"table must hold each network once in each row; twice there: {first}")
    return tidy


def curve(table: pd.DataFrame, condition: str, metric: str) -> pd.DataFrame:
    """One metric of one condition: a row for each step, a column for each network.

    Raises:
        TypeError, ValueError: a table that is not tidy.
        KeyError: no such condition or metric, or not both together; names those there are.
    """
    rows = _rows(_has_columns(table), "condition", condition)
    return _rows(rows, "metric", metric).pivot(index="step", columns="network", values="value")


def _rows(table: pd.DataFrame, column: str, value: str) -> pd.DataFrame:
    rows = table[table[column] == value]
    if rows.empty:
        known = ", ".join(map(str, table[column].unique()))
        raise KeyError(f"{column} must be one of {known}; got {value!r}")
    return rows


def at(table: pd.DataFrame, condition: str, metric: str, step: int) -> pd.Series[float]:
    """One metric of one condition at one step: a number for each network.

    Raises:
        KeyError: no such condition, metric or step; names those there are.
    """
    steps = curve(table, condition, metric)
    if step not in steps.index:
        raise KeyError(f"step must be one of {list(steps.index)}; got {step}")
    return steps.loc[step]


def last(table: pd.DataFrame, condition: str, metric: str = "accuracy") -> pd.Series[float]:
    """The last record of a metric: a number for each network; raises as :func:`curve`."""
    return curve(table, condition, metric).iloc[-1]


def area(table: pd.DataFrame, condition: str, metric: str = "accuracy") -> pd.Series[float]:
    """Area under a metric's curve over steps, divided by their number: its mean over training.

    Between two records the metric is taken as linear in the step. Raises as :func:`curve`.
    """
    values = curve(table, condition, metric)
    steps = values.index.to_numpy(dtype=float)
    mean = trapezoid(values, steps, axis=0) / (steps[-1] - steps[0])
    return pd.Series(mean, index=values.columns)


def never_reached(
    table: pd.DataFrame, condition: str, level: float, metric: str = "accuracy"
) -> int:
    """How many networks never reach ``level``; :func:`steps_to` gives too few steps for them."""
    _checks.number("level", level)
    return int((curve(table, condition, metric) < level).all().sum())


def spectra(table: pd.DataFrame, condition: str, layer: int) -> pd.DataFrame:
    """Singular values of one layer: a row for each step and number, a column for each network.

    Raises:
        KeyError: no such condition, or no singular values of that layer are in it.
    """
    rows = _rows(_has_columns(table), "condition", condition)
    found = rows["metric"].str.extract(rf"^singular_value_{layer}_(\d+)$")[0].dropna()
    if found.empty:
        raise KeyError(f"layer must be one whose singular values {condition!r} holds; got {layer}")
    numbered = rows.loc[found.index].assign(number=found.astype(int))
    return numbered.pivot(index=["step", "number"], columns="network", values="value")


def steps_to(
    table: pd.DataFrame, condition: str, level: float, metric: str = "accuracy"
) -> pd.Series[float]:
    """The step at which a metric first reaches ``level``, for each network.

    Between two records the metric is taken as linear in the step. A network that never gets there
    counts as getting there at the last step: a gain is never made larger by it.

    Raises:
        TypeError, ValueError: a level that is no finite number.
        KeyError: as :func:`curve`.
    """
    _checks.number("level", level)
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
    are taken as linear in each other.

    Raises:
        ValueError: steps or networks of the arguments differ, or a network never reaches its level.
    """
    if not values.index.equals(progress.index):
        raise ValueError(
            f"values and progress must have the same steps, "
            f"got {list(values.index)} and {list(progress.index)}"
        )
    for name, networks in (("values", values.columns), ("progress", progress.columns)):
        if lacking := set(level.index) - set(networks):
            raise ValueError(f"{name} must have each network of level, it lacks {sorted(lacking)}")

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
