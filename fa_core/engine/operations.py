"""What a layer computes: an operation and its products, as in BackPACK (Dangel et al. 2020).

All else that a feedback-alignment layer does is the same for every operation.

Index legend: p network, n sample, i input unit or channel, o output unit or channel, h w pixels.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from fa_core.rules import Matrices, Rule, Signals


class Operation(Protocol):
    """The products of one kind of layer."""

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """The output of the layer."""

    def error_below(self, rule: Rule, layer: Matrices, s: Signals) -> Tensor:
        """The error that ``rule`` sends below, of the shape of the input."""

    def weight_gradient(self, layer: Matrices, s: Signals) -> Tensor:
        """The gradient of the weight, of its shape."""

    def bias_gradient(self, layer: Matrices, s: Signals) -> Tensor:
        """The gradient of the bias, of its shape."""


class Linear:
    """``y = x W^T + b`` on ``x`` of shape ``[*p, n, i]``, or ``[n, i]`` shared by all networks."""

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        y = x @ weight.mT  # [n i] or [p n i], times [p i o]
        return y if bias is None else y + bias.unsqueeze(-2)

    def error_below(self, rule: Rule, layer: Matrices, s: Signals) -> Tensor:
        error = rule.carry(layer, s)
        return error.sum(0) if s.x.ndim < error.ndim else error  # of one input for all networks

    def weight_gradient(self, layer: Matrices, s: Signals) -> Tensor:
        return s.delta.mT @ s.x

    def bias_gradient(self, layer: Matrices, s: Signals) -> Tensor:
        return s.delta.sum(-2)


class Conv2d(NamedTuple):
    """A convolution on ``x`` of shape ``[n, p i, h, w]``: the networks lie among the channels.

    A population's weights ``[p, o, i / groups, kh, kw]`` are one convolution of ``p groups``
    groups. A rule names the matrix that carries the error, which is laid out as kernels.
    """

    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int  # of one network

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        bias = None if bias is None else bias.flatten()
        options = self.stride, self.padding, self.dilation, self._all_groups(weight)
        return F.conv2d(x, weight.flatten(0, -4), bias, *options)

    def error_below(self, rule: Rule, layer: Matrices, s: Signals) -> Tensor:
        carrier = rule.carrier(Matrices.of(layer))
        return self._backward(carrier.reshape(layer.weight.shape), s, 0)

    def weight_gradient(self, layer: Matrices, s: Signals) -> Tensor:
        return self._backward(layer.weight, s, 1).view_as(layer.weight)

    def bias_gradient(self, layer: Matrices, s: Signals) -> Tensor:
        return s.delta.sum((0, 2, 3)).reshape(layer.weight.shape[:-3])

    def _backward(self, weight: Tensor, s: Signals, wanted: int) -> Tensor:
        """The gradient of the input (0) or of the weight (1) of a convolution with ``weight``."""
        options: Any = (self.stride, self.padding, self.dilation, False, (0, 0))
        mask = [number == wanted for number in range(3)]
        found = torch.ops.aten.convolution_backward(
            *(s.delta, s.x, weight.flatten(0, -4), None),
            *(*options, self._all_groups(weight), mask),
        )
        gradient: Tensor = found[wanted]
        return gradient

    def _all_groups(self, weight: Tensor) -> int:
        return self.groups * weight.shape[:-4].numel()
