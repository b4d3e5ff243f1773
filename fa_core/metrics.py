"""What the book measures. Every metric keeps the leading networks axis.

Index legend: p network, n sample, i input unit, o output unit, k class.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fa_core import _checks, rules
from fa_core._labels import Labels, Logits, require_labels
from fa_core.layers import FALinear


@contextmanager
def evaluating(net: nn.Module) -> Iterator[None]:
    """Within the block ``net`` is in evaluation mode; then every module has its own mode again."""
    training = [module for module in net.modules() if module.training]
    if training:
        net.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


def angle(u: Float[Tensor, "*batch d"], v: Float[Tensor, "*batch d"]) -> Float[Tensor, "*batch"]:
    """Angle between vectors, in degrees from 0 to 180; NaN where a vector is zero or not finite.

    ``2 atan2(|a - b|, |a + b|)`` on the unit vectors ``a``, ``b`` in float64: unlike ``arccos`` of
    the cosine it loses no digits near 0 and 180 (Kahan 2006).

    Raises:
        TypeError: an argument that is no floating-point tensor.
        ValueError: shapes that differ, or vectors without a component.
    """
    _checks.floating("u", u)
    _checks.floating("v", v)
    if u.shape != v.shape or u.ndim == 0 or u.shape[-1] == 0:
        raise ValueError(
            f"u and v must be vectors [*batch, d] of one shape, "
            f"got {tuple(u.shape)} and {tuple(v.shape)}"
        )
    a, b = _unit(u), _unit(v)
    apart = torch.linalg.vector_norm(a - b, dim=-1)
    return torch.rad2deg(2 * torch.atan2(apart, torch.linalg.vector_norm(a + b, dim=-1)))


def _unit(t: Tensor) -> Tensor:
    """Vectors of length 1 in float64. The largest entry goes first: no square overflows then."""
    largest = torch.linalg.vector_norm(t, math.inf, dim=-1, keepdim=True)
    scaled = t / largest.double()
    unit: Tensor = scaled / torch.linalg.vector_norm(scaled, dim=-1, keepdim=True)
    return unit


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
        TypeError: ``W`` or ``B`` is no floating-point tensor, or ``per_unit`` no bool.
        ValueError: shapes that differ, or that are not matrices.

    Examples:
        >>> alignment_angle(torch.eye(3), -torch.eye(3)).item()
        180.0
    """
    _require_pair(W, B)
    _checks.flag("per_unit", per_unit)
    W, B = W.detach(), B.detach()
    return angle(W, B) if per_unit else angle(W.flatten(-2), B.flatten(-2))


def _require_pair(W: Tensor, B: Tensor) -> None:
    _checks.floating("W", W)
    _checks.floating("B", B)
    if W.shape != B.shape or W.ndim < 2 or 0 in W.shape[-2:]:
        raise ValueError(
            f"W and B must be matrices [*networks, out, in] of one shape, "
            f"got {tuple(W.shape)} and {tuple(B.shape)}"
        )


def neuron_angle(
    W: Float[Tensor, "*networks o i"], B: Float[Tensor, "*networks o i"]
) -> Float[Tensor, "*networks i"]:
    """Alignment angle of each hidden neuron below the layer (Cheon et al. 2024, Fig. 1e).

    It is the angle between what leaves the neuron (its column of ``W``) and what comes back to it
    (the same column of ``B``).

    Returns:
        Degrees, one for each input of the layer.

    Raises:
        TypeError, ValueError: as :func:`alignment_angle`.
    """
    _require_pair(W, B)
    return angle(W.detach().mT, B.detach().mT)


def class_centred(W: Float[Tensor, "*networks k i"]) -> Float[Tensor, "*networks k i"]:
    """A readout's weights or feedback less their mean over classes (the rows).

    The errors at a softmax readout sum to zero over classes, so the mean row of the feedback sends
    nothing, and that of the weights changes no probability. Angles between centred matrices leave
    both out.

    Raises:
        TypeError: ``W`` is no floating-point tensor.
        ValueError: ``W`` has fewer than two dimensions.

    Examples:
        >>> class_centred(torch.tensor([[1.0, 2.0], [3.0, 2.0]]))
        tensor([[-1.,  0.],
                [ 1.,  0.]])
    """
    _checks.floating("W", W)
    if W.ndim < 2:
        raise ValueError(f"W must be a matrix [*networks, k, i], got shape {tuple(W.shape)}")
    W = W.detach()
    centred: Tensor = W - W.mean(-2, keepdim=True)
    return centred


