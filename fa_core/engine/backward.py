"""A layer's operation under autograd, whose backward pass follows a rule.

Index legend: p network, n sample, o output unit, k unit of the network's output.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from fa_core.engine.operations import Operation
from fa_core.rules import RULES, Matrices, Rule, Signals


class LogitsError:
    """Hands the error at the logits of one forward pass to the layers whose rule asks for it."""

    def __init__(self, layers: Iterable[Any] = ()) -> None:
        self.value: Tensor | None = None
        self._waiting = [layer for layer in layers if RULES[layer.rule].source == "error"]
        for layer in self._waiting:
            layer._logits_error = self

    def watch(self, logits: Tensor) -> Tensor:
        """Ends the forward pass. A hook on the logits runs before every layer's backward pass."""
        for layer in self._waiting:
            layer._logits_error = None
        if self._waiting and logits.requires_grad:
            logits.register_hook(self._take)
        return logits

    def _take(self, error: Tensor) -> None:
        self.value = error

    def of(self, delta: Tensor) -> Tensor:
        """The error, with samples as in a layer's ``delta``: ``[*p, n, k]``."""
        if self.value is None:
            raise RuntimeError(
                "a rule asks for the error at the network's logits, but none arrived; put the "
                "layer into an fa_core.MLP, or convert the whole model with fa_core.convert"
            )
        error = self.value.flatten(delta.ndim - 2, -2)
        if error.shape[:-1] != delta.shape[:-1]:
            raise RuntimeError(
                f"a rule that sends the logits' error needs one sample at a layer's output for "
                f"each at the logits, got {tuple(delta.shape[:-1])} and {tuple(error.shape[:-1])}"
            )
        return error.to(delta.dtype)


class LogitsErrorHooks:
    """Two hooks that hand the logits' error of any ``model`` to its ``layers``."""

    def __init__(self, model: nn.Module, layers: Sequence[Any]) -> None:
        self._layers = layers
        model.register_forward_pre_hook(self._before)
        model.register_forward_hook(self._after)

    def _before(self, model: nn.Module, inputs: Any) -> None:
        self._error = LogitsError(self._layers)

    def _after(self, model: nn.Module, inputs: Any, logits: Tensor) -> Tensor:
        return self._error.watch(logits)


class Layer(torch.autograd.Function):
    """A layer's ``operation`` forward; backward the rule says what is sent below."""

    generate_vmap_rule = True

    @staticmethod
    def forward(
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        feedback: Tensor,
        operation: Operation,
        rule: Rule,
        logits_error: LogitsError | None,
    ) -> Tensor:
        return operation.forward(x, weight, bias)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        x, weight, _, feedback, ctx.operation, ctx.rule, ctx.logits_error = inputs
        ctx.save_for_backward(x, weight, feedback)

    @staticmethod
    def backward(ctx: Any, delta: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, feedback = ctx.saved_tensors
        operation: Operation = ctx.operation
        rule: Rule = ctx.rule
        error = delta if ctx.logits_error is None else ctx.logits_error.of(delta)
        s = Signals(x, delta, error)
        layer = Matrices(weight, feedback)
        grad_x = grad_weight = grad_bias = grad_feedback = None
        if ctx.needs_input_grad[0]:
            grad_x = operation.error_below(rule, layer, s)
        if ctx.needs_input_grad[1] or ctx.needs_input_grad[3]:
            grad_weight = operation.weight_gradient(layer, s)
        if ctx.needs_input_grad[2]:
            grad_bias = operation.bias_gradient(layer, s)
        if ctx.needs_input_grad[3] and grad_weight is not None:
            grad_feedback = rule.feedback_gradient(layer, s, grad_weight)
        found = [grad_x, grad_weight, grad_bias, grad_feedback]
        if torch.is_grad_enabled() and not rule.is_derivative:
            found = [t if t is None else _Once.apply(t) for t in found]
        return *found, None, None, None


class _Once(torch.autograd.Function):
    """The same tensor; an error where it is differentiated, for a rule is no derivative."""

    generate_vmap_rule = True

    @staticmethod
    def forward(t: Tensor) -> Tensor:
        return t.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Nothing is kept: the backward pass only raises."""

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        raise RuntimeError(
            "an update by a feedback rule is no derivative and has no second derivative; take "
            "first derivatives alone, or rule='bp', whose higher derivatives are right"
        )
