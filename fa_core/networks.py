"""Fully connected networks, one or a whole population at once."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fa_core import _checks, _labels, seeding
from fa_core.engine import autograd
from fa_core.engine.backward import LogitsError
from fa_core.engine.closed_form import ClosedForm, covers
from fa_core.layers import FALinear


class MLP(nn.Module):
    """ReLU network of :class:`~fa_core.FALinear` layers that returns logits (Cheon et al. 2024).

    Args:
        sizes: units of each layer, input first and classes last, at least two numbers.
        rule: what travels backward, a name in ``fa_core.rules.RULES``.
        networks: number of independent networks trained at once; ``None`` for one plain network.
        seed: decides all weights. Network ``i`` is the network that seed ``seed + i`` gives alone.
            No global random state is read or changed.

    Shape:
        ``[*networks, batch, sizes[0]]`` to ``[*networks, batch, sizes[-1]]``. A population takes
        ``[batch, sizes[0]]`` too: one batch shared by all.

    Raises:
        TypeError: a size, ``networks`` or ``seed`` that is no integer.
        ValueError: fewer than two sizes, a number below its minimum, or an unknown rule.

    Examples:
        >>> MLP([784, 100, 10], networks=8)(torch.randn(32, 784)).shape
        torch.Size([8, 32, 10])
    """

    def __init__(
        self,
        sizes: Sequence[int],
        rule: str = "fa",
        networks: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if isinstance(sizes, str) or not isinstance(sizes, Sequence | np.ndarray):
            raise TypeError(f"sizes must list the units of each layer in order, got {sizes!r}")
        if len(sizes) < 2:
            raise ValueError(f"sizes must list at least input and output units, got {list(sizes)}")
        self.sizes = tuple(_checks.integer("sizes", size, 1) for size in sizes)
        self.networks = None if networks is None else _checks.integer("networks", networks, 1)
        streams = seeding.generators(seed, "init", networks)
        self.layers: Any = nn.ModuleList(  # whose items have no type of their own
            FALinear(i, o, rule=rule, networks=networks, generator=streams, outputs=self.sizes[-1])
            for i, o in zip(self.sizes, self.sizes[1:], strict=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        error = LogitsError(self.layers)
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        return error.watch(self.layers[-1](x))

    def loss_and_gradients(self, x: Tensor, y: Tensor) -> Tensor:
        """Returns the loss ``[*networks]`` (nats) and sets every ``.grad``, faster than autograd.

        This is feedback alignment written out: one matrix product forward and two backward for
        each layer (Cheon et al. 2024; Lillicrap et al. 2016).

        Args:
            x: inputs ``[*networks, n, in]``, or ``[n, in]`` shared by all networks.
            y: classes ``[*networks, n]``, or probabilities ``[*networks, n, K]`` that sum to 1.

        Raises:
            TypeError, ValueError: inputs that do not fit the network, or labels that do not fit
                them, as in :func:`fa_core.metrics.cross_entropy`.
        """
        population = () if self.networks is None else (self.networks,)
        batch = tuple(_checks.floating("x", x).shape[-2:])
        own = (*population, *batch)
        if len(batch) < 2 or tuple(x.shape) not in (own, batch) or batch[1] != self.sizes[0]:
            raise ValueError(
                f"x must be a batch [n, {self.sizes[0]}], shared or with {population} in front, "
                f"got shape {tuple(x.shape)}"
            )
        _labels.require_label_shape(y, torch.Size((*population, batch[0], self.sizes[-1])))
        if not y.is_floating_point():
            _labels.require_label_values(y, self.sizes[-1])
            y = F.one_hot(y.long(), self.sizes[-1]).to(x.dtype)
        form = self.closed_form(x, y)
        return autograd.loss_and_gradients(self, x, y) if form is None else form()

    def has_closed_form(self, x: Tensor) -> bool:
        """Whether :meth:`closed_form` gives, on inputs like ``x``, the numbers of autograd."""
        return type(self) is MLP and covers(self, list(self.layers), x)

    def closed_form(self, x: Tensor, y: Tensor) -> ClosedForm | None:
        """What computes loss and gradients on these tensors' memory; ``None`` where it is wrong."""
        return ClosedForm(self.layers, x, y) if self.has_closed_form(x) else None

    def part(self, first: int, end: int) -> MLP:
        """Networks ``first`` to ``end`` of a population, sharing memory with it."""
        part = copy.copy(self)
        part.networks = end - first
        part._modules = {"layers": nn.ModuleList(layer.part(first, end) for layer in self.layers)}
        return part

    @torch.no_grad()
    def hidden(self, x: Tensor) -> list[Tensor]:
        """Activity of each hidden layer, ``[*networks, batch, units]``, first layer first."""
        activity = []
        for layer in self.layers[:-1]:
            x = layer(x).relu_()
            activity.append(x)
        return activity