def feedback_distance(
    W: Float[Tensor, "*networks o i"], B: Float[Tensor, "*networks o i"]
) -> Float[Tensor, "*networks"]:
    """Distance of forward weights from feedback, the Frobenius norm of W - B (Cheon 2024, Fig. 2).

    It has the unit of the weights and falls also where ``W`` only shrinks, at any angle.

    Raises:
        TypeError, ValueError: as :func:`alignment_angle`.
    """
    _require_pair(W, B)
    distance: Tensor = torch.linalg.matrix_norm(W.detach() - B.detach())
    return distance


def effective_rank(W: Float[Tensor, "*networks m n"]) -> Float[Tensor, "*networks"]:
    """Effective rank: exp of the entropy (nats) of the normalised singular values.

    It is ``r`` for ``r`` equal singular values and 1 for rank one (Roy & Vetterli 2007). Takes
    weights, or features ``[*networks, samples, units]``. A matrix that is zero, or that holds NaN
    or infinity, has no spectrum: its rank is NaN, those of the other networks are not.

    Raises:
        TypeError: ``W`` is no floating-point tensor.
        ValueError: ``W`` has fewer than two dimensions, or an empty one of the last two.

    Examples:
        >>> round(effective_rank(torch.eye(5)).item(), 6)
        5.0
    """
    _require_matrix("W", W)
    return _effective_number(_singular_values(W.detach().double()))


def _require_matrix(name: str, W: Tensor) -> None:
    _checks.floating(name, W)
    if W.ndim < 2 or 0 in W.shape[-2:]:
        raise ValueError(f"{name} must be a matrix [*networks, m, n], got shape {tuple(W.shape)}")


def _singular_values(W: Tensor) -> Tensor:
    finite = W.isfinite().all(-1).all(-1)[..., None, None]
    W = torch.where(finite, W, 0)  # one bad matrix would fail the decomposition of all
    # The spectrum of W is that of the triangular factor of its QR decomposition: cheaper when tall.
    triangle = torch.linalg.qr(W if W.shape[-2] >= W.shape[-1] else W.mT, mode="r").R
    s: Tensor = torch.linalg.svdvals(triangle)
    return s


def _effective_number(s: Tensor) -> Tensor:
    p = s / s.sum(-1, keepdim=True)
    number: Tensor = torch.special.entr(p).sum(-1).exp()
    return number


def gram_rank(features: Float[Tensor, "*networks n h"]) -> Float[Tensor, "*networks"]:
    """Effective rank of the Gram matrix of cosine similarities between samples (Huh et al. 2021).

    Entry ``(i, j)`` is the cosine of the angle between the features of samples ``i`` and ``j``,
    each a vector over the ``h`` neurons of a layer. The singular values of that matrix are the
    squared ones of the features, each scaled to length 1. A sample that excites no neuron is
    similar to none.

    Args:
        features: activities of a layer's neurons, such as ``net.hidden(x)[-1]``.

    Raises:
        TypeError, ValueError: as :func:`effective_rank`.

    Examples:
        >>> round(gram_rank(torch.eye(3).repeat(4, 1)).item(), 6)
        3.0
    """
    _require_matrix("features", features)
    features = features.detach().double()
    s = _singular_values(torch.nn.functional.normalize(features, dim=-1))
    return _effective_number(s.square())


def cross_entropy(logits: Logits, y: Labels) -> Float[Tensor, "*networks"]:
    """Mean cross-entropy over samples, in nats, for each network.

    ``y`` holds classes ``[*networks, n]`` or probabilities ``[*networks, n, k]``; without the
    networks axis it is shared by all networks.

    Raises:
        TypeError, ValueError: logits or labels of the wrong kind, shape or range.
    """
    require_labels(logits, y)
    return mean_cross_entropy(logits, y)


def mean_cross_entropy(logits: Logits, y: Labels) -> Float[Tensor, "*networks"]:
    """:func:`cross_entropy` of arguments that were checked before, as in a training loop."""
    log_p = logits.mT.log_softmax(-2)  # [p k n]: torch is slow over few classes in the last place
    if y.is_floating_point():
        y = y.mT
        # What has probability 0 adds nothing, even where its logarithm is minus infinity.
        loss = (y * log_p.masked_fill(y == 0, 0)).sum(-2)
    else:
        label = y.long().expand(logits.shape[:-1])
        loss = log_p.gather(-2, label.unsqueeze(-2)).squeeze(-2)
    return -loss.mean(-1)


