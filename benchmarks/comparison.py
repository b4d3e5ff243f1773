"""What a layer computes beside a formula, in float64, for benchmarks.outside."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.libraries import Library

Network = Any  # an nn.Sequential; mypy takes the layers in it for bare modules
Passed = dict[str, list[Tensor]]  # output, gradients of the weights, error at the input


def plain(kind: str = "linear", bias: bool = True, outputs: int = 3) -> Network:
    """A network of two layers, drawn anew, with biases that are not 0."""
    first: list[nn.Module] = [nn.Linear(8, 6, bias)]
    width = 6
    if kind == "conv":
        first, width = [nn.Conv2d(2, 4, 3, stride=2, padding=1, bias=bias)], 4 * 3 * 3
    flat = [nn.Flatten()] if kind == "conv" else []
    return nn.Sequential(*first, nn.ReLU(), *flat, nn.Linear(width, outputs, bias)).double()


def batch(net: Network, *samples: int) -> tuple[Tensor, Tensor]:
    """An input that fits, and targets."""
    features = (8,) if isinstance(net[0], nn.Linear) else (2, 6, 6)
    like = net[0].weight
    x = torch.randn(*samples, *features).to(like)
    return x, torch.randn(*samples, net[-1].out_features).to(like)


def squares(output: Tensor, target: Tensor) -> Tensor:
    return 0.5 * (output - target).square().sum() / len(output)


def difference(found: Tensor, right: Tensor) -> float:
    """The largest difference of two tensors over the largest absolute value of ``right``."""
    found, right = found.detach().double(), right.detach().double()
    return float((found - right).abs().max() / right.abs().max())


def learn(library: Library, net: nn.Module, x: Tensor, y: Tensor) -> Passed:
    """Output, gradients of the weights and error at the input, of one pass."""
    x = x.clone().requires_grad_()
    net.zero_grad()
    output = library.forward(net, x, y, squares)
    squares(output, y).backward()
    assert x.grad is not None
    weights = [layer.weight.grad for layer in library.layers(net)]
    return {"output": [output.detach()], "weights": weights, "error": [x.grad]}


def formula(net: Network, x: Tensor, y: Tensor, carriers: list[Tensor], direct: bool) -> Passed:
    """What :func:`learn` must find where ``carriers`` bring the error down, layer by layer.

    Derivatives in the weights are autograd's, of each layer alone; so is the way back through the
    first layer, taken of a copy that holds the carrier as its weight.
    """
    last = net[-1]
    z = net[0](x)
    features = net[1:-1](z)
    output = last(features.detach())
    delta = ((output - y) / len(y)).detach()
    down = delta @ carriers[1]  # at the last layer's input
    (below,) = torch.autograd.grad(features, z, down, retain_graph=True)
    (first,) = torch.autograd.grad(z, net[0].weight, below)
    (own,) = torch.autograd.grad(output, last.weight, delta)
    if direct:
        error = delta @ carriers[0]
    else:
        other = deepcopy(net[0])
        other.weight.data.copy_(carriers[0])
        at = x.clone().requires_grad_()
        (error,) = torch.autograd.grad(other(at), at, below)
    return {"output": [output.detach()], "weights": [first, own], "error": [error]}


def deviation(
    library: Library, rule: str, net: Network, *samples: int, to: torch.dtype | None = None
) -> float:
    """How far output, gradients and error are from the formula; largest of all."""
    model = library.convert(net, rule)
    if to is not None:
        net, model = net.to(to), model.to(to)
    x, y = batch(net, *samples)
    return max(against_formula(library, rule, net, model, x, y).values())


def against_formula(
    library: Library, rule: str, net: Network, model: nn.Module, x: Tensor, y: Tensor
) -> dict[str, float]:
    """How far one pass of ``model`` is from the formula, by what it gives."""
    found = learn(library, model, x, y)
    carriers = [library.carrier(layer, rule).detach() for layer in library.layers(model)]
    return differences(found, formula(net, x, y, carriers, direct=rule == "dfa"))


def differences(found: Passed, right: Passed) -> dict[str, float]:
    """The largest :func:`difference` of output, gradients and error."""
    return {
        name: max(difference(a, b) for a, b in zip(found[name], right[name], strict=True))
        for name in right
    }
