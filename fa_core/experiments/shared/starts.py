"""Populations before they meet data: fresh from a seed, or after noise."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from fa_core.networks import MLP
from fa_core.training import OptimizerFactory, train_on_noise

# Called with sizes, rule, number of networks and seed.
NetworkFactory = Callable[[tuple[int, ...], str, int | None, int], nn.Module]

# Populations for the 8x8 digits, and populations of the paper's size.
SMALL: dict[str, Any] = {"hidden": 64, "networks": 8, "noise_steps": 1000, "noise_lr": 1e-3}
LARGE: dict[str, Any] = {"hidden": 100, "networks": 20, "noise_steps": 8000, "noise_lr": 1e-4}


class Start(NamedTuple):
    """What decides a population's weights, but for the number of noise steps."""

    sizes: tuple[int, ...]
    rule: str
    networks: int | None
    batch_size: int
    seed: int
    noise_lr: float
    noise: tuple[tuple[str, Any], ...] = ()  # options of the noise, in the order of their names
    network: NetworkFactory = MLP
    optimizer: OptimizerFactory | None = None

    def fresh(self, device: torch.device | str) -> nn.Module:
        """The population that the seed alone gives."""
        return self.network(self.sizes, self.rule, self.networks, self.seed).to(device)

    def after(self, steps: int, lengths: Collection[int], device: torch.device | str) -> nn.Module:
        """The population after ``steps`` noise steps.

        ``lengths`` are all numbers of steps that will be asked for: one training serves them.
        """
        net = self.fresh(device)
        if steps:
            wanted = tuple(sorted({steps, *lengths} - {0}))
            net.load_state_dict(_states(self, wanted, device)[steps])
        return net


@lru_cache(maxsize=4)
def _states(
    start: Start, lengths: tuple[int, ...], device: torch.device | str
) -> dict[int, dict[str, Tensor]]:
    """The weights after each number of noise steps, from one training."""
    states = []

    def keep(net: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        states.append({name: value.clone() for name, value in net.state_dict().items()})
        return {}

    train_on_noise(
        start.fresh(device),
        max(lengths),
        start.batch_size,
        start.noise_lr,
        start.seed,
        record=(keep,),
        record_at=lengths,
        optimizer=start.optimizer,
        progress=False,
        **{"shape": start.sizes[0], "classes": start.sizes[-1], **dict(start.noise)},
    )
    return dict(zip(lengths, states, strict=True))


def forget() -> None:
    """Noise trainings that were kept are made anew when next asked for."""
    _states.cache_clear()
