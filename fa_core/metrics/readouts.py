"""What the logits of a network are worth: losses, accuracies, probabilities."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fa_core import _checks
from fa_core._labels import Labels, Logits, require_labels
from fa_core.metrics.modes import evaluating


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


def chance_loss(classes: int) -> float:
    """Cross-entropy of guessing every class with probability 1/K: log K nats."""
    return math.log(_checks.integer("classes", classes, 2))


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
