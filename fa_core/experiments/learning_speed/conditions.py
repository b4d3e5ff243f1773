"""What chapter 2 trains: sizes and conditions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from fa_core.experiments.shared.experiment import Condition
from fa_core.experiments.shared.measures import (
    credit,
    feedback_angles,
    performance,
    record_steps,
)
from fa_core.experiments.shared.noise_then_data import QUIET, NoiseThenData, noise_name, quieten
from fa_core.experiments.shared.starts import LARGE, SMALL
from fa_core.networks import MLP

NOISE = "noise: FA"
DATA_THEN_NOISE = "data then noise"
OTHER_FEEDBACK = "noise, new feedback, FA"
_OTHER_SEED = 10_000  # added to the seed: far from the seeds of any population
_NOISE_RECORDS = 20  # about so many of each noise training
_THIN = 4  # all but the accuracy is kept at each fourth record


@dataclass(frozen=True, kw_only=True)
class Config(NoiseThenData):
    """Sizes and lengths of the experiment."""

    levels: tuple[float, ...]  # test accuracies whose steps are counted; findings read the second
    noise_lengths: tuple[int, ...]  # beside 0 and noise_steps
    short_steps: int  # data steps of the controls: enough for the second level

    @classmethod
    def quick(cls) -> Config:
        """The 8x8 digits; seconds on two cores."""
        return cls(
            data="digits",
            **SMALL,
            steps=900,
            lr=5e-4,
            levels=(0.8, 0.9, 0.95),
            noise_lengths=(100, 300, 2000),
            short_steps=600,
            records=40,
        )

    @classmethod
    def paper(cls) -> Config:
        """MNIST, 10 epochs, networks of the paper's size; the stored table took 32 minutes."""
        return cls(
            data="mnist",
            **LARGE,
            steps=9380,
            lr=1e-4,
            levels=(0.8, 0.9, 0.93),
            noise_lengths=(1000, 3000, 20000),
            short_steps=3752,
            records=70,
        )


def conditions(config: Config) -> dict[str, Condition]:
    """All populations of the experiment by name; ``step`` counts data steps.

    In ``NOISE`` it counts noise steps, and in ``DATA_THEN_NOISE`` both kinds. Metrics: accuracy;
    but for the controls also loss (nats); of FA, BP and both orders of noise and data neuron_angle
    and centred_neuron_angle (degrees), feedback_distance and right_angle_distance; of FA with and
    without noise update_angle_1 (degrees).
    """
    noise, steps = config.noise_steps, config.steps
    record_at = record_steps(steps, config.records)
    few = {0, *record_at[::-_THIN]}

    def thin(table: pd.DataFrame) -> pd.DataFrame:
        return _read(table[table["step"].isin(few) | (table["metric"] == "accuracy")])

    angles = (performance, feedback_angles, at_right_angles)
    records = {"FA": (*angles, credit), "noise then FA": (*angles, credit), "BP": angles}
    found = {
        name: config.condition(*way, record=records.get(name, (performance,)), keep=thin)
        for name, way in config.main().items()
    }
    along_noise = record_steps(noise, _NOISE_RECORDS)
    after_data = [0, *(steps + step for step in along_noise)]
    orders: dict[str, Any] = {"record": angles, "keep": _read}
    found[NOISE] = config.condition("fa", noise, steps=0, record_at=along_noise, **orders)
    found[DATA_THEN_NOISE] = config.condition(noise_after=noise, record_at=after_data, **orders)
    short: dict[str, Any] = {
        "steps": config.short_steps,
        "record": ("accuracy",),
        "record_at": [step for step in record_at if step <= config.short_steps],
    }
    found[OTHER_FEEDBACK] = config.condition("fa", noise, change=other_feedback, **short)
    found[QUIET] = config.condition(change=quieten, **short)
    for length in config.noise_lengths:
        found[noise_name(length)] = config.condition("fa", length, **short)
    return found


def _read(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that something reads: angles of the whole matrix are chapter 1's."""
    return table[~table["metric"].isin(["alignment_angle", "centred_alignment_angle"])]


def at_right_angles(net: Any, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """The distance that W of the last layer would have from B if they stood at right angles.

    It falls where W shrinks; what the true distance lies below it is alignment.
    """
    last = net.layers[-1]
    lengths = [torch.linalg.matrix_norm(part.detach()) for part in (last.weight, last.feedback)]
    return {"right_angle_distance": torch.hypot(*lengths)}


def other_feedback(net: MLP, seed: int) -> None:
    """Replaces the feedback, so that nothing is aligned to it."""
    other = MLP(net.sizes, net.layers[0].rule, net.networks, seed + _OTHER_SEED)
    for layer, fresh in zip(net.layers, other.layers, strict=True):
        layer.feedback.copy_(fresh.feedback)
