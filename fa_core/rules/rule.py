"""What a learning rule is: what it sees of a layer, what it says, and the table of all by name.

Index legend: p network, n sample, i input unit, o output unit, k unit of the network's output.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from torch import Tensor, nn

from fa_core._matrices import as_matrix


class Signals(NamedTuple):
    """What a layer sees of one backward pass."""

    x: Tensor  # its input, [*p, n, i]; [n, i] where all networks of a population share it
    delta: Tensor  # the error at its output, [*p, n, o]
    error: Tensor  # the error at the logits, [*p, n, k]; delta where the rule does not ask for it


class Matrices(NamedTuple):
    """What a rule may read of a layer."""

    weight: Tensor  # [*p, o, i]
    feedback: Tensor  # [*p, *shape]

    @classmethod
    def of(cls, layer: Any) -> "Matrices":
        """Those of any layer, kernels ``[*p, o, c, kh, kw]`` as ``[*p, o, i]``, i = c * kh * kw."""
        return cls(as_matrix(layer.weight), as_matrix(layer.feedback))


class Rule:
    """A learning rule. The first three words below say what the methods do unless overridden.

    A rule reads its own layer and the signals there, and moves nothing but in :meth:`between`.
    """

    through: ClassVar[Literal["weight", "feedback"]] = "feedback"  # what carries the error
    source: ClassVar[Literal["delta", "error"]] = "delta"  # which error: the layer's, the logits'
    follows: ClassVar[bool] = False  # whether the feedback takes the weight's gradient too
    meets_bp: ClassVar[bool] = (
        True  # whether it is backpropagation where the feedback is the weight
    )

    def shape(self, i: int, o: int, k: int) -> tuple[int, int]:
        """Shape of the feedback from ``i`` to ``o`` units of a network with ``k`` outputs."""
        return (k if self.source == "error" else o, i)

    def carrier(self, layer: Matrices) -> Tensor:
        """The matrix that carries the error, of the feedback's shape: ``[*p, *shape]``.

        Recorded alignment angles are those between it and the weight.
        """
        matrix: Tensor = getattr(layer, self.through)
        return matrix

    def carry(self, layer: Matrices, s: Signals) -> Tensor:
        """The error to send below, at the layer's input: ``[*p, n, i]``."""
        sent: Tensor = getattr(s, self.source) @ self.carrier(layer)
        return sent

    def feedback_gradient(self, layer: Matrices, s: Signals, grad_w: Tensor) -> Tensor | None:
        """What moves the feedback, as a gradient of its shape; ``None`` if nothing does."""
        return grad_w if self.follows else None

    def between(self, net: nn.Module, generators: Sequence[torch.Generator]) -> None:
        """Work between two updates on ``layers(net)``, in place.

        Among them may be convolutions. ``Matrices.of(layer)`` reads their kernels as matrices; what
        goes into ``layer.feedback`` must have its shape.

        Training functions call it after every update; in a loop of your own, call it yourself.

        Args:
            net: the network, or a part of a population.
            generators: a stream on the CPU for each network of ``net``, one in all for a plain one.
        """

    def layers(self, net: nn.Module) -> list[Any]:
        """The layers of ``net`` that follow this rule."""
        return [m for m in net.modules() if RULES.get(getattr(m, "rule", "")) is self]

    @property
    def overridden(self) -> list[str]:
        """The methods that the rule's class has instead of those that the three words describe."""
        names = ("shape", "carrier", "carry", "feedback_gradient", "between")
        return [name for name in names if getattr(type(self), name) is not getattr(Rule, name)]

    @property
    def is_simple(self) -> bool:
        """Whether the three words say all, so that other engines can compute the rule from them."""
        return not self.overridden

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
        return self.follows or "feedback_gradient" in self.overridden

    @property
    def works_between(self) -> bool:
        """Whether there is work between two updates."""
        return "between" in self.overridden


RULES: dict[str, Rule] = {}
