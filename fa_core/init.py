"""Starts for training other than independent forward and feedback weights."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from fa_core import _checks
from fa_core.metrics import fa_layers


@torch.no_grad()
def soft_alignment(net: nn.Module, degrees: float) -> nn.Module:
    """Turns forward weights towards the feedback, once, before training (Cheon et al. 2025).

    In each layer after the first, and in each network of a population, the weight ``W`` turns in
    the plane that it spans with the feedback ``B``, until the angle of the whole matrices is
    ``degrees``. Its norm stays, and so does its distribution: independent normal ``W`` and ``B`` of
    one variance give normal weights of that variance at every angle. Nothing is drawn. So the seeds
    of ``net`` decide the result, and starts at two angles can be compared in pairs.

    Args:
        net: feedback-alignment layers; changed in place.
        degrees: 0 for ``W`` along ``B``, 90 for ``W`` at a right angle to it.

    Returns:
        ``net``.

    Raises:
        TypeError: ``net`` is no module, or ``degrees`` no number.
        ValueError: ``degrees`` outside 0 to 90; fewer than two layers; feedback of another shape
            than the weight, as under ``"dfa"``; or a ``W`` that is zero or lies along ``B``, which
            leaves no plane to turn in. No layer has turned then.

    Examples:
        >>> import fa_core as fa
        >>> net = soft_alignment(fa.MLP([64, 100, 10], networks=2, seed=0), 45)
        >>> fa.metrics.alignment_angle(net.layers[1].weight, net.layers[1].feedback).round()
        tensor([45., 45.], dtype=torch.float64)
    """
    degrees = _checks.number("degrees", degrees, least=0, most=90)
    layers = fa_layers(net)[1:]
    if not layers:
        raise ValueError(f"net must hold at least two FALinear layers, got {_checks.shown(net)}")
    turned = [
        _turned(layer.weight, layer.feedback, degrees, layer.networks is not None, number)
        for number, layer in enumerate(layers, 2)
    ]
    for layer, weight in zip(layers, turned, strict=True):
        layer.weight.copy_(weight)
    return net


def _turned(weight: Tensor, feedback: Tensor, degrees: float, many: bool, number: int) -> Tensor:
    """``weight`` at ``degrees`` from ``feedback``, in float64: near 0 rounding is an angle too."""
    if weight.shape != feedback.shape:
        raise ValueError(
            f"net must have feedback of its weights' shapes, but that of layer {number} is "
            f"{tuple(feedback.shape)} for a weight of {tuple(weight.shape)}"
        )
    w, b = (t.double().flatten(int(many)) for t in (weight, feedback))
    size = w.norm(dim=-1, keepdim=True)
    along = b / b.norm(dim=-1, keepdim=True)
    across = w - (w * along).sum(-1, keepdim=True) * along
    rest = across.norm(dim=-1, keepdim=True)
    if not (rest > 1e-6 * size).all():  # beyond float32's rounding; NaN where B is zero
        raise ValueError(
            f"net must have weights that are neither zero nor along the feedback, but that of "
            f"layer {number} is; draw it anew with reset_parameters"
        )
    angle = math.radians(degrees)
    turned: Tensor = size * (math.cos(angle) * along + math.sin(angle) * across / rest)
    return turned.reshape(weight.shape)
