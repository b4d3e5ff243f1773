"""Training by a rule written out: one matrix product forward and two backward for each layer.

A training step on small networks costs as much in Python as in arithmetic, and threads wait for
each other's Python. So every view and every piece of memory is made once, and a step is the same
few calls on them, again and again. :func:`covers` says where this gives what autograd would give.

Units lie above samples, ``[p o n]`` in memory, for products and softmax are faster that way round;
``.mT`` shows it.

Index legend: p network, n sample, i input unit, o output unit, k unit of the network's output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules import module as torch_module

from fa_core.engine import products
from fa_core.layers import FALinear
from fa_core.rules import RULES, Matrices, Signals

_relu_backward = torch.ops.aten.threshold_backward.grad_input
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
_TENSORS = {"weight", "bias", "feedback"}  # all that a plain layer holds


def covers(net: nn.Module, layers: Sequence[nn.Module], x: Tensor) -> bool:
    """Whether nothing happens in ``net`` but its plain ``layers`` with ReLU between them.

    It does not where a module has hooks or a ``forward`` of its own, where a weight is made of
    something else (pruned, normed, parametrised) or has hooks, where layers do not fit one another,
    and under autocast. There autograd gives the gradients.
    """
    return (
        _is_untouched(net)
        and not any(getattr(torch_module, f"_global{name}") for name in _HOOKS)
        and not torch.is_autocast_enabled(x.device.type)
        and all(_is_plain(layer, net, x) for layer in layers)
        and all(below.out_features == above.in_features for below, above in pairwise(layers))
    )


def _is_untouched(module: nn.Module) -> bool:
    return "forward" not in module.__dict__ and not any(getattr(module, name) for name in _HOOKS)


def _is_plain(layer: Any, net: Any, x: Tensor) -> bool:
    if type(layer) is not FALinear or not _is_untouched(layer) or layer.networks != net.networks:
        return False
    tensors = layer._parameters | layer._buffers
    moves = RULES[layer.rule].moves_feedback  # by the weight's gradient, which must be there then
    return (
        set(tensors) == _TENSORS
        and layer.weight.requires_grad >= moves
        and all(t is None or _is_own(t, x) for t in tensors.values())
    )


def _is_own(tensor: Tensor, x: Tensor) -> bool:
    """Whether a layer's tensor is memory like any other, of the kind of ``x``, without hooks."""
    return (
        type(tensor) in (Tensor, nn.Parameter)
        and (tensor.dtype, tensor.device) == (x.dtype, x.device)
        and tensor.is_contiguous()
        and not tensor._backward_hooks
        and not getattr(tensor, "_post_accumulate_grad_hooks", None)
    )


def state(layers: Iterable[Any]) -> list[Any]:
    """All that a closed form was made from; where that changes, another one is needed."""
    found: list[Any] = []
    for layer in layers:
        tensors = (layer.weight, layer.bias, layer.feedback)
        memory = [None if t is None else (t.data_ptr(), t.requires_grad) for t in tensors]
        found.append((layer, layer.rule, memory))
    return found


class ClosedForm:
    """Loss and gradients of layers with ReLU between them, on a batch that keeps its memory.

    Args:
        layers: :class:`FALinear` modules from the input on, all plain or all of one population.
        x: inputs ``[p, n, i]``; or ``[n, i]``, shared by all networks or of a plain network.
        y: label probabilities ``[p, n, k]``, or ``[n, k]`` likewise.
    """

    @torch.no_grad()
    def __init__(self, layers: Any, x: Tensor, y: Tensor) -> None:
        self._y = y.mT
        self._layers: list[_Layer] = []
        for module in layers:
            self._layers.append(_Layer(module, x))
            x = self._layers[-1].y
        error = self._layers[-1].delta
        for layer, above in pairwise(self._layers):
            layer.receive = above.sender(error, layer.delta)
        for layer in self._layers:
            layer.make_gradients(error)
        self._log_p = torch.empty_like(x.mT)
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
        log_p, error = self._log_p, last.delta.mT
        torch.log_softmax(last.y.mT, -2, out=log_p)
        torch.exp(log_p, out=error)
        error.sub_(self._y).mul_(self._share)
        torch.sum(log_p.mul_(self._y), (-2, -1), out=self._losses).mul_(-self._share)
        last.backward()
        for layer in reversed(hidden):
            layer.receive()
            _relu_backward(layer.delta, layer.y, 0, grad_input=layer.delta)
            layer.backward()
        return self._loss


class _Layer:
    """The calls of one layer; ``y`` holds its output and ``delta`` the error there, ``[p n o]``."""

    receive: Callable[[], object]  # brings the error at the output, from the layer above

    def __init__(self, layer: FALinear, x: Tensor) -> None:
        self._layer, self._input = layer, x
        self._rule = RULES[layer.rule]
        weight = _population(layer, layer.weight)
        self._matrices = Matrices(weight, _population(layer, layer.feedback))
        bias = None if layer.bias is None else _population(layer, layer.bias)
        x = x.expand(len(weight), -1, -1)
        y, delta = (x.new_empty(len(x), weight.shape[1], x.shape[1]).mT for _ in range(2))
        self.forward = products.prepare(x, weight, bias, y)
        self._gradients: list[Callable[[], object]] = []
        if layer.weight.requires_grad:
            grad = _gradient(layer, layer.weight)
            self._gradients.append(products.prepare(delta.mT, x.mT, None, grad))
        self.y, self.delta = y, delta

    def make_gradients(self, error: Tensor) -> None:
        """Readies the gradients of bias and feedback; ``error`` is the one at the logits."""
        layer, rule = self._layer, self._rule
        if layer.bias is not None and layer.bias.requires_grad:
            grad = _gradient(layer, layer.bias)
            self._gradients.append(partial(torch.sum, self.delta, 1, out=grad))
        if rule.moves_feedback and layer.feedback.requires_grad:
            grad = _gradient(layer, layer.feedback)
            grad_w, signals = _gradient(layer, layer.weight), self._signals(error)

            def move() -> None:
                moved = rule.feedback_gradient(self._matrices, signals, grad_w)
                grad.zero_() if moved is None else grad.copy_(moved)

            self._gradients.append(move)

    def sender(self, error: Tensor, out: Tensor) -> Callable[[], object]:
        """What brings the error at this layer's input into ``out``, ``[p n i]``."""
        rule, signals = self._rule, self._signals(error)
        if rule.is_simple:
            matrix = getattr(self._matrices, rule.through)
            return products.prepare(getattr(signals, rule.source), matrix.mT, None, out)
        return lambda: out.copy_(rule.carry(self._matrices, signals))

    def backward(self) -> None:
        for gradient in self._gradients:
            gradient()

    def _signals(self, error: Tensor) -> Signals:
        asks = self._rule.source == "error"
        return Signals(self._input, self.delta, error if asks else self.delta)


def _population(layer: FALinear, tensor: Tensor) -> Tensor:
    """A layer's tensor with an axis of networks, which is 1 for a plain layer."""
    return tensor.detach() if layer.networks is not None else tensor.detach().unsqueeze(0)


def _gradient(layer: FALinear, parameter: Tensor) -> Tensor:
    """The memory of a parameter's gradient, with an axis of networks."""
    if parameter.grad is None:
        parameter.grad = torch.empty_like(parameter)
    return _population(layer, parameter.grad)
