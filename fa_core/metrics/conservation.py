"""What a hidden unit's outgoing weights gain along its feedback, its incoming weights pay for.

Both updates of a unit contain the same sum over samples, so ``<b, dc> / lr_out = <w, dw> / lr_in``
at every step of gradient descent: ``w`` are its incoming weights with its bias, ``c`` its outgoing
column of the next layer's weights and ``b`` the column of what carries the error back. Summed over
steps, with ``2 <w, dw> = d|w|^2 - |dw|^2``::

    sum <b, dc> / lr_out  =  (|w(t)|^2 - |w(0)|^2) / (2 lr_in)  -  sum |dw|^2 / (2 lr_in)
        aligned           =              growth                 -         walk

Derived in the chapter "Why it works". With ``b = c`` it is the balance of backpropagation (Du, Hu
and Lee 2018).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from fa_core import _checks
from fa_core.layers import FALinear
from fa_core.metrics.credit import fa_layers
from fa_core.rules import RULES


class Ledger(NamedTuple):
    """The terms of the law for each unit of a hidden layer, ``[*networks, units]`` in float64."""

    aligned: Tensor  # what the outgoing weights gained along the feedback, over their rate
    growth: Tensor  # of the squared incoming weights, over twice their rate
    walk: Tensor  # squared steps of the incoming weights, over twice their rate


class Conservation:
    r"""Keeps the ledger of a training: under the law ``aligned = growth - walk``, unit by unit.

    The law is exact for ReLU networks of any depth, loss, data and batches, trained by plain
    gradient descent without momentum and weight decay, at rates that stay. Under any other
    optimiser the two sides part; with Adam's ``lr`` they tell how far the law still predicts.

    It is a measure, too: with ``record=(law,)`` it gives the columns ``aligned_l``, ``growth_l``
    and ``walk_l`` of each hidden layer ``l``, summed over units.

    Args:
        net: feedback-alignment layers in a chain with ReLU between them, before training; their
            rules ``"fa"`` or ``"bp"``.
        lr: learning rate of all layers, or one for each (of weights and biases alike).

    Raises:
        TypeError: ``net`` is no module, or a rate is no number.
        ValueError: fewer than two layers, layers that do not fit one another, a rule that moves the
            feedback or carries another error, or a number of rates that is not that of layers.

    Examples:
        >>> import fa_core as fa
        >>> net = fa.MLP([64, 32, 10], seed=0)
        >>> law = Conservation(net, lr=0.1)
        >>> options = {"optimizer": torch.optim.SGD, "progress": False}
        >>> _ = fa.train_on_noise(net, 100, lr=0.1, after_step=law.update, **options)
        >>> (ledger,) = law.ledgers()
        >>> bool((ledger.aligned - ledger.growth + ledger.walk).abs().max() < 1e-4)
        True
    """

    def __init__(self, net: nn.Module, lr: float | Sequence[float]) -> None:
        layers = [layer for layer in fa_layers(net) if isinstance(layer, FALinear)]
        fit = all(a.out_features == b.in_features for a, b in pairwise(layers))
        if len(layers) < max(2, len(fa_layers(net))) or not fit:
            raise ValueError(
                f"net must be a chain of at least two FALinear layers, got {_checks.shown(net)}"
            )
        for layer in layers:
            rule = RULES[layer.rule]
            if not rule.is_simple or rule.follows or rule.source != "delta":
                raise ValueError(
                    f"net must learn by a rule that carries each layer's error through matrices "
                    f"that it does not move, such as 'fa' or 'bp', got {layer.rule!r}"
                )
        rates = [lr] * len(layers) if not isinstance(lr, Sequence) else list(lr)
        if len(rates) != len(layers):
            raise ValueError(f"lr must be one rate or {len(layers)}, one a layer, got {lr!r}")
        rates = [_checks.number("lr", rate, above=0) for rate in rates]
        self._units = [
            _Units(*pair, *around)
            for pair, around in zip(pairwise(layers), pairwise(rates), strict=True)
        ]

    def update(self) -> None:
        """Enters the step that was just made; call it after every one."""
        for units in self._units:
            units.update()

    def ledgers(self) -> list[Ledger]:
        """The ledger of each hidden layer since the start, first layer first."""
        return [units.ledger() for units in self._units]

    def __call__(self, net: nn.Module, x: Tensor, y: Tensor) -> Mapping[str, Tensor]:
        return {
            f"{term}_{number}": values.sum(-1)
            for number, ledger in enumerate(self.ledgers(), 1)
            for term, values in ledger._asdict().items()
        }


class _Units:
    """The units between two layers, and the sums over steps that their ledger is made of."""

    @torch.no_grad()
    def __init__(self, below: FALinear, above: FALinear, lr_in: float, lr_out: float) -> None:
        self._below, self._above = below, above
        self._lr_in, self._lr_out = lr_in, lr_out
        self._incoming, self._outgoing = _with_bias(below), above.weight.clone()
        self._start = _squares(self._incoming)
        self._gain = torch.zeros_like(self._start)
        self._steps = torch.zeros_like(self._start)

    @torch.no_grad()
    def update(self) -> None:
        carries_weight = RULES[self._above.rule].through == "weight"
        carrier = self._outgoing if carries_weight else self._above.feedback
        incoming, outgoing = _with_bias(self._below), self._above.weight
        # Differences of numbers that lie this near are exact; only their sums need more digits.
        self._gain += (carrier * (outgoing - self._outgoing)).sum(-2)
        self._steps += (incoming - self._incoming).square().sum(-1)
        self._incoming = incoming
        self._outgoing.copy_(outgoing)

    def ledger(self) -> Ledger:
        grown = _squares(self._incoming) - self._start
        twice = 2 * self._lr_in
        return Ledger(self._gain / self._lr_out, grown / twice, self._steps / twice)


def _with_bias(layer: FALinear) -> Tensor:
    """Incoming weights of each unit and its bias, ``[*networks, units, in + 1]``, a copy."""
    weight = layer.weight.detach()
    if layer.bias is None:
        return weight.clone()
    return torch.cat([weight, layer.bias.detach().unsqueeze(-1)], -1)


def _squares(rows: Tensor) -> Tensor:
    return rows.double().square().sum(-1)
