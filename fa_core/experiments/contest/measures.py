"""Accuracy on shifted images, as in chapter 4, on fewer of them."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor, nn

from fa_core import metrics
from fa_core.experiments.robustness.conditions import shifted
from fa_core.experiments.shared import tasks

_SHIFTS = {"rotate": (20, 40), "scale": (0.7, 1.3), "translate": (1, 2)}  # degrees, factors, pixels
_IMAGES = 500  # of the test set, the first


@lru_cache(maxsize=1)
def _shifted_tests(task: str, device: torch.device) -> tuple[Tensor, Tensor]:
    data = tasks.load(task, tested=_IMAGES)
    side, background = data.shape[-1], -data.mean / data.std
    images = [
        shifted(data.test_x, side, family, severity, background)
        for family, grid in _SHIFTS.items()
        for severity in grid
    ]
    return torch.cat(images).to(device), data.test_y.repeat(len(images)).to(device)


@torch.no_grad()
def shifted_accuracy(task: str, net: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Accuracy on images turned, scaled and moved, the mean over six shifts."""
    images, labels = _shifted_tests(task, x.device)
    return {"shifted": metrics.accuracy(net(images), labels)}