def generalisation_gap(
    net: nn.Module, train_x: Tensor, train_y: Labels, test_x: Tensor, test_y: Labels
) -> Float[Tensor, "*networks"]:
    """Test cross-entropy less training cross-entropy, in nats, for each network.

    ``net`` is in evaluation mode meanwhile.

    Raises:
        TypeError, ValueError: ``net`` is no module, inputs that are no tensors, or labels as in
            :func:`cross_entropy`.
    """
    _checks.module("net", net)
    _checks.floating("train_x", train_x)
    _checks.floating("test_x", test_x)

    def loss(x: Tensor, y: Labels, name: str) -> Tensor:
        logits = net(x)
        require_labels(logits, y, name)
        return mean_cross_entropy(logits, y)

    with evaluating(net), torch.no_grad():
        return loss(test_x, test_y, "test_y") - loss(train_x, train_y, "train_y")


def accuracy(logits: Logits, y: Labels) -> Float[Tensor, "*networks"]:
    """Share of samples, from 0 to 1, whose largest readout is the labelled class.

    A NaN among a network's logits makes its accuracy NaN. ``y`` is as in :func:`cross_entropy`.

    Raises:
        TypeError, ValueError: as :func:`cross_entropy`.
    """
    require_labels(logits, y)
    label = y.argmax(-1) if y.is_floating_point() else y
    largest, guess = logits.max(-1)
    return (guess == label).float().masked_fill(largest.isnan(), math.nan).mean(-1)


@torch.no_grad()
def readout_probabilities(net: nn.Module, x: Tensor) -> Float[Tensor, "*networks k"]:
    """Mean over samples of the softmax readout, one probability for each class.

    ``net`` is in evaluation mode meanwhile.

    Raises:
        TypeError: ``net`` is no module, or ``x`` no floating-point tensor.
    """
    _checks.module("net", net)
    _checks.floating("x", x)
    with evaluating(net):
        readout: Tensor = net(x).softmax(-1).mean(-2)
    return readout


def fa_layers(net: nn.Module) -> list[FALinear]:
    """The feedback-alignment layers of ``net``, in the order of their registration."""
    modules = _checks.module("net", net).modules()
    return [module for module in modules if isinstance(module, FALinear)]


def update_angle(net: nn.Module, x: Tensor, y: Labels) -> Float[Tensor, "*networks layers"]:
    """Angle between the update a rule makes and the one BP would make from the same state.

    Both updates are the gradient-descent directions of the weights for the cross-entropy of the
    batch. The last layer's angle is 0: no error travels through a matrix to reach it.

    Args:
        net: a network with feedback-alignment layers, in evaluation mode meanwhile (dropout would
            draw another mask for each update); parameters and gradients are left as found.
        x: inputs, any shape that ``net`` takes.
        y: classes or label probabilities.

    Returns:
        Degrees, one column for each feedback-alignment layer; NaN for one that has no part in the
        loss.

    Raises:
        TypeError: ``net`` is no module, or ``x`` no floating-point tensor.
        ValueError: ``net`` has no feedback-alignment layer, or a frozen one; labels as in
            :func:`cross_entropy`.
    """
    weights = [layer.weight for layer in fa_layers(net)]
    _checks.floating("x", x)
    if not weights:
        raise ValueError(f"net must hold an FALinear layer, got {type(net).__name__}")
    if not all(weight.requires_grad for weight in weights):
        raise ValueError("net must have no frozen FALinear layer, for it has no update")

    @torch.enable_grad()
    def updates() -> tuple[Tensor, ...]:
        loss = cross_entropy(net(x), y).sum()
        return torch.autograd.grad(loss, weights, materialize_grads=True)

    with evaluating(net):
        own = updates()
        with rules.using(net, "bp"):
            true = updates()
    angles = [angle(a.flatten(-2), b.flatten(-2)) for a, b in zip(own, true, strict=True)]
    return torch.stack(angles, dim=-1)


def chance_loss(classes: int) -> float:
    """Cross-entropy of guessing every class with probability 1/K: log K nats."""
    return math.log(_checks.integer("classes", classes, 2))
