"""Adding a rule under a name, and using those that are there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from fa_core import _checks
from fa_core.rules.rule import RULES, Matrices, Rule, Signals


def register(name: str) -> Callable[[type[Rule]], type[Rule]]:
    """Adds the decorated class to the rules, under ``name``, once it keeps networks independent.

    Only what a rule computes from one layer is tried here; :func:`check` also trains by it.

    Raises:
        TypeError: what is decorated is no :class:`Rule` class.
        ValueError: the name is taken, or the rule gives a network of a population something else
            than it gives that network alone.

    Examples:
        >>> @register("random-sign")
        ... class RandomSign(Rule):
        ...     meets_bp = False
        ...     def carrier(self, layer):
        ...         size = layer.weight.std(dim=(-2, -1), keepdim=True)
        ...         return layer.feedback.sign() * size
        >>> "random-sign" in RULES
        True
        >>> del RULES["random-sign"]
    """
    if not isinstance(name, str) or not name:
        raise TypeError(f"name must be a text that is not empty, got {name!r}")

    def add(kind: type[Rule]) -> type[Rule]:
        if not (isinstance(kind, type) and issubclass(kind, Rule)):
            raise TypeError(f"rule {name!r} must be a class derived from Rule, got {kind!r}")
        if name in RULES:
            raise ValueError(f"name must be new, but a rule {name!r} is registered already")
        rule = kind()
        _require_independence(name, rule)
        RULES[name] = rule
        return kind

    return add


def sample(rule: Rule, dtype: torch.dtype = torch.float64) -> tuple[Matrices, Signals, Tensor]:
    """What a rule might see of a layer of 3 networks, and the weight's gradient; always the same.

    No two of the sizes are equal, so that no axis can stand for another.
    """
    p, n, i, o, k = 3, 4, 5, 6, 2
    draw = torch.Generator().manual_seed(0)

    def normal(*size: int) -> Tensor:
        return torch.randn(size, generator=draw, dtype=dtype)

    layer = Matrices(normal(p, o, i), normal(p, *rule.shape(i, o, k)))
    return layer, Signals(normal(p, n, i), normal(p, n, o), normal(p, n, k)), normal(p, o, i)


def given(rule: Rule, layer: Matrices, s: Signals, grad_w: Tensor) -> list[tuple[str, Tensor]]:
    """What a rule computes from one layer, by the names of its methods."""
    moved = rule.feedback_gradient(layer, s, grad_w)
    sent = [("carry", rule.carry(layer, s))]
    return sent if moved is None else [*sent, ("feedback_gradient", moved)]


def _require_independence(name: str, rule: Rule) -> None:
    """Compares what a rule gives a population with what it gives each network alone."""
    layer, s, grad_w = sample(rule)
    sizes = {"carry": s.x.shape[1:], "feedback_gradient": layer.feedback.shape[1:]}
    together = given(rule, layer, s, grad_w)
    for network in range(len(grad_w)):
        own = Matrices(*(t[network] for t in layer)), Signals(*(t[network] for t in s))
        alone = given(rule, *own, grad_w[network])
        for (what, whole), (_, single) in zip(together, alone, strict=True):
            if whole.shape != (len(grad_w), *sizes[what]) or single.shape != sizes[what]:
                raise ValueError(
                    f"{what} of rule {name!r} must return [*networks, {sizes[what][0]}, "
                    f"{sizes[what][1]}], got {tuple(whole.shape)} for {len(grad_w)} networks and "
                    f"{tuple(single.shape)} for one"
                )
            if not torch.allclose(whole[network], single, rtol=1e-9, atol=1e-12):
                raise ValueError(
                    f"{what} of rule {name!r} must keep networks independent, but network "
                    f"{network} of a population gets something else than it gets alone; reduce "
                    f"over dim=(-2, -1), never over all"
                )


def as_data() -> dict[str, dict[str, Any]]:
    """The simple rules, for an engine in another language: name to the three words."""
    words = ("through", "source", "follows")
    return {
        name: {word: getattr(rule, word) for word in words}
        for name, rule in RULES.items()
        if rule.is_simple
    }


@contextmanager
def using(net: nn.Module, rule: str) -> Iterator[nn.Module]:
    """Within the block, every feedback-alignment layer of ``net`` follows ``rule``.

    Raises:
        TypeError: ``net`` is no module.
        ValueError: no rule has this name, or its feedback has another shape than a layer's.
    """
    _checks.choice("rule", rule, RULES)
    modules = _checks.module("net", net).modules()
    layers: list[Any] = [layer for layer in modules if getattr(layer, "rule", None) in RULES]
    before = [layer.rule for layer in layers]
    try:
        for layer in layers:
            layer.rule = rule
        yield net
    finally:
        for layer, own in zip(layers, before, strict=True):
            layer.rule = own
