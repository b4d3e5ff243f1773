"""A fair contest: drag the norm and the angle of W2 at the start, and see how that start learns."""

from __future__ import annotations

from itertools import product
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import traitlets
from numpy.typing import ArrayLike, NDArray

from fa_core.experiments.factorial import experiment
from fa_core.experiments.factorial.conditions import (
    NOISE,
    START_ANGLE,
    START_NORM,
    Cell,
    Config,
    name_of,
)
from fa_core.experiments.shared.derived import AREA
from fa_core.results import samples
from fa_core.results.store import published
from fa_core.results.tables import at, check_table, curve, last
from fa_core.widgets._widget import Widget, pack

_LEVEL = 2  # whose steps are shown
_TITLES = {"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST", "digits": "8x8 digits"}


class StartPlane(Widget):
    """Learning curves of starts: the reader drags norm and angle of W2 over a plane.

    The starts are those of the experiment "factorial". Between them, the curve, its area and the
    steps to the second level are interpolated, linearly in the norm and in the angle. So is the
    half-width of each 95 % interval; a mean of starts varies no more than its parts do on average,
    so no interval is too narrow for the spread over networks. It does not say how far a curve
    between starts is off.

    Args:
        config: of a run of that experiment; ``None`` for the stored table at paper scale.
        table: what that run gave.

    Raises:
        FileNotFoundError: no table at paper scale is stored.
        TypeError, ValueError: an argument of another kind, or only one of the two.
        KeyError: the table lacks a condition of the config.
    """

    _module: ClassVar[str] = "start_plane.js"

    sets: traitlets.List[Any] = traitlets.List().tag(sync=True)
    norms = traitlets.List(traitlets.Float()).tag(sync=True)
    angles = traitlets.List(traitlets.Float()).tag(sync=True)
    steps = traitlets.List(traitlets.Int()).tag(sync=True)
    networks = traitlets.Int().tag(sync=True)
    starts = traitlets.Dict().tag(sync=True)
    noise = traitlets.Dict().tag(sync=True)

    def __init__(self, config: Config | None = None, table: pd.DataFrame | None = None) -> None:
        if config is None and table is None:
            config, table = _published()
        if not isinstance(config, Config):
            raise TypeError(f"config must be one of the experiment factorial, got {config!r}")
        table = check_table(table)
        cells = [
            Cell(norm, angle if norm else config.angles[0], noisy)
            for noisy, norm, angle in product((False, True), config.norms, config.angles)
        ]
        named: dict[str, Cell | str] = {
            "the usual start": Cell(1, config.angles[0], False),
            "W2 = 0": Cell(0, config.angles[0], False),
            "noise": NOISE,
        }
        self._area = {
            start: 100 * np.mean([last(table, name_of(cell, data), AREA) for data in config.sets])
            for start, cell in named.items()
        }
        super().__init__(
            sets=[
                {
                    "title": _TITLES.get(data, data),
                    "level": levels[_LEVEL - 1],
                    "norm": _at_start(table, data, START_NORM),
                    "angle": _at_start(table, data, START_ANGLE),
                }
                for data, levels in zip(config.sets, config.levels, strict=True)
            ],
            norms=list(config.norms),
            angles=list(config.angles),
            steps=[int(s) for s in curve(table, name_of(NOISE, config.sets[0]), "accuracy").index],
            networks=config.networks,
            starts=_readings(config, table, cells),
            noise=_readings(config, table, [NOISE]),
        )

    def description(self) -> str:
        areas = ", ".join(f"{start} {area:.1f} %" for start, area in self._area.items())
        titles = " and ".join(data["title"] for data in self.sets)
        return (
            "Interactive figure (it needs JavaScript): a plane of starts, the norm of W2 across "
            "and its angle to B2 up. The learning curve of the start that the reader chooses "
            f"stands beside those of noise, of the usual start and of W2 = 0, on {titles}. "
            f"Areas under the curves, means over the data sets: {areas}."
        )


def _published() -> tuple[Config, pd.DataFrame]:
    """Configuration and table at paper scale."""
    config, store = Config.paper(), published()
    found = store.load(experiment, config)
    if found is None:
        raise FileNotFoundError(
            f"no table of the experiment factorial at paper scale is stored in {store.folder}; "
            "to make it, run: fa-core run factorial --profile paper --store book/results"
        )
    return config, found.table


def _readings(config: Config, table: pd.DataFrame, starts: list[Any]) -> dict[str, Any]:
    """What came of ``starts`` on each data set, one after the other, packed.

    ``accuracy`` ``[starts, 2, t]``, ``area`` and ``steps`` to the level ``[starts, 2]`` hold means
    over networks, then half-widths of their 95 % intervals; ``reached`` ``[starts, 1]`` is the
    share of networks that reach the level.
    """
    names = [name_of(start, data) for data in config.sets for start in starts]
    steps = [last(table, name, f"steps_to_{_LEVEL}") for name in names]
    found: dict[str, Any] = {
        "accuracy": [_spread(curve(table, name, "accuracy")) for name in names],
        "area": [_spread(last(table, name, AREA)) for name in names],
        "steps": [_spread(values) for values in steps],
        "reached": [[(values < config.steps).mean()] for values in steps],
    }
    return {metric: pack(values) for metric, values in found.items()}


def _spread(values: ArrayLike) -> NDArray[Any]:
    """Mean over networks, the last axis, and half of its 95 % interval."""
    mean, low, _ = samples.interval(np.asarray(values))
    return np.stack([mean, mean - low])


def _at_start(table: pd.DataFrame, data: str, metric: str) -> float:
    """Where noise has brought W2 on average."""
    return round(float(at(table, name_of(NOISE, data), metric, 0).mean()), 3)
