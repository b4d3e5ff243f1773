"""Starts with less output than usual: smaller weights, or a readout of zeros."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch

from fa_core.networks import MLP

TENTH = "weights x 0.1"
SCALES = {"weights x 0.3": 0.3, TENTH: 0.1}
SILENT = "W2 = 0"


@torch.no_grad()
def scale(factor: float, net: MLP, seed: int) -> None:
    """Multiplies all initial weights, not the feedback."""
    for layer in net.layers:
        layer.weight.mul_(factor)


@torch.no_grad()
def silence(net: MLP, seed: int) -> None:
    """A readout of zeros: nothing to unlearn."""
    net.layers[-1].weight.zero_()


# What makes each of them of a fresh network, for ``Condition.change``.
SMALL_STARTS: dict[str, Callable[[MLP, int], None]] = {
    **{name: partial(scale, factor) for name, factor in SCALES.items()},
    SILENT: silence,
}
