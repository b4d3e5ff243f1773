"""The small convolutional network of the comparison, and softly aligned starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from fa_core import init, seeding
from fa_core.convolution import FAConv2d
from fa_core.experiments.shared import tasks
from fa_core.layers import FALinear
from fa_core.networks import MLP

DEGREES = 45.0  # of soft alignment: halfway between a random start and W = B


def softly_aligned(sizes: tuple[int, ...], rule: str, networks: int | None, seed: int) -> nn.Module:
    """A fully connected network; all layers but the first start at 45 degrees to the feedback."""
    return init.soft_alignment(MLP(sizes, rule, networks, seed), DEGREES)


class ConvNet(nn.Module):
    """Two convolutions that halve height and width, of 8 and 16 channels, then a readout.

    Args:
        shape: of one image, channels, height and width, these multiples of 4.
        classes: of the readout.
        rule, networks, seed: as of :class:`fa_core.MLP`.

    Shape:
        ``[*networks, n, features]`` to ``[*networks, n, classes]``; features are the image's
        pixels, as data sets hold them. A population takes ``[n, features]`` too.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        classes: int,
        rule: str = "fa",
        networks: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        channels, height, width = self.shape = shape
        self.networks = networks
        streams = seeding.generators(seed, "init", networks)
        common: Any = {"rule": rule, "networks": networks, "generator": streams}
        self.first = FAConv2d(channels, 8, 5, stride=2, padding=2, **common)
        self.second = FAConv2d(8, 16, 3, stride=2, padding=1, **common)
        self.readout = FALinear(16 * (height // 4) * (width // 4), classes, **common)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.first(x.unflatten(-1, self.shape)))
        logits: Tensor = self.readout(F.relu(self.second(x)).flatten(-3))
        return logits


@dataclass(frozen=True)
class Convolutions:
    """Makes :class:`ConvNet` for the images of one task, softly aligned on request."""

    task: str
    softly_aligned: bool = False

    def __call__(
        self, sizes: tuple[int, ...], rule: str, networks: int | None, seed: int
    ) -> nn.Module:
        net = ConvNet(tasks.load(self.task).shape, sizes[-1], rule, networks, seed)
        return init.soft_alignment(net, DEGREES) if self.softly_aligned else net
