"""The rules of the literature.

Index legend: p network, n sample, i input unit, o output unit.
"""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from fa_core._matrices import fresh_std
from fa_core.rules.registry import register
from fa_core.rules.rule import Matrices, Rule


@register("bp")
class Backpropagation(Rule):
    """``"bp"``: the forward weight itself, weight transport (Rumelhart et al. 1986)."""

    through = "weight"


@register("fa")
class FeedbackAlignment(Rule):
    """``"fa"``: a fixed random matrix (Lillicrap et al. 2016)."""


@register("dfa")
class DirectFeedbackAlignment(Rule):
    """``"dfa"``: the logits' error through a fixed random matrix, past all layers between.

    Nøkland 2016.
    """

    source = "error"


@register("kp")
class KolenPollack(Rule):
    """``"kp"``: the feedback takes the weight's updates; decay of both then makes the two one.

    Kolen & Pollack 1994, Akrout et al. 2019. Its optimiser needs weight decay.
    """

    follows = True


@register("sign-uniform")
class UniformSign(Rule):
    """``"sign-uniform"``: the weight's signs, all of one size (uSF of Liao, Leibo & Poggio 2016).

    The size is ``sqrt(2 / fan_in)``, the standard deviation of fresh weights, so that at the start
    the matrix has the norm of the weight. The paper's is 1, which its normalised updates make no
    matter. The feedback plays no part.
    """

    meets_bp = False

    def carrier(self, layer: Matrices) -> Tensor:
        return layer.weight.sign() * fresh_std(layer.weight)


@register("sign-fixed")
class FixedSign(Rule):
    """``"sign-fixed"``: the weight's signs, the feedback's sizes (frSF of Liao et al. 2016)."""

    def carrier(self, layer: Matrices) -> Tensor:
        return layer.weight.sign() * layer.feedback.abs()


@register("sign-batch")
class BatchSign(FixedSign):
    """``"sign-batch"``: as ``"sign-fixed"``, the feedback drawn anew after each update.

    It is brSF of Liao, Leibo & Poggio 2016; sizes are those of N(0, 2 / fan_in), as at the start.
    """

    @torch.no_grad()
    def between(self, net: nn.Module, generators: Sequence[torch.Generator]) -> None:
        for layer in self.layers(net):
            weight = Matrices.of(layer).weight
            fresh = _normal(weight, generators, *weight.shape[-2:]) * fresh_std(weight)
            layer.feedback.copy_(fresh.view_as(layer.feedback))


@register("mirror")
class WeightMirror(Rule):
    """``"mirror"``: the feedback learns the weight from noise (weight mirror, Akrout et al. 2019).

    After each update, noise ``x`` from N(0, 1) passes through the weight, without bias and
    nonlinearity: ``y = x W^T``. The feedback becomes ``(1 - decay) B + rate * mean(y^T x)``, and
    ``mean(y^T x)`` is ``W`` on average. So ``B`` tends to ``rate / decay`` times ``W``, in about
    ``1 / decay`` updates. To change the numbers, derive a class and register it.

    The noise of a convolution is maps of its kernels' size, the same for all groups. So every map
    gives one pixel, and all the above holds with the kernels as matrices.
    """

    #: Of the mirror's Hebbian learning, at each update.
    rate: ClassVar[float] = 0.01
    #: Of the feedback, at each update. Equal to ``rate``, so that ``B`` tends to ``W`` itself.
    decay: ClassVar[float] = 0.01
    #: Noise samples at each update, for each network.
    samples: ClassVar[int] = 64

    @torch.no_grad()
    def between(self, net: nn.Module, generators: Sequence[torch.Generator]) -> None:
        for layer in self.layers(net):
            weight = Matrices.of(layer).weight
            x = _normal(weight, generators, self.samples, weight.shape[-1])
            y = x @ weight.mT  # [*p n o]
            learnt = (y.mT @ x).view_as(layer.feedback)
            layer.feedback.mul_(1 - self.decay).add_(learnt, alpha=self.rate / self.samples)


def _normal(like: Tensor, generators: Sequence[torch.Generator], *size: int) -> Tensor:
    """N(0, 1), ``[*p, *size]`` for the networks of ``like``, each from a stream of its own."""
    drawn = [torch.randn(size, generator=stream, dtype=like.dtype) for stream in generators]
    return torch.stack(drawn).reshape(*like.shape[:-2], *size).to(like.device)
