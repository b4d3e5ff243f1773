"""The two sources of batches for the training loop: fresh noise, and a data set in random order."""

from __future__ import annotations

import torch
from torch import Tensor

from fa_core import seeding
from fa_core.noise import Batch, NoiseGenerator


class NoiseBatches:
    """Fresh noise at every step, in the same memory."""

    def __init__(self, noise: NoiseGenerator, batch_size: int) -> None:
        self.streams = noise.streams
        self._noise = noise
        self.batch = noise.batch(batch_size)

    def prepare(self) -> None:
        """Noise needs no preparation."""

    def draw(self) -> None:
        """Draws the next batch."""
        self._noise.refill(self.batch)


class DataBatches:
    """Rows of ``x`` ``[n, *shape]`` and ``y`` ``[n, K]`` in an order of each network's own.

    The order is drawn anew each epoch; the last incomplete batch of an epoch is left out.
    """

    streams: list[torch.Generator]

    def __init__(
        self, x: Tensor, y: Tensor, batch_size: int, networks: int | None, seed: int
    ) -> None:
        self._x, self._y = x, y
        self._orders = seeding.generators(seed, "order", networks)
        self.streams = []  # orders are drawn on the host, between batches
        self._batches = len(x) // batch_size
        self._used = self._batches  # none is left: the first epoch begins with the first batch
        population = () if networks is None else (networks,)
        shape = (*population, self._batches, batch_size)
        self._rows = torch.empty(shape, dtype=torch.int64, device=x.device)
        self._now = torch.empty((*population, 1, batch_size), dtype=torch.int64, device=x.device)
        self.batch = Batch(*(t.new_empty(*population, batch_size, *t.shape[1:]) for t in (x, y)))
        self._next = torch.zeros(1, dtype=torch.int64, device=x.device)

    def prepare(self) -> None:
        """Draws the next epoch's order once the last one is used up."""
        if self._used == self._batches:
            kept = self._rows.shape[-2:].numel()
            orders = [
                torch.randperm(len(self._x), generator=stream)[:kept] for stream in self._orders
            ]
            self._rows.copy_(torch.stack(orders).reshape(self._rows.shape))
            self._next.zero_()
            self._used = 0
        self._used += 1

    def draw(self) -> None:
        """Gathers the next batch."""
        torch.index_select(self._rows, -2, self._next, out=self._now)
        self._next += 1  # on the device, so that a replayed graph moves on too
        for source, rows in zip((self._x, self._y), self.batch, strict=True):
            flat = rows.view(-1, *source.shape[1:])
            torch.index_select(source, 0, self._now.view(-1), out=flat)
