"""What chapter 1 trains: sizes, conditions, and the table that training them gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from fa_core import metrics, seeding
from fa_core.experiments.shared import Part, run_parts
from fa_core.history import Measure
from fa_core.networks import MLP
from fa_core.training import train_on_noise

# What the noise looks like, beside the standard N(0, 1) inputs with random labels.
INPUTS: dict[str, dict[str, Any]] = {
    "uniform": {"distribution": "uniform"},
    "sparse (Bernoulli 0.1)": {"distribution": "bernoulli", "density": 0.1},
    "mean 1": {"mean": 1.0},
    "mean 3": {"mean": 3.0},
    "std 0.3": {"std": 0.3},
    "std 3": {"std": 3.0},
    "labels fixed": {"labels": "fixed"},
    "labels 1/K each": {"labels": "uniform"},
}
INPUT_GROUPS = {
    "Distribution": ("uniform", "sparse (Bernoulli 0.1)"),
    "Mean": ("mean 1", "mean 3"),
    "Standard deviation": ("std 0.3", "std 3"),
    "Labels": ("labels fixed", "labels 1/K each"),
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
        """Networks the size of the paper's; 14 minutes on two cores."""
        return cls(784, 100, 20, 8000, 20000, 1e-4, widths=(512,), rates=(3e-5, 1e-3))


@dataclass(frozen=True)
class Condition:
    """One population: what it is and what noise it sees."""

    steps: int
    hidden: int
    lr: float
    rule: str = "fa"
    noise: dict[str, Any] = field(default_factory=dict)


def conditions(config: Config) -> dict[str, Condition]:
    """All populations of the experiment by name; all start from the same seeds."""
    long, hidden, lr = config.long_steps, config.hidden, config.lr
    return {
        "FA": Condition(long, hidden, lr),
        "BP": Condition(long, hidden, lr, rule="bp"),
        **{
            name: Condition(config.steps, hidden, lr, noise=noise) for name, noise in INPUTS.items()
        },
        **{width_name(width): Condition(long, width, lr) for width in config.widths},
        **{rate_name(rate): Condition(long, hidden, rate) for rate in config.rates},
    }


def width_name(width: int) -> str:
    """Name of the condition with another hidden width."""
    return f"{width} hidden units"


def rate_name(rate: float) -> str:
    """Name of the condition with another learning rate."""
    return f"learning rate {rate:g}"


def run(
    config: Config, device: torch.device | str = "cpu", *, progress: bool = True
) -> pd.DataFrame:
    """Trains every condition; returns the tidy table of what was recorded.

    Metrics: loss (nats), alignment_angle_2 and update_angle_1 (degrees); of the condition FA also
    readout_k (probability) and unrelated_angle_2 (degrees, to a matrix drawn like the feedback but
    never used).
    """
    return run_parts("alignment", parts(config, device), progress)


def parts(config: Config, device: torch.device | str = "cpu") -> dict[str, Part]:
    """One function for each condition, which trains it and returns its table."""
    return {name: partial(_train, config, name, device) for name in conditions(config)}


def _train(config: Config, name: str, device: torch.device | str) -> pd.DataFrame:
    condition = conditions(config)[name]
    sizes = [config.inputs, condition.hidden, config.classes]
    net = MLP(sizes, condition.rule, config.networks, config.seed).to(device)
    every = config.long_steps // config.records
    record: list[str | Measure] = ["loss", "alignment_angle", "update_angle"]
    if name == "FA":
        record += ["readout", _unrelated(net, config)]
    history = train_on_noise(
        net,
        condition.steps,
        config.batch_size,
        condition.lr,
        config.seed,
        record=record,
        record_at=np.arange(0, condition.steps + 1, every),
        progress=False,
        **condition.noise,
    )
    return history.table().assign(condition=name)


def _unrelated(net: MLP, config: Config) -> Measure:
    """Measures the angle to matrices drawn like the feedback that play no part in training."""
    weight = net.layers[-1].weight
    streams = seeding.generators(config.seed, "control", config.networks)
    fresh = torch.stack([torch.randn(weight.shape[1:], generator=stream) for stream in streams])
    fresh = fresh.to(weight.device)

    def measure(net: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        return {"unrelated_angle_2": metrics.alignment_angle(weight, fresh)}

    return measure
