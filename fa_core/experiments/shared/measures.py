"""What is recorded while populations learn data, and when."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fa_core import metrics

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


def credit(net: Any, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Update angle (degrees) of every layer but the last, on the first test samples."""
    angles = metrics.update_angle(net, x[:_CREDIT_SAMPLES], y[:_CREDIT_SAMPLES])
    return {f"update_angle_{i + 1}": angles[..., i] for i in range(angles.shape[-1] - 1)}
