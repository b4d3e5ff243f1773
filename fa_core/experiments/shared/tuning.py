"""Settings that each contestant chooses for itself, on networks and images that nobody reports.

A contestant has several candidates: conditions that differ in learning rate or the like. All are
trained from seeds of their own and measured on the last train images, which are then not trained
on. Chosen is the candidate with the largest mean area under the curve of accuracy. The reported
networks begin at other seeds, and are measured on test images.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from fa_core.experiments.shared.derived import AREA, append, areas_and_steps
from fa_core.experiments.shared.experiment import Condition, Experiment
from fa_core.results.files import StoreError
from fa_core.results.findings import Findings
from fa_core.results.store import published
from fa_core.results.tables import last

# The networks that choose; reported ones begin at seed 0.
CHOOSING: dict[str, Any] = {"networks": 3, "seed": 1000}
Candidates = Mapping[str, Mapping[str, Condition]]  # of each contestant, by the name of a setting


def tuning(
    name: str, version: int, Config: Any, candidates: Callable[[Any], Candidates]
) -> Experiment:
    """The experiment that trains all ``candidates`` of a configuration and keeps their areas.

    Args:
        name: of the experiment that it serves.
        version: declared, as of any experiment.
        Config: of the candidates; ``held_out`` says how many of the last train images are theirs.
        candidates: of a configuration.
    """

    def conditions(config: Any) -> dict[str, Condition]:
        return {
            trial(contestant, setting): replace(
                condition,
                held_out=config.held_out,
                tested=None,
                record=("accuracy",),
                at_end=(),
                keep=_area_alone,
            )
            for contestant, settings in candidates(config).items()
            for setting, condition in settings.items()
        }

    return Experiment(f"{name}_tuning", version, Config, conditions, lambda *_: Findings([]))


def trial(contestant: str, setting: str) -> str:
    """Name of a candidate's condition."""
    return f"{contestant}; {setting}"


def _area_alone(table: pd.DataFrame) -> pd.DataFrame:
    return append(table, areas_and_steps(table)).query("metric == @AREA")


def chosen(tuning: Experiment, config: Any, candidates: Candidates) -> dict[str, str]:
    """For each contestant the setting with the largest mean area in the published table.

    Raises:
        fa_core.results.files.StoreError: there is no such table; says how to make it.
    """
    stored = published().load(tuning, config)
    if stored is None:
        raise StoreError(
            f"no table of {tuning.name} is stored for this version and configuration; to make it, "
            f"run: fa-core run {tuning.name} --store {published().folder}, with --profile as here"
        )
    return {name: best(stored.table, name, settings) for name, settings in candidates.items()}


def best(table: pd.DataFrame, contestant: str, settings: Mapping[str, Any]) -> str:
    """The setting of largest mean area; the first of several."""
    # Tables hold four digits, so what differs by less than rounding is a tie.
    areas = {s: round(last(table, trial(contestant, s), AREA).mean(), 6) for s in settings}
    return max(areas, key=areas.__getitem__)
