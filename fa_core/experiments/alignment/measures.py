"""What chapter 1 alone records of the weights that noise trains."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from fa_core import metrics, seeding

PERCENTILES = tuple(range(5, 100, 5))


def neuron_percentiles(net: Any, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Percentiles over hidden neurons of the angle between what each sends and what comes back."""
    last = net.layers[-1]
    angles = metrics.neuron_angle(last.weight, last.feedback)
    shares = torch.tensor(PERCENTILES, dtype=angles.dtype, device=angles.device) / 100
    values = torch.quantile(angles, shares, dim=-1)
    return {f"neuron_angle_{q}": value for q, value in zip(PERCENTILES, values, strict=True)}


def mean_row_share(net: Any, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """The share of the readout's squared weights that is the same for all classes, and idle."""
    weight = net.layers[-1].weight.detach()
    centred = metrics.class_centred(weight)
    return {"mean_row_share": 1 - centred.square().sum((-2, -1)) / weight.square().sum((-2, -1))}


def unrelated_angle(seed: int, net: Any, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Mean neuron angle to matrices drawn like the feedback that play no part in training."""
    weight = net.layers[-1].weight
    streams = seeding.generators(seed, "control", net.networks)
    fresh = torch.stack([torch.randn(weight.shape[1:], generator=stream) for stream in streams])
    return {"unrelated_angle": metrics.neuron_angle(weight, fresh.to(weight.device)).mean(-1)}
