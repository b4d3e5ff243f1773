"""What chapter 2 claims of its table."""

from __future__ import annotations

from typing import Any

import pandas as pd

from fa_core.experiments.learning_speed.conditions import (
    DATA_THEN_NOISE,
    Config,
)
from fa_core.experiments.shared.noise_then_data import MAIN, QUIET
from fa_core.results.findings import Finding, Findings
from fa_core.results.tables import area, at, last, never_reached, steps_to

AREA_MARGIN = 2  # percentage points below BP that still count as comparable
_LENGTH = "in ‖W₂ − B₂‖"
IDLE_MARGIN = 5  # percent of ‖W₂ − B₂‖ that noise after data may change


def steps_ratio(
    table: pd.DataFrame, treated: str, control: str, level: float, extra: int = 0
) -> tuple[pd.Series[float], str]:
    """Steps of one condition to a level, and ``extra``, over those of another, network by network.

    The second part says which way the ratio is bounded where networks never reach the level and
    count with the last step of their run: see ``bound`` of :class:`fa_core.Finding`.
    """
    ratio = (steps_to(table, treated, level) + extra) / steps_to(table, control, level)
    missed = never_reached(table, treated, level) > 0, never_reached(table, control, level) > 0
    bounds = {(False, True): "at most", (True, False): "at least"}
    return ratio, bounds.get(missed, "")


def distance_change(config: Config, table: pd.DataFrame) -> pd.Series[float]:
    """How much noise after the data changes the distance of W₂ from B₂, in percent of it."""
    before = at(table, DATA_THEN_NOISE, "feedback_distance", config.steps)
    return 100 * (last(table, DATA_THEN_NOISE, "feedback_distance") / before - 1)


def summary(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """How W₂ lies to B₂ before, between and after noise and data, in both orders: means."""
    fa, noisy, *_ = MAIN
    times = {
        "start": (fa, 0),
        "noise": (noisy, 0),
        "noise, then data": (noisy, config.steps),
        "data": (fa, config.steps),
        "data, then noise": (DATA_THEN_NOISE, config.steps + config.noise_steps),
    }
    columns = {
        "‖W₂ − B₂‖": "feedback_distance",
        "the same at 90°": "right_angle_distance",
        "angle of neurons, degrees": "neuron_angle",
        "class-centred, degrees": "centred_neuron_angle",
        "accuracy": "accuracy",
    }
    return pd.DataFrame(
        {
            title: {
                after: at(table, name, metric, step).mean() for after, (name, step) in times.items()
            }
            for title, metric in columns.items()
        }
    ).rename_axis("after")


def findings(config: Config, table: pd.DataFrame) -> Findings:
    """What the chapter claims, tested on the table; everything is paired by network."""
    return Findings([*_as_the_paper(config, table), *_steps(config, table)])


def _as_the_paper(config: Config, table: pd.DataFrame) -> list[Finding]:
    """The paper's claims by the paper's measures: areas, angles, distances."""
    fa, noisy, bp, _ = MAIN
    difference, points = Finding.of_difference, "percentage points"
    areas = {name: 100 * area(table, name) for name in (fa, noisy, bp)}
    after_data = {
        name: last(table, name, "feedback_distance") for name in (fa, noisy, DATA_THEN_NOISE)
    }
    other_ways = pd.concat([after_data[fa], after_data[DATA_THEN_NOISE]], axis=1).min(axis=1)
    return [
        difference(
            "The area under the curve of test accuracy is larger for noise then FA than for FA.",
            *(areas[noisy], areas[fa], points),
            above=0,
            key="larger-area",
            paper="Fig. 2b",
            primary=True,
        ),
        difference(
            f"The area of noise then FA is at most {AREA_MARGIN} points below that of BP.",
            *(areas[noisy], areas[bp], points),
            above=-AREA_MARGIN,
            key="area-near-bp",
            paper="Fig. 2b",
        ),
        difference(
            "At the last data step the angle of neurons is smaller for noise then FA than for FA.",
            last(table, noisy, "neuron_angle"),
            last(table, fa, "neuron_angle"),
            "degrees",
            below=0,
            key="aligned-through-data",
            paper="Fig. 2c",
        ),
        difference(
            "Noise moves W₂ towards B₂: the distance between them falls.",
            at(table, noisy, "feedback_distance", 0),
            at(table, fa, "feedback_distance", 0),
            _LENGTH,
            below=0,
            key="noise-moves-to-b",
            paper="Fig. 2e",
        ),
        difference(
            "Noise then data ends nearer to B₂ than data alone and than data then noise.",
            *(after_data[noisy], other_ways),
            _LENGTH,
            below=0,
            key="nearest-to-b",
            paper="Fig. 2e, 2f",
        ),
        Finding.of_mean(
            f"Noise after data changes the distance by less than {IDLE_MARGIN} %.",
            *(distance_change(config, table), "%"),
            above=-IDLE_MARGIN,
            below=IDLE_MARGIN,
            key="noise-after-data-idle",
            paper="Fig. 2g",
        ),
    ]


def _steps(config: Config, table: pd.DataFrame) -> list[Finding]:
    """Steps to the second level: BP with noise, the price of noise, controls."""
    fa, noisy, bp, noisy_bp = MAIN
    level = config.levels[1]
    percent = f"{level:.0%}".replace("%", " %")

    def ratio(claim: str, treated: str, control: str, extra: int = 0, **options: Any) -> Finding:
        values, bound = steps_ratio(table, treated, control, level, extra)
        return Finding.of_mean(claim, values, "times the steps", bound=bound, **options)

    return [
        ratio(
            f"BP after noise reaches {percent} in fewer data steps than BP.",
            *(noisy_bp, bp),
            below=1,
            key="bp-gains-too",
            paper="Discussion",
        ),
        ratio(
            f"FA after noise reaches {percent} in fewer steps than FA, noise steps counted.",
            *(noisy, fa, config.noise_steps),
            below=1,
            key="faster-in-all-steps",
        ),
        ratio(
            f"Noise then FA reaches {percent} in fewer data steps than FA from W₂ divided by 10.",
            *(noisy, QUIET),
            below=1,
            key="faster-than-quiet",
        ),
    ]
