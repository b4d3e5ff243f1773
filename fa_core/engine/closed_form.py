"""Feedback alignment written out: one matrix product forward and two backward for each layer.

A training step on small networks costs as much in Python as in arithmetic, and threads wait for
each other's Python. So every view and every piece of memory is made once, and a step is the same
few calls on them, again and again.

Index legend: p network, n sample, i input unit, o output unit.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from fa_core.engine import products
from fa_core.layers import FALinear
from fa_core.rules import RULES

_relu_backward = torch.ops.aten.threshold_backward.grad_input


class ClosedForm:
    """Loss and gradients of layers with ReLU between them, on a batch that keeps its memory.

    Args:
        layers: :class:`FALinear` modules from the input on, all plain or all of one population.
        x: inputs ``[p, n, i]``; or ``[n, i]``, shared by all networks or of a plain network.
        y: label probabilities ``[p, n, k]``, or ``[n, k]`` likewise.
    """

    @torch.no_grad()
    def __init__(self, layers: Any, x: Tensor, y: Tensor) -> None:
        self._y = y
        self._layers: list[_Layer] = []
        for module in layers:
            self._layers.append(_Layer(module, x))
            x = self._layers[-1].y
        self._log_p = torch.empty_like(x)
        self._losses = x.new_empty(len(x))
        self._share = 1 / x.shape[1]  # of each sample in the mean
        # A plain network is a population of one; its loss has no axis of networks.
        self._loss = self._losses if layers[0].networks is not None else self._losses[0]

    @torch.no_grad()
    def __call__(self) -> Tensor:
        """Sets every ``.grad``; returns the loss ``[*p]`` (nats), valid until the next call."""
        *hidden, last = self._layers
        for layer in hidden:
            layer.forward()
            layer.y.relu_()
        last.forward()
        log_p, delta = self._log_p, last.delta
        torch.log_softmax(last.y, -1, out=log_p)
        torch.exp(log_p, out=delta)
        delta.sub_(self._y).mul_(self._share)  # the error at the logits
        torch.sum(log_p.mul_(self._y), (-2, -1), out=self._losses).mul_(-self._share)
        last.backward()
        for layer, above in zip(reversed(hidden), reversed(self._layers), strict=False):
            torch.bmm(above.delta, above.back(), out=layer.delta)
            _relu_backward(layer.delta, layer.y, 0, grad_input=layer.delta)
            layer.backward()
        return self._loss


class _Layer:
    """The calls of one layer; ``y`` holds its output and ``delta`` the error there, ``[p n o]``."""

    def __init__(self, layer: FALinear, x: Tensor) -> None:
        weight, feedback = _population(layer, layer.weight), _population(layer, layer.feedback)
        bias = None if layer.bias is None else _population(layer, layer.bias)
        through = RULES[layer.rule].through
        back = weight if through == "weight" else feedback
        self.back = lambda: back
        networks, outputs, inputs = weight.shape
        shared = x.ndim == 2
        if shared:  # the units of all networks are those of one large network's layer
            x, weight = x.unsqueeze(0), weight.view(1, -1, inputs)
            bias = bias if bias is None else bias.view(1, -1)
        y, delta = (x.new_empty(*x.shape[:2], weight.shape[1]) for _ in range(2))
        self.forward = products.prepare(x, weight, bias, y)
        self._gradients = []
        if layer.weight.requires_grad:
            grad = _gradient(layer, layer.weight).view(weight.shape)
            self._gradients.append(products.prepare(delta.mT, x.mT, None, grad))
        if shared:
            own = (-1, networks, outputs)
            y, delta = (memory.view(own).transpose(0, 1) for memory in (y, delta))
        self.y, self.delta = y, delta
        if layer.bias is not None and layer.bias.requires_grad:
            grad = _gradient(layer, layer.bias)
            self._gradients.append(partial(torch.sum, delta, 1, out=grad))

    def backward(self) -> None:
        for gradient in self._gradients:
            gradient()


def _population(layer: FALinear, tensor: Tensor) -> Tensor:
    """A layer's tensor with an axis of networks, which is 1 for a plain layer."""
    return tensor.detach() if layer.networks is not None else tensor.detach().unsqueeze(0)


def _gradient(layer: FALinear, parameter: Tensor) -> Tensor:
    """The memory of a parameter's gradient, with an axis of networks."""
    if parameter.grad is None:
        parameter.grad = torch.empty_like(parameter)
    return _population(layer, parameter.grad)
