"""What travels backward: one entry for each learning rule.

Every rule here computes the same update ``delta x^T`` from the error ``delta`` that reaches a
layer. Rules differ only in the matrix that carries the error on to the layer below. So a rule is
a function of the layer's weight ``W`` and feedback ``B``, both ``[*networks, out, in]``, that
returns that matrix, of the same shape. Layers look rules up here by name.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from fa_core import _checks

BackwardMatrix = Callable[[Tensor, Tensor], Tensor]
RULES: dict[str, BackwardMatrix] = {}


def register(name: str) -> Callable[[BackwardMatrix], BackwardMatrix]:
    """Adds the decorated function to the rules, under ``name``.

    >>> @register("random-sign")
    ... def random_sign(weight, feedback):
    ...     return feedback.sign() * weight.std()
    >>> "random-sign" in RULES
    True
    >>> del RULES["random-sign"]
    """

    def add(rule: BackwardMatrix) -> BackwardMatrix:
        if name in RULES:
            raise ValueError(f"name must be new, but a rule {name!r} is registered already")
        RULES[name] = rule
        return rule

    return add


@register("bp")
def backpropagation(weight: Tensor, feedback: Tensor) -> Tensor:
    """The forward weight itself: weight transport (Rumelhart et al. 1986)."""
    return weight


@register("fa")
def feedback_alignment(weight: Tensor, feedback: Tensor) -> Tensor:
    """A fixed random matrix (Lillicrap et al. 2016)."""
    return feedback


@contextmanager
def using(net: nn.Module, rule: str) -> Iterator[nn.Module]:
    """Within the block, every feedback-alignment layer of ``net`` follows ``rule``."""
    _checks.choice("rule", rule, RULES)
    layers: list[Any] = [layer for layer in net.modules() if getattr(layer, "rule", None) in RULES]
    before = [layer.rule for layer in layers]
    for layer in layers:
        layer.rule = rule
    try:
        yield net
    finally:
        for layer, own in zip(layers, before, strict=True):
            layer.rule = own
