"""What is recorded while populations learn data, and when."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fa_core import metrics
from fa_core.experiments.shared import tasks

_READOUT_SAMPLES = 1000  # as in the paper's Fig. 4b
_CREDIT_SAMPLES = 500  # of the test set, that update angles are taken on


def record_steps(steps: int, records: int, first: int = 10) -> list[int]:
    """Step 0 and about ``records`` more, evenly spaced on a logarithmic axis from ``first``."""
    spaced = np.geomspace(min(first, steps), steps, records).round().astype(int)
    return sorted({0, *spaced.tolist()})


@torch.no_grad()
def performance(net: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Loss (nats) and accuracy from one forward pass."""
    logits = net(x)
    return {"loss": metrics.cross_entropy(logits, y), "accuracy": metrics.accuracy(logits, y)}


@torch.no_grad()
def train_loss(data: str, images: int, net: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Loss (nats) on the whole train set: the first ``images`` of a task."""
    task = tasks.load(data, images).to(x.device)
    return {"train_loss": metrics.cross_entropy(net(task.train_x), task.train_y)}


def credit(net: Any, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Update angle (degrees) of every layer but the last, on the first test samples."""
    angles = metrics.update_angle(net, x[:_CREDIT_SAMPLES], y[:_CREDIT_SAMPLES])
    return {f"update_angle_{i + 1}": angles[..., i] for i in range(angles.shape[-1] - 1)}


def feedback_angles(net: Any, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """How the last layer's weights lie to its feedback, in four angles (degrees) and a distance.

    ``neuron_angle`` is the paper's: the mean over hidden neurons of the angle between a column of W
    and that of B. ``alignment_angle`` is taken over the whole matrix. ``centred_`` ones leave out
    what is the same for all classes, and so has no effect.
    """
    W, B = net.layers[-1].weight, net.layers[-1].feedback
    centred = metrics.class_centred(W), metrics.class_centred(B)
    return {
        "neuron_angle": metrics.neuron_angle(W, B).mean(-1),
        "alignment_angle": metrics.alignment_angle(W, B),
        "centred_neuron_angle": metrics.neuron_angle(*centred).mean(-1),
        "centred_alignment_angle": metrics.alignment_angle(*centred),
        "feedback_distance": metrics.feedback_distance(W, B),
    }


@torch.no_grad()
def readout_spread(net: Any, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """How far readout probabilities lie from 1/K: mean distance, and what a figure shows of them.

    ``readout_distance`` is the mean over 1,000 inputs and all classes of ``|p - 1/K|``;
    ``readout_q`` the ``q``-th percentile of all these probabilities.
    """
    readouts = net(x[..., :_READOUT_SAMPLES, :]).softmax(-1)
    chance = 1 / readouts.shape[-1]
    quantiles = torch.tensor([5, 25, 50, 75, 95], device=readouts.device)
    values = torch.quantile(readouts.flatten(-2), quantiles / 100, dim=-1)
    return {
        "readout_distance": (readouts - chance).abs().mean((-2, -1)),
        **{f"readout_{q}": value for q, value in zip(quantiles.tolist(), values, strict=True)},
    }
