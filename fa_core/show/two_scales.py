"""A run that just happened beside the stored one at paper scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import torch
from matplotlib.figure import Figure

from fa_core.experiments.shared.experiment import Experiment
from fa_core.results.findings import Findings
from fa_core.results.multiplicity import paper_scale
from fa_core.results.records import describe, make_record
from fa_core.results.store import published
from fa_core.results.tables import check_table
from fa_core.show.tabs import Folded, Item, Tabs

# The book's one switch of scale (book/_assets/scale.js) knows the tabs by these titles.
PAPER, RUN = "Paper scale", "This run"


class TwoScales:
    """Shows figures and findings of an experiment at two scales, in tabs, the paper's first.

    While no table at paper scale is stored, the run comes first, and the other tab says how to make
    that table.

    Args:
        experiment: what ran, such as ``fa_core.experiments.alignment.experiment``.
        config: of the run that just happened.
        table: what that run gave.
        device: where it was computed.

    Raises:
        TypeError, ValueError: an argument of another kind, or a table that is not tidy.
    """

    def __init__(
        self,
        experiment: Experiment,
        config: Any,
        table: pd.DataFrame,
        device: torch.device | str = "cpu",
    ) -> None:
        record = make_record(experiment, config, check_table(table), str(device))
        paper = experiment.Config.paper()
        stored = published().load(experiment, paper)
        self._experiment = experiment
        self._runs = {PAPER: (str(stored), paper, stored.table)} if stored else {}
        self._runs[RUN] = describe(record), config, table
        self._stored = stored.table if stored else None

    def figure(self, draw: Callable[[Any, pd.DataFrame], Figure], alt: str) -> Tabs:
        """The figure that ``draw(config, table)`` gives at each scale; ``alt`` must fit both."""
        _check_function("draw", draw)
        return self._tabs(lambda config, table: (draw(config, table), alt))

    def table(self, make: Callable[[Any, pd.DataFrame], pd.DataFrame]) -> Tabs:
        """The table that ``make(config, table)`` gives at each scale."""
        _check_function("make", make)
        return self._tabs(make)

    def findings(self) -> Tabs:
        """The experiment's findings at each scale; Holm's correction is made at paper scale."""
        return self._tabs(self._claims)

    def largest(self) -> tuple[Any, pd.DataFrame, str]:
        """Configuration, table and description of the stored run, or of this one if none is stored.

        For what a page shows at one scale alone, such as a widget.
        """
        return next(
            (config, table, f"{title}: {label}")
            for title, (label, config, table) in self._runs.items()
            if self._stored is None or table is self._stored
        )

    def _claims(self, config: Any, table: pd.DataFrame) -> Findings:
        judged = paper_scale() if table is self._stored else {}  # a run now is judged by itself
        return judged.get(self._experiment.name) or self._experiment.claims(config, table)

    def _tabs(self, show: Callable[[Any, pd.DataFrame], Item]) -> Tabs:
        tabs: dict[str, list[Item]] = {
            title: [show(config, table), Folded(f"{title}, n = {config.networks}", label)]
            for title, (label, config, table) in self._runs.items()
        }
        if self._stored is None:
            tabs[PAPER] = [
                "No table at paper scale is stored for this version of the experiment. To make it, "
                f"run: fa-core run {self._experiment.name} --profile paper --store book/results"
            ]
        return Tabs(tabs, legend="Scale", for_programs=RUN)  # verdicts of a build are its own


def _check_function(name: str, value: object) -> None:
    if not callable(value):
        raise TypeError(f"{name} must be a function of config and table, got {value!r}")
