"""What chapter 1 trains: sizes and conditions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from fa_core.experiments.alignment import measures
from fa_core.experiments.shared.experiment import Condition
from fa_core.experiments.shared.measures import credit, feedback_angles
from fa_core.experiments.shared.small_starts import SMALL_STARTS
from fa_core.history import Measure

# What the noise looks like, beside the standard N(0, 1) inputs with random labels.
INPUTS: dict[str, dict[str, Any]] = {
    "uniform": {"distribution": "uniform"},
    "sparse (Bernoulli 0.1)": {"distribution": "bernoulli", "density": 0.1},
    "mean 1": {"mean": 1.0},
    "mean 3": {"mean": 3.0},
    "std 0.3": {"std": 0.3},
    "std 3": {"std": 3.0},
}
LABELS: dict[str, dict[str, Any]] = {
    "labels fixed": {"labels": "fixed"},
    "labels 1/K each": {"labels": "uniform"},
}
GROUPS = {
    "Distribution": ("uniform", "sparse (Bernoulli 0.1)"),
    "Mean": ("mean 1", "mean 3"),
    "Standard deviation": ("std 0.3", "std 3"),
    "Labels": tuple(LABELS),
}


@dataclass(frozen=True)
class Config:
    """Sizes and lengths of the experiment; ``steps`` is where findings are read."""

    inputs: int
    hidden: int
    networks: int
    steps: int  # near the minimum of the angle
    long_steps: int  # far beyond it, to see what over-training does
    lr: float
    widths: tuple[int, ...]  # of the hidden layer, beside ``hidden``
    rates: tuple[float, ...]  # learning rates beside ``lr``
    classes: int = 10
    batch_size: int = 64
    records: int = 20  # intervals between recorded steps, from 0 to long_steps
    seed: int = 0

    @classmethod
    def quick(cls) -> Config:
        """Inputs the size of the 8x8 digits; seconds on two cores."""
        return cls(64, 64, 8, 1000, 3000, 1e-3, widths=(32, 128), rates=(3e-4, 3e-3), records=12)

    @classmethod
    def paper(cls) -> Config:
        """Networks the size of the paper's; the stored table took 35 minutes."""
        return cls(784, 100, 20, 8000, 20000, 1e-4, widths=(200,), rates=(3e-5, 1e-3))


def conditions(config: Config) -> dict[str, Condition]:
    """All populations of the experiment by name; none of them sees data.

    Metrics: of both rules neuron_angle (degrees), feedback_distance and loss (nats); of inputs and
    labels neuron_angle and centred_neuron_angle; of small starts, widths and rates alignment_angle
    and centred_alignment_angle. FA has all of these, update_angle_1, and what
    :mod:`fa_core.experiments.alignment.measures` adds.
    """
    now, every = config.steps, config.long_steps // config.records

    def on_noise(
        steps: int = config.long_steps,
        hidden: int = config.hidden,
        lr: float = config.lr,
        only: Collection[str] = ("alignment_angle", "centred_alignment_angle"),
        **other: Any,
    ) -> Condition:
        return Condition(
            inputs=config.inputs,
            classes=config.classes,
            hidden=(hidden,),
            noise_steps=steps,
            noise_lr=lr,
            record_at=range(0, steps + 1, every),
            **{"record": (feedback_angles,), "keep": partial(_only, only), **other},
        )

    of_fa: tuple[str | Measure, ...] = (
        *("loss", feedback_angles, credit),
        *(measures.neuron_percentiles, measures.mean_row_share),
        partial(measures.unrelated_angle, config.seed),
    )
    of_bp = ("neuron_angle", "feedback_distance", "loss")
    of_inputs = ("neuron_angle", "centred_neuron_angle")
    kinds = {**INPUTS, **LABELS}
    # A rate above the main one is through with it sooner.
    lengths = {rate: now if rate > config.lr else config.long_steps for rate in config.rates}
    return {
        "FA": on_noise(record=of_fa, keep=None),
        "BP": on_noise(now, rule="bp", record=("loss", feedback_angles), only=of_bp),
        **{name: on_noise(now, noise=noise, only=of_inputs) for name, noise in kinds.items()},
        **{name: on_noise(now, change=change) for name, change in SMALL_STARTS.items()},
        **{width_name(width): on_noise(hidden=width) for width in config.widths},
        **{rate_name(rate): on_noise(steps, lr=rate) for rate, steps in lengths.items()},
    }


def width_name(width: int) -> str:
    """Name of the condition with another hidden width."""
    return f"{width} hidden units"


def rate_name(rate: float) -> str:
    """Name of the condition with another learning rate."""
    return f"learning rate {rate:g}"


def _only(metrics: Collection[str], table: pd.DataFrame) -> pd.DataFrame:
    return table[table["metric"].isin(metrics)].dropna()  # the angle of W2 = 0 is none
