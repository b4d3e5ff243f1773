"""Random inputs with random labels: data that carries no information."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fa_core import _checks, seeding
from fa_core.engine.fast_normal import FastNormal


class Batch(NamedTuple):
    """Inputs ``[*networks, n, *shape]`` and label probabilities ``[*networks, n, K]``."""

    x: Tensor
    y: Tensor


# Each sampler fills a tensor in place with independent numbers of mean 0 and variance 1.
Sampler = Callable[[Tensor, torch.Generator, float], Tensor]


def _gaussian(x: Tensor, generator: torch.Generator, density: float) -> Tensor:
    return x.normal_(generator=generator)


def _uniform(x: Tensor, generator: torch.Generator, density: float) -> Tensor:
    return x.uniform_(-math.sqrt(3), math.sqrt(3), generator=generator)


def _bernoulli(x: Tensor, generator: torch.Generator, density: float) -> Tensor:
    return (
        x.bernoulli_(density, generator=generator)
        .sub_(density)
        .div_(math.sqrt(density * (1 - density)))
    )


DISTRIBUTIONS: dict[str, Sampler] = {
    "gaussian": _gaussian,
    "uniform": _uniform,
    "bernoulli": _bernoulli,
}
LABELS = ("random", "fixed", "uniform")
# Beyond these float32 holds no batch: values overflow or vanish, a unit is on as good as never.
_LARGEST = 1e30
_RAREST = 1e-6


class NoiseGenerator:
    """Draws fresh noise batches, independent for each network (Cheon et al. 2024).

    Args:
        shape: input units, or the shape of one input.
        classes: number of classes ``K``, at least 2.
        distribution: of each input unit: ``"gaussian"`` (default), ``"uniform"`` or
            ``"bernoulli"`` (on with probability ``density``, else off; low densities are sparse).
            Each is shifted and scaled to the stated mean and standard deviation. On a CPU a
            Gaussian number is one of 65,536 equally probable quantiles.
        mean: mean of an input unit, from -1e30 to 1e30.
        std: standard deviation of an input unit, from 1e-30 to 1e30.
        density: probability that a Bernoulli unit is on, from 1e-6 to 1 - 1e-6.
        labels: ``"random"`` (default) draws a class for each sample, uniform and independent of
            the input, one-hot; ``"fixed"`` draws one class for each network and keeps it;
            ``"uniform"`` labels every sample with probability 1/K for every class.
        networks: size of the population; ``None`` for no leading axis.
        share: one noise for all networks: faster, but the networks are then no longer independent.
            Batches are ``[n, *shape]`` and ``[n, K]``, from the streams of ``seed``.
        seed: network ``i`` draws from the streams of seed ``seed + i``. On a GPU one stream
            serves all networks, which are then independent but depend on the population's size.
        device: where batches are made.
        purpose: which of the seed's streams to draw from: ``"noise"``, or ``"probe"`` for samples
            that are never trained on.

    Raises:
        TypeError, ValueError: an argument of the wrong kind or out of range, or sizes whose
            samples need more memory than the machine has.

    Examples:
        >>> x, y = NoiseGenerator(64, classes=10, networks=4, seed=1).batch(32)
        >>> x.shape, y.shape
        (torch.Size([4, 32, 64]), torch.Size([4, 32, 10]))
    """

    def __init__(
        self,
        shape: int | Sequence[int],
        classes: int,
        *,
        distribution: str = "gaussian",
        mean: float = 0.0,
        std: float = 1.0,
        density: float = 0.5,
        labels: str = "random",
        networks: int | None = None,
        share: bool = False,
        seed: int = 0,
        device: torch.device | str = "cpu",
        purpose: str = "noise",
    ) -> None:
        sizes = shape if isinstance(shape, Sequence) and not isinstance(shape, str) else [shape]
        if not sizes:
            raise ValueError("shape must have at least one dimension, got []")
        self.shape = tuple(_checks.integer("shape", size, 1) for size in sizes)
        self.classes = _checks.integer("classes", classes, 2)
        self.distribution = _checks.choice("distribution", distribution, DISTRIBUTIONS)
        self.mean = _checks.number("mean", mean, least=-_LARGEST, most=_LARGEST)
        self.std = _checks.number("std", std, least=1 / _LARGEST, most=_LARGEST)
        self.density = _checks.number("density", density, least=_RAREST, most=1 - _RAREST)
        self.labels = _checks.choice("labels", labels, LABELS)
        self.networks = None if networks is None else _checks.integer("networks", networks, 1)
        if _checks.flag("share", share):
            self.networks = None  # as one network would have it
        self.device = _checks.device("device", device)
        self._require_memory(1)
        # The fixed class comes first, from streams of its own: it is the same for every purpose.
        self.streams = self._make_streams(seed, "fixed-class")
        self._fixed_class = self._draw_classes(1) if self.labels == "fixed" else None
        self.streams = self._make_streams(seed, purpose)
        words = [np.random.SFC64(s) for s in seeding.sequences(seed, purpose, self.networks)]
        self._normal = FastNormal(words)

    def batch(self, batch_size: int) -> Batch:
        """Draws ``batch_size`` fresh samples for each network."""
        batch_size = _checks.integer("batch_size", batch_size, 1)
        self._require_memory(batch_size)
        sizes = (self._size(batch_size, *self.shape), self._size(batch_size, self.classes))
        return self.refill(
            Batch(*(torch.empty(size, dtype=torch.float32, device=self.device) for size in sizes))
        )

    def refill(self, batch: Batch) -> Batch:
        """Draws fresh noise into an earlier ``batch``, in place: no memory is asked for."""
        x, y = batch
        if self.distribution == "gaussian" and self.device.type == "cpu":
            self._normal.fill(x)
        else:
            sample = DISTRIBUTIONS[self.distribution]
            for part, stream in zip(self._parts(x), self.streams, strict=True):
                sample(part, stream, self.density)
        if self.std != 1:
            x.mul_(self.std)
        if self.mean != 0:
            x.add_(self.mean)
        if self.labels == "uniform":
            y.fill_(1 / self.classes)
        else:
            fixed = self._fixed_class
            label = self._draw_classes(y.shape[-2]) if fixed is None else fixed.expand(y.shape[:-1])
            y.zero_().scatter_(-1, label.unsqueeze(-1), 1.0)
        return batch

    def _draw_classes(self, batch_size: int) -> Tensor:
        label = torch.empty(self._size(batch_size), dtype=torch.int64, device=self.device)
        for part, stream in zip(self._parts(label), self.streams, strict=True):
            part.random_(0, self.classes, generator=stream)
        return label

    def _make_streams(self, seed: int, purpose: str) -> list[torch.Generator]:
        streams = seeding.generators(seed, purpose, self.networks)
        if self.device.type == "cpu":
            return streams
        return [torch.Generator(self.device).manual_seed(streams[0].initial_seed())]

    def _require_memory(self, batch_size: int) -> None:
        if self.device.type == "cpu":
            asked = f"batch_size={batch_size}, shape={self.shape}, classes={self.classes}"
            asked += "" if self.networks is None else f", networks={self.networks}"
            units = math.prod(self.shape) + self.classes
            _checks.memory(asked, 4 * (self.networks or 1) * batch_size * units)

    def _size(self, *size: int) -> tuple[int, ...]:
        return size if self.networks is None else (self.networks, *size)

    def _parts(self, tensor: Tensor) -> list[Tensor]:
        """The part of ``tensor`` that each stream fills."""
        one_stream = self.networks is None or self.device.type != "cpu"
        return [tensor] if one_stream else list(tensor)
