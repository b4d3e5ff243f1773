"""What the book measures. Every metric keeps the leading networks axis.

Index legend: p network, n sample, i input unit, o output unit, k class.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from fa_core import _checks, rules
from fa_core.layers import FALinear

Logits = Float[Tensor, "*networks n k"]
# Without the networks axis labels are shared, so their leading axes have a name of their own.
Labels = Int[Tensor, "*labelled n"] | Float[Tensor, "*labelled n k"]


def angle(u: Float[Tensor, "*batch d"], v: Float[Tensor, "*batch d"]) -> Float[Tensor, "*batch"]:
    """Angle between vectors, in degrees from 0 to 180; NaN where a vector is zero.

    ``2 atan2(|a - b|, |a + b|)`` on the unit vectors ``a``, ``b`` in float64: unlike ``arccos`` of
    the cosine it loses no digits near 0 and 180 (Kahan 2006).
    """
    a, b = (t.double() / t.double().norm(dim=-1, keepdim=True) for t in (u, v))
    return torch.rad2deg(2 * torch.atan2((a - b).norm(dim=-1), (a + b).norm(dim=-1)))


def alignment_angle(
    W: Float[Tensor, "*networks o i"], B: Float[Tensor, "*networks o i"], per_unit: bool = False
) -> Tensor:
    """Alignment angle between forward weights and feedback (Lillicrap et al. 2016).

    Args:
        W: forward weights.
        B: feedback weights of the same shape.
        per_unit: compare the incoming weights of each output unit (the rows) one by one.

    Returns:
        Degrees, ``[*networks]`` over the flattened matrices or ``[*networks, o]`` per unit.

    Raises:
        TypeError: an argument that is no floating-point tensor.
        ValueError: shapes that differ, or that are not matrices.

    Examples:
        >>> alignment_angle(torch.eye(3), -torch.eye(3)).item()
        180.0
    """
    _checks.floating("W", W)
    _checks.floating("B", B)
    if W.shape != B.shape or W.ndim < 2:
        raise ValueError(
            f"W and B must be matrices [*networks, out, in] of one shape, "
            f"got {tuple(W.shape)} and {tuple(B.shape)}"
        )
    W, B = W.detach(), B.detach()
    return angle(W, B) if per_unit else angle(W.flatten(-2), B.flatten(-2))


def effective_rank(W: Float[Tensor, "*networks m n"]) -> Float[Tensor, "*networks"]:
    """Effective rank: exp of the entropy (nats) of the normalised singular values.

    It is ``r`` for ``r`` equal singular values and 1 for rank one (Roy & Vetterli 2007). Takes
    weights, or features ``[*networks, samples, units]``. A zero matrix has no spectrum: NaN.

    Raises:
        TypeError: ``W`` is no floating-point tensor.
        ValueError: ``W`` has fewer than two dimensions.

    Examples:
        >>> round(effective_rank(torch.eye(5)).item(), 6)
        5.0
    """
    _checks.floating("W", W)
    if W.ndim < 2:
        raise ValueError(f"W must be a matrix [*networks, m, n], got shape {tuple(W.shape)}")
    # The spectrum of W is that of the triangular factor of its QR decomposition: cheaper when tall.
    tall = W.detach().double() if W.shape[-2] >= W.shape[-1] else W.detach().double().mT
    triangle = torch.linalg.qr(tall, mode="r").R
    s = torch.linalg.svdvals(triangle)
    p = s / s.sum(-1, keepdim=True)
    rank: Tensor = torch.special.entr(p).sum(-1).exp()
    return rank


def cross_entropy(logits: Logits, y: Labels) -> Float[Tensor, "*networks"]:
    """Mean cross-entropy over samples, in nats, for each network.

    ``y`` holds classes ``[*networks, n]`` or probabilities ``[*networks, n, k]``; without the
    networks axis it is shared by all networks.
    """
    loss: Tensor = -(probabilities(y, logits) * logits.log_softmax(-1)).sum(-1).mean(-1)
    return loss


def generalisation_gap(
    net: nn.Module, train_x: Tensor, train_y: Labels, test_x: Tensor, test_y: Labels
) -> Float[Tensor, "*networks"]:
    """Test cross-entropy less training cross-entropy, in nats, for each network."""
    with torch.no_grad():
        return cross_entropy(net(test_x), test_y) - cross_entropy(net(train_x), train_y)


def probabilities(y: Labels, logits: Logits) -> Logits:
    """Labels as probabilities over the classes of ``logits``; classes become one-hot."""
    if y.is_floating_point():
        return y.expand_as(logits)
    return F.one_hot(y.long(), logits.shape[-1]).to(logits.dtype).expand_as(logits)


def accuracy(logits: Logits, y: Labels) -> Float[Tensor, "*networks"]:
    """Share of samples, from 0 to 1, whose largest readout is the labelled class."""
    label = y.argmax(-1) if y.is_floating_point() else y
    return (logits.argmax(-1) == label).float().mean(-1)


@torch.no_grad()
def readout_probabilities(net: nn.Module, x: Tensor) -> Float[Tensor, "*networks k"]:
    """Mean over samples of the softmax readout, one probability for each class."""
    readout: Tensor = net(x).softmax(-1).mean(-2)
    return readout


def fa_layers(net: nn.Module) -> list[FALinear]:
    """The feedback-alignment layers of ``net``, in the order of their registration."""
    return [module for module in net.modules() if isinstance(module, FALinear)]


def update_angle(net: nn.Module, x: Tensor, y: Labels) -> Float[Tensor, "*networks layers"]:
    """Angle between the update a rule makes and the one BP would make from the same state.

    Both updates are the gradient-descent directions of the weights for the cross-entropy of the
    batch. The last layer's angle is 0: no error travels through a matrix to reach it.

    Args:
        net: a network with feedback-alignment layers; parameters and gradients are left as found.
        x: inputs, any shape that ``net`` takes.
        y: classes or label probabilities.

    Returns:
        Degrees, one column for each feedback-alignment layer.

    Raises:
        ValueError: ``net`` has no feedback-alignment layer.
    """
    weights = [layer.weight for layer in fa_layers(net)]
    if not weights:
        raise ValueError(f"net must hold an FALinear layer, got {type(net).__name__}")

    @torch.enable_grad()
    def updates() -> tuple[Tensor, ...]:
        return torch.autograd.grad(cross_entropy(net(x), y).sum(), weights)

    own = updates()
    with rules.using(net, "bp"):
        true = updates()
    angles = [angle(a.flatten(-2), b.flatten(-2)) for a, b in zip(own, true, strict=True)]
    return torch.stack(angles, dim=-1)


def chance_loss(classes: int) -> float:
    """Cross-entropy of guessing every class with probability 1/K: log K nats."""
    return math.log(_checks.integer("classes", classes, 2))
