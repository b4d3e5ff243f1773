"""Metrics that are worked out from a condition's table, so that the table need not keep curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from fa_core.results.tables import area, steps_to

AREA = "area"


def append(table: pd.DataFrame, found: Mapping[str, pd.Series[float]]) -> pd.DataFrame:
    """One condition's table with further metrics at its last step, each a number by network."""
    (name,) = table["condition"].unique()
    rows = [
        values.rename("value").rename_axis("network").reset_index().assign(metric=metric)
        for metric, values in found.items()
    ]
    added = pd.concat(rows).assign(step=table["step"].max(), condition=name)
    return pd.concat([table, added], ignore_index=True)


def areas_and_steps(
    table: pd.DataFrame, levels: Sequence[float] = ()
) -> dict[str, pd.Series[float]]:
    """Of one condition: ``area``, the mean of accuracy over its steps, and ``steps_to_1``, ...

    These are the steps to each of the ``levels`` of accuracy, at most the last step.
    """
    (name,) = table["condition"].unique()
    steps = {f"steps_to_{i}": steps_to(table, name, level) for i, level in enumerate(levels, 1)}
    return {AREA: area(table, name), **steps}


def told_steps(steps: Sequence[pd.Series[float]], most: int, noise: float = 0) -> str:
    """The mean of steps to a level in words: at least that many where a network never got there.

    Args:
        steps: of several conditions, network by network.
        most: the length of their training, at which a network counts that never reached the level.
        noise: the mean of the noise steps before; then the steps in all are told as well.
    """
    every = pd.concat(steps)
    at_least = "≥\u00a0" if (every >= most).any() else ""
    in_all = f" ({at_least}{every.mean() + noise:,.0f})" if noise else ""
    return f"{at_least}{every.mean():,.0f}{in_all}"


def told_levels(levels: Sequence[Sequence[float]], number: int) -> str:
    """The level of that number, from 1, on every data set: ``70 % / 60 %``, each in one line."""
    return " / ".join(f"{100 * of_set[number - 1]:g}\u00a0%" for of_set in levels)
