"""What chapter 1 trains: sizes and conditions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from fa_core import metrics, seeding
from fa_core.experiments.shared.experiment import Condition
from fa_core.history import Measure

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


def conditions(config: Config) -> dict[str, Condition]:
    """All populations of the experiment by name; none of them sees data.

    Metrics: loss (nats), alignment_angle_2 and update_angle_1 (degrees); of the condition FA also
    readout_k (probability) and unrelated_angle_2 (degrees, see :func:`unrelated_angle`).
    """
    every = config.long_steps // config.records
    record: tuple[str | Measure, ...] = ("loss", "alignment_angle", "update_angle")

    def on_noise(
        steps: int = config.long_steps,
        hidden: int = config.hidden,
        lr: float = config.lr,
        **other: Any,
    ) -> Condition:
        return Condition(
            inputs=config.inputs,
            classes=config.classes,
            hidden=(hidden,),
            noise_steps=steps,
            noise_lr=lr,
            record_at=range(0, steps + 1, every),
            **{"record": record, **other},
        )

    return {
        "FA": on_noise(record=(*record, "readout", partial(unrelated_angle, config.seed))),
        "BP": on_noise(rule="bp"),
        **{name: on_noise(config.steps, noise=noise) for name, noise in INPUTS.items()},
        **{width_name(width): on_noise(hidden=width) for width in config.widths},
        **{rate_name(rate): on_noise(lr=rate) for rate in config.rates},
    }


def width_name(width: int) -> str:
    """Name of the condition with another hidden width."""
    return f"{width} hidden units"


def rate_name(rate: float) -> str:
    """Name of the condition with another learning rate."""
    return f"learning rate {rate:g}"


def unrelated_angle(seed: int, net: Any, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """The angle to matrices drawn like the feedback that play no part in training."""
    weight = net.layers[-1].weight
    streams = seeding.generators(seed, "control", net.networks)
    fresh = torch.stack([torch.randn(weight.shape[1:], generator=stream) for stream in streams])
    return {"unrelated_angle_2": metrics.alignment_angle(weight, fresh.to(weight.device))}
