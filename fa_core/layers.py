"""Layers whose error travels back by a rule of its own: what all share, and the linear one.

Index legend: p network, n sample, i input unit, o output unit.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fa_core import _checks
from fa_core._matrices import fresh_std
from fa_core.engine.backward import Layer, LogitsError
from fa_core.engine.operations import Linear, Operation
from fa_core.rules import RULES, Rule

_LINEAR = Linear()


class FALayer(nn.Module):
    """What all feedback-alignment layers share: their tensors, their rule, their backward pass."""

    weight: Tensor
    bias: Tensor | None
    feedback: Tensor
    networks: int | None

    def _make(
        self,
        weight: tuple[int, ...],
        feedback: tuple[int, ...],
        bias: bool,
        rule: str,
        networks: int | None,
        generator: torch.Generator | Sequence[torch.Generator] | None,
        sizes: str,
    ) -> None:
        """Makes and draws tensors of these shapes; ``sizes`` names the arguments they come from."""
        bias = _checks.flag("bias", bias)
        self.networks = None if networks is None else _checks.integer("networks", networks, 1)
        population = () if self.networks is None else (self.networks,)
        _checks.streams("generator", generator, self.networks)
        size = 2 * 4 * math.prod(population) * math.prod(weight)  # of float32 weight and feedback
        _checks.memory(f"networks={networks}, {sizes}", size)
        self.weight = nn.Parameter(torch.empty(*population, *weight))
        self.bias = nn.Parameter(torch.empty(*population, weight[0])) if bias else None
        self.register_buffer("feedback", torch.empty(*population, *feedback))
        self._logits_error: LogitsError | None = None  # of the forward pass that is under way
        self.rule = rule
        self.reset_parameters(generator)

    @property
    def rule(self) -> str:
        """Name of what travels backward."""
        return self._rule

    @rule.setter
    def rule(self, name: str) -> None:
        rule = RULES[_checks.choice("rule", name, RULES)]
        self._check_rule(name, rule)
        self._rule = name
        if rule.moves_feedback and not isinstance(self.feedback, nn.Parameter):
            feedback = self.feedback
            del self.feedback
            self.feedback = nn.Parameter(feedback)  # an optimiser must find it

    def _check_rule(self, name: str, rule: Rule) -> None:
        """Raises ValueError if the layer cannot follow the rule."""
        raise NotImplementedError

    @torch.no_grad()
    def reset_parameters(
        self, generator: torch.Generator | Sequence[torch.Generator] | None = None
    ) -> None:
        """Draws weight and feedback anew, N(0, 2 / fan_in), and sets the bias to 0.

        ``fan_in`` is the number of inputs of one output unit.

        Raises:
            TypeError: ``generator`` is no torch generator, nor a sequence of them.
            ValueError: a sequence that has not one for each network.
        """
        _checks.streams("generator", generator, self.networks)
        std = fresh_std(self.weight)
        for matrix in (self.weight, self.feedback):
            if isinstance(generator, Sequence):  # one stream for each network
                parts = [matrix] if self.networks is None else list(matrix)
                for part, stream in zip(parts, generator, strict=True):
                    part.normal_(0.0, std, generator=stream)
            else:
                matrix.normal_(0.0, std, generator=generator)
        if self.bias is not None:
            self.bias.zero_()

    def _apply_operation(
        self, operation: Operation, x: Tensor, error: LogitsError | None
    ) -> Tensor:
        x, weight, feedback = [_autocast(t) for t in (x, self.weight, self.feedback)]
        bias = None if self.bias is None else _autocast(self.bias)
        if (x.dtype, x.device) != (weight.dtype, weight.device):
            raise ValueError(
                f"x must be {weight.dtype} on {weight.device}, as the layer's weight is, "
                f"got {x.dtype} on {x.device}"
            )
        rule = RULES[self.rule]
        y: Tensor = Layer.apply(x, weight, bias, feedback, operation, rule, error)
        return y


def _autocast(t: Tensor) -> Tensor:
    """Casts before the operation: autograd casts back, and all of `backward` meets one dtype.

    Double precision stays, as in torch's own layers.
    """
    device = t.device.type
    never = t.dtype == torch.float64 or t.is_meta  # torch knows no autocast without memory
    if never or not torch.is_autocast_enabled(device):
        return t
    return t.to(torch.get_autocast_dtype(device))


class FALinear(FALayer):
    r"""A drop-in for :class:`torch.nn.Linear` that needs no weight transport.

    Forward :math:`y = x W^\top + b`. Backward, the error :math:`\delta` at ``y`` reaches ``x`` as
    :math:`\delta B` under ``rule="fa"`` (Lillicrap et al. 2016) and as :math:`\delta W` under
    ``rule="bp"``; :mod:`fa_core.rules` lists all. The updates of ``W`` and ``b`` are the usual
    :math:`\delta^\top x` and :math:`\sum \delta`. ``W`` and ``B`` are drawn independently from
    N(0, 2 / in_features) (He et al. 2015), as in Cheon et al. (2024); ``b`` starts at 0.

    Args:
        in_features: input units, at least 1.
        out_features: output units, at least 1.
        bias: whether to learn an additive bias.
        rule: what travels backward, a name in ``fa_core.rules.RULES``.
        networks: number of independent networks in a leading axis; ``None`` for a plain layer.
        generator: source of the random weights, or a sequence with one for each network; ``None``
            takes torch's global one, as ``torch.nn.Linear`` does.
        outputs: units of the whole network's output, where the feedback of rules such as ``"dfa"``
            starts; ``None`` for a layer that is itself the last.

    Shape:
        - Plain layer: ``[*, in]`` to ``[*, out]``.
        - Population: ``[networks, *, in]`` to ``[networks, *, out]``. An input of one or two
          dimensions, ``[in]`` or ``[n, in]``, is shared by all networks.

    Attributes:
        weight: parameter ``[*networks, out, in]``.
        bias: parameter ``[*networks, out]``, or ``None``.
        feedback: buffer ``[*networks, out, in]`` (``[*networks, outputs, in]`` under ``"dfa"``);
            saved and moved with the module, never updated. A parameter under rules that move it,
            such as ``"kp"``.
        rule: may be set to another rule whose feedback has the same shape.

    Raises:
        TypeError: a size that is no integer, or an input that is not floating point.
        ValueError: a size below 1, an unknown rule, or an input of the wrong width.
        RuntimeError: in the backward pass, a second derivative under any rule but ``"bp"``, or a
            rule that asks for the logits' error outside a network that hands it on.

    Examples:
        >>> layer = FALinear(3, 2)
        >>> layer(torch.randn(5, 3)).shape
        torch.Size([5, 2])
        >>> FALinear(3, 2, networks=4)(torch.randn(5, 3)).shape
        torch.Size([4, 5, 2])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        rule: str = "fa",
        networks: int | None = None,
        generator: torch.Generator | Sequence[torch.Generator] | None = None,
        outputs: int | None = None,
    ) -> None:
        super().__init__()
        self.in_features = _checks.integer("in_features", in_features, 1)
        self.out_features = _checks.integer("out_features", out_features, 1)
        _checks.choice("rule", rule, RULES)
        last = self.out_features if outputs is None else outputs
        self.outputs = _checks.integer("outputs", last, 1)
        rows, columns = self.out_features, self.in_features
        shape = RULES[rule].shape(columns, rows, self.outputs)
        sizes = f"out_features={rows}, in_features={columns}"
        self._make((rows, columns), shape, bias, rule, networks, generator, sizes)

    def _check_rule(self, name: str, rule: Rule) -> None:
        needed = rule.shape(self.in_features, self.out_features, self.outputs)
        if rule.reads_feedback and self.feedback.shape[-2:] != needed:
            raise ValueError(
                f"rule {name!r} needs feedback of shape {needed}, but this layer's is "
                f"{tuple(self.feedback.shape[-2:])}; make the layer with rule={name!r}"
            )

    def forward(self, x: Tensor) -> Tensor:
        self._check_input(x)
        own_input = self.networks is not None and x.ndim > 2
        batch = x.shape[1:-1] if own_input else x.shape[:-1]
        flat = (x.shape[0], batch.numel()) if own_input else (batch.numel(),)
        x = x.reshape(*flat, self.in_features)
        error = self._logits_error
        asks = RULES[self.rule].source == "error"
        if asks and error is None and self.outputs != self.out_features:
            error = LogitsError()  # from which none comes: the backward pass says so
        y = self._apply_operation(_LINEAR, x, error)
        return y.reshape(*y.shape[:-2], *batch, self.out_features)

    def part(self, first: int, end: int) -> FALinear:
        """Networks ``first`` to ``end`` of a population, sharing memory with it."""
        part = copy.copy(self)
        part.networks = end - first
        part._parameters = {
            name: p if p is None else nn.Parameter(p.detach()[first:end], p.requires_grad)
            for name, p in self._parameters.items()
        }
        part._buffers = {
            name: b if b is None else b[first:end] for name, b in self._buffers.items()
        }
        return part

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
