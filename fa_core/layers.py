"""Linear layers whose error travels back through a matrix of its own.

Index legend: p network, n sample, i input unit, o output unit.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from fa_core import _checks
from fa_core.rules import RULES


class _Linear(torch.autograd.Function):
    """``y = x W^T + b`` forward; backward the error goes through ``back`` instead of ``W``."""

    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor | None, back: Tensor) -> Tensor:
        y = x @ weight.mT  # [n i] or [p n i], times [p i o]
        return y if bias is None else y + bias.unsqueeze(-2)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        x, _, _, back = inputs
        ctx.save_for_backward(x, back)

    @staticmethod
    @once_differentiable  # the backward pass is a rule, not a derivative: it has none of its own
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, back = ctx.saved_tensors
        grad_x = grad_weight = grad_bias = None
        if ctx.needs_input_grad[0]:
            grad_x = grad @ back
            if x.ndim < grad_x.ndim:  # one input shared by all networks
                grad_x = grad_x.sum(0)
        if ctx.needs_input_grad[1]:
            grad_weight = grad.mT @ x
        if ctx.needs_input_grad[2]:
            grad_bias = grad.sum(-2)
        return grad_x, grad_weight, grad_bias, None


class FALinear(nn.Module):
    r"""A drop-in for :class:`torch.nn.Linear` that needs no weight transport.

    Forward :math:`y = x W^\top + b`. Backward, the error :math:`\delta` at ``y`` reaches ``x`` as
    :math:`\delta B` under ``rule="fa"`` (Lillicrap et al. 2016) and as :math:`\delta W` under
    ``rule="bp"``. The updates of ``W`` and ``b`` are the usual :math:`\delta^\top x` and
    :math:`\sum \delta`. ``W`` and ``B`` are drawn independently from N(0, 2 / in_features)
    (He et al. 2015), as in Cheon et al. (2024); ``b`` starts at 0.

    Args:
        in_features: input units, at least 1.
        out_features: output units, at least 1.
        bias: whether to learn an additive bias.
        rule: what travels backward, a name in ``fa_core.rules.RULES``.
        networks: number of independent networks in a leading axis; ``None`` for a plain layer.
        generator: source of the random weights, or a sequence with one for each network; ``None``
            takes torch's global one, as ``torch.nn.Linear`` does.

    Shape:
        - Plain layer: ``[*, in]`` to ``[*, out]``.
        - Population: ``[networks, *, in]`` to ``[networks, *, out]``. An input of one or two
          dimensions, ``[in]`` or ``[n, in]``, is shared by all networks.

    Attributes:
        weight: parameter ``[*networks, out, in]``.
        bias: parameter ``[*networks, out]``, or ``None``.
        feedback: buffer ``[*networks, out, in]``; saved and moved with the module, never updated.

    Raises:
        TypeError: a size that is no integer, or an input that is not floating point.
        ValueError: a size below 1, an unknown rule, or an input of the wrong width.

    Examples:
        >>> layer = FALinear(3, 2)
        >>> layer(torch.randn(5, 3)).shape
        torch.Size([5, 2])
        >>> FALinear(3, 2, networks=4)(torch.randn(5, 3)).shape
        torch.Size([4, 5, 2])
    """

    weight: Tensor
    bias: Tensor | None
    feedback: Tensor

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        rule: str = "fa",
        networks: int | None = None,
        generator: torch.Generator | Sequence[torch.Generator] | None = None,
    ) -> None:
        super().__init__()
        self.in_features = _checks.integer("in_features", in_features, 1)
        self.out_features = _checks.integer("out_features", out_features, 1)
        self.rule = _checks.choice("rule", rule, RULES)
        self.networks = None if networks is None else _checks.integer("networks", networks, 1)
        population = () if self.networks is None else (self.networks,)
        rows, columns = self.out_features, self.in_features
        self.weight = nn.Parameter(torch.empty(*population, rows, columns))
        self.bias = nn.Parameter(torch.empty(*population, rows)) if bias else None
        self.register_buffer("feedback", torch.empty_like(self.weight, requires_grad=False))
        self.reset_parameters(generator)

    @torch.no_grad()
    def reset_parameters(
        self, generator: torch.Generator | Sequence[torch.Generator] | None = None
    ) -> None:
        """Draws weight and feedback anew, N(0, 2 / in_features), and sets the bias to 0."""
        std = math.sqrt(2 / self.in_features)
        for matrix in (self.weight, self.feedback):
            if isinstance(generator, Sequence):  # one stream for each network
                parts = [matrix] if self.networks is None else list(matrix)
                for part, stream in zip(parts, generator, strict=True):
                    part.normal_(0.0, std, generator=stream)
            else:
                matrix.normal_(0.0, std, generator=generator)
        if self.bias is not None:
            self.bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        self._check_input(x)
        own_input = self.networks is not None and x.ndim > 2
        batch = x.shape[1:-1] if own_input else x.shape[:-1]
        flat = (x.shape[0], batch.numel()) if own_input else (batch.numel(),)
        x = x.reshape(*flat, self.in_features)
        tensors = [x, self.weight, self.bias, self.backward_matrix()]
        device = x.device.type
        if torch.is_autocast_enabled(device):
            # Cast here: autograd casts the gradients back, and all of `backward` meets one dtype.
            dtype = torch.get_autocast_dtype(device)
            tensors = [t if t is None else t.to(dtype) for t in tensors]
        y: Tensor = _Linear.apply(*tensors)
        return y.reshape(*y.shape[:-2], *batch, self.out_features)

    def part(self, first: int, end: int) -> FALinear:
        """Networks ``first`` to ``end`` of a population, sharing memory with it."""
        part = copy.copy(self)
        part.networks = end - first
        part._parameters = {
            name: p if p is None else nn.Parameter(p.detach()[first:end], p.requires_grad)
            for name, p in self._parameters.items()
        }
        part._buffers = {"feedback": self.feedback[first:end]}
        return part

    def backward_matrix(self) -> Tensor:
        """The matrix ``[*networks, out, in]`` that carries the error from output to input."""
        back: Tensor = getattr(self, RULES[self.rule].through)
        return back.detach()

    def _check_input(self, x: Tensor) -> None:
        _checks.floating("x", x)
        if x.ndim == 0 or x.shape[-1] != self.in_features:
            raise ValueError(
                f"x must have {self.in_features} features in its last dimension, "
                f"got shape {tuple(x.shape)}"
            )
        if self.networks is not None and x.ndim > 2 and x.shape[0] != self.networks:
            raise ValueError(
                f"x must be [batch, features] (shared) or have {self.networks} networks in its "
                f"first dimension, got shape {tuple(x.shape)}"
            )

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}, rule={self.rule!r}, networks={self.networks}"
        )
