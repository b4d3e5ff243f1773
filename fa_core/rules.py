"""What travels backward, and whether the feedback moves: one small class for each learning rule.

Every rule updates the forward weights by ``delta^T x`` from the error ``delta`` that reaches a
layer. Rules differ in what a layer sends to the layer below, and in what, if anything, moves the
feedback. Most are three words of data (``through``, ``source``, ``follows``), which the page's
JavaScript reads too; any other overrides :meth:`Rule.carry` and its kin. Layers look rules up here
by name.

Index legend: p network, n sample, i input unit, o output unit, k unit of the network's output.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from torch import Tensor, nn

from fa_core import _checks


class Signals(NamedTuple):
    """What a layer sees of one backward pass."""

    x: Tensor  # its input, [*p, n, i]; [n, i] where all networks of a population share it
    delta: Tensor  # the error at its output, [*p, n, o]
    error: Tensor  # the error at the logits, [*p, n, k]; delta where the rule does not ask for it


class Matrices(NamedTuple):
    """What a rule may read of a layer."""

    weight: Tensor  # [*p, o, i]
    feedback: Tensor  # [*p, *shape]


class Rule:
    """A learning rule. The three words below say what the four methods do unless overridden."""

    through: ClassVar[Literal["weight", "feedback"]] = "feedback"  # what carries the error
    source: ClassVar[Literal["delta", "error"]] = "delta"  # which error: the layer's, the logits'
    follows: ClassVar[bool] = False  # whether the feedback takes the weight's gradient too

    def shape(self, i: int, o: int, k: int) -> tuple[int, int]:
        """Shape of the feedback from ``i`` to ``o`` units of a network with ``k`` outputs."""
        return (k if self.source == "error" else o, i)

    def carry(self, layer: Matrices, s: Signals) -> Tensor:
        """The error to send below, at the layer's input: ``[*p, n, i]``."""
        sent: Tensor = getattr(s, self.source) @ getattr(layer, self.through)
        return sent

    def feedback_gradient(self, layer: Matrices, s: Signals, grad_w: Tensor) -> Tensor | None:
        """What moves the feedback, as a gradient of its shape; ``None`` if nothing does."""
        return grad_w if self.follows else None

    def between(self, net: nn.Module, generators: Sequence[torch.Generator]) -> None:
        """Work between two updates, in place; ``generators`` holds a stream for each network."""

    @property
    def is_simple(self) -> bool:
        """Whether the three words say all: then other engines can compute the rule from them."""
        kind = type(self)
        names = ("shape", "carry", "feedback_gradient", "between")
        return all(getattr(kind, name) is getattr(Rule, name) for name in names)

    @property
    def is_derivative(self) -> bool:
        """Whether this is backpropagation, whose higher derivatives are right as well."""
        words = (self.through, self.source, self.follows)
        return self.is_simple and words == ("weight", "delta", False)

    @property
    def reads_feedback(self) -> bool:
        """Whether the feedback plays a part."""
        return not self.is_simple or self.through == "feedback" or self.follows

    @property
    def moves_feedback(self) -> bool:
        """Whether an optimiser must hold the feedback."""
        return self.follows or type(self).feedback_gradient is not Rule.feedback_gradient


RULES: dict[str, Rule] = {}


def register(name: str) -> Callable[[type[Rule]], type[Rule]]:
    """Adds the decorated class to the rules, under ``name``, once it keeps networks independent.

    Raises:
        TypeError: what is decorated is no :class:`Rule` class.
        ValueError: the name is taken, or the rule gives a network of a population something else
            than it gives that network alone.

    Examples:
        >>> @register("random-sign")
        ... class RandomSign(Rule):
        ...     def carry(self, layer, s):
        ...         size = layer.weight.std(dim=(-2, -1), keepdim=True)
        ...         return s.delta @ (layer.feedback.sign() * size)
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


def _require_independence(name: str, rule: Rule) -> None:
    """Compares what a rule gives a population with what it gives each network alone."""
    p, n, i, o, k = 3, 4, 5, 6, 2
    draw = torch.Generator().manual_seed(0)

    def normal(*size: int) -> Tensor:
        return torch.randn(size, generator=draw, dtype=torch.float64)

    layer = Matrices(normal(p, o, i), normal(p, *rule.shape(i, o, k)))
    s = Signals(normal(p, n, i), normal(p, n, o), normal(p, n, k))
    grad_w = normal(p, o, i)

    def given(layer: Matrices, s: Signals, grad_w: Tensor) -> list[tuple[str, Tensor]]:
        moved = rule.feedback_gradient(layer, s, grad_w)
        sent = [("carry", rule.carry(layer, s))]
        return sent if moved is None else [*sent, ("feedback_gradient", moved)]

    sizes = {"carry": (n, i), "feedback_gradient": tuple(layer.feedback.shape[1:])}
    together = given(layer, s, grad_w)
    for network in range(p):
        own = Matrices(*(t[network] for t in layer)), Signals(*(t[network] for t in s))
        for (what, whole), (_, alone) in zip(
            together,
            given(*own, grad_w[network]),
            strict=True,
        ):
            if whole.shape != (p, *sizes[what]) or alone.shape != sizes[what]:
                raise ValueError(
                    f"{what} of rule {name!r} must return [*networks, {sizes[what][0]}, "
                    f"{sizes[what][1]}], got {tuple(whole.shape)} for {p} networks and "
                    f"{tuple(alone.shape)} for one"
                )
            if not torch.allclose(whole[network], alone, rtol=1e-9, atol=1e-12):
                raise ValueError(
                    f"{what} of rule {name!r} must keep networks independent, but network "
                    f"{network} of a population gets something else than it gets alone; reduce "
                    f"over dim=(-2, -1), never over all"
                )


@register("bp")
class Backpropagation(Rule):
    """The forward weight itself: weight transport (Rumelhart et al. 1986)."""

    through = "weight"


@register("fa")
class FeedbackAlignment(Rule):
    """A fixed random matrix (Lillicrap et al. 2016)."""


@register("dfa")
class DirectFeedbackAlignment(Rule):
    """The logits' error through a fixed random matrix, past all layers between (Nøkland 2016)."""

    source = "error"


@register("kp")
class KolenPollack(Rule):
    """The feedback takes the weight's updates; weight decay on both then makes the two one.

    Kolen & Pollack 1994, Akrout et al. 2019. Its optimiser needs weight decay.
    """

    follows = True


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
