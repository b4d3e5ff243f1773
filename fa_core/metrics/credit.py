"""How near the updates of a rule are to those of backpropagation."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fa_core import _checks, rules
from fa_core._labels import Labels
from fa_core.layers import FALayer
from fa_core.metrics.angles import angle
from fa_core.metrics.modes import evaluating
from fa_core.metrics.readouts import cross_entropy


def fa_layers(net: nn.Module) -> list[FALayer]:
    """The feedback-alignment layers of ``net``, in the order of their registration.

    They are :class:`~fa_core.FALinear` and :class:`~fa_core.FAConv2d`.
    """
    modules = _checks.module("net", net).modules()
    return [module for module in modules if isinstance(module, FALayer)]


def update_angle(net: nn.Module, x: Tensor, y: Labels) -> Float[Tensor, "*networks layers"]:
    """Angle between the update a rule makes and the one BP would make from the same state.

    Both updates are the gradient-descent directions of the weights for the cross-entropy of the
    batch, those of a layer as one vector, kernels too. The last layer's angle is 0: no error
    travels through a matrix to reach it.

    Args:
        net: a network with feedback-alignment layers, in evaluation mode meanwhile (dropout would
            draw another mask for each update); parameters and gradients are left as found.
        x: inputs, any shape that ``net`` takes.
        y: classes or label probabilities.

    Returns:
        Degrees, one column for each feedback-alignment layer; NaN for one that has no part in the
        loss.

    Raises:
        TypeError: ``net`` is no module, or ``x`` no floating-point tensor.
        ValueError: ``net`` has no feedback-alignment layer, or a frozen one; labels as in
            :func:`cross_entropy`.
    """
    layers = fa_layers(net)
    weights = [layer.weight for layer in layers]
    _checks.floating("x", x)
    if not weights:
        raise ValueError(f"net must hold an FALinear or FAConv2d layer, got {type(net).__name__}")
    if not all(weight.requires_grad for weight in weights):
        raise ValueError("net must have no frozen feedback-alignment layer, for it has no update")

    @torch.enable_grad()
    def updates() -> tuple[Tensor, ...]:
        loss = cross_entropy(net(x), y).sum()
        return torch.autograd.grad(loss, weights, materialize_grads=True)

    with evaluating(net):
        own = updates()
        with rules.using(net, "bp"):
            true = updates()
    axes = [0 if layer.networks is None else 1 for layer in layers]
    angles = [angle(a.flatten(n), b.flatten(n)) for a, b, n in zip(own, true, axes, strict=True)]
    return torch.stack(angles, dim=-1)
