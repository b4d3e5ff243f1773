"""Loss and gradients by autograd: what any network can do."""

import torch
from torch import Tensor, nn

from fa_core import metrics


def loss_and_gradients(net: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Sets every ``.grad``; returns the loss ``[*networks]`` (nats) on label probabilities."""
    net.zero_grad()
    with torch.enable_grad():
        loss = metrics.mean_cross_entropy(net(x), y)
        # Losses of independent networks share no parameter: the gradient of their sum is each's.
        loss.sum().backward()
    return loss.detach()
