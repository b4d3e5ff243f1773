"""What the experiments share: tasks, populations trained on noise, measures, records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from fa_core import data, metrics
from fa_core.data import Dataset
from fa_core.history import History, Measure
from fa_core.networks import MLP
from fa_core.training import train, train_on_noise

Part = Callable[[], pd.DataFrame]
# The conditions that most figures compare: name to rule, and whether noise comes before the data.
MAIN = {
    "FA": ("fa", False),
    "noise then FA": ("fa", True),
    "BP": ("bp", False),
    "noise then BP": ("bp", True),
}
QUIET = "quiet readout, FA"
_QUIET_FACTOR = 0.1  # on the readout's weights; it brings the readouts near 1/K, as noise does
_CREDIT_SAMPLES = 500  # of the test set, that update angles are taken on


class Noise(Protocol):
    """What a configuration says of noise pretraining."""

    @property
    def networks(self) -> int: ...
    @property
    def noise_lr(self) -> float: ...
    @property
    def batch_size(self) -> int: ...
    @property
    def seed(self) -> int: ...
    def __hash__(self) -> int: ...


@dataclass(frozen=True, kw_only=True)
class NoiseThenData:
    """What the experiments that train on data share; lengths are in steps."""

    data: str
    hidden: int
    networks: int
    noise_steps: int
    noise_lr: float
    steps: int  # on data
    lr: float  # on data
    records: int  # about so many of each data training
    batch_size: int = 64
    seed: int = 0


def noise_name(length: int) -> str:
    """Name of the condition with another number of noise steps."""
    return f"{length} noise steps then FA"


def run_parts(label: str, parts: Mapping[str, Part], progress: bool) -> pd.DataFrame:
    """Computes every part of an experiment; returns one tidy table."""
    frames = [part() for part in tqdm(parts.values(), label, disable=not progress)]
    return pd.concat(frames, ignore_index=True)


def _noisy(x: Tensor) -> Tensor:
    return x + torch.randn(x.shape, generator=torch.Generator().manual_seed(0))


def _upper_half(x: Tensor) -> Tensor:
    return x * (torch.arange(x.shape[1]) < x.shape[1] // 2)


def _permuted(x: Tensor) -> Tensor:
    return x[:, torch.randperm(x.shape[1], generator=torch.Generator().manual_seed(0))]


def _rotated(x: Tensor) -> Tensor:
    return x.reshape(-1, 8, 8).rot90(dims=(1, 2)).flatten(1)


# Harder tasks made of the embedded digits, so that the quick profile needs no download.
_OF_DIGITS: dict[str, Callable[[Tensor], Tensor]] = {
    "noisy digits": _noisy,
    "upper half of digits": _upper_half,
    "permuted digits": _permuted,
    "rotated digits": _rotated,
}


@lru_cache(maxsize=1)
def load(name: str) -> Dataset:
    """A data set by name.

    Beside the names of :func:`fa_core.data.load`: ``noisy digits`` (a fixed N(0, 1) number added
    to every standardised pixel), ``upper half of digits`` (the lower pixels set to the mean),
    ``permuted digits`` (one fixed order of the pixels), ``rotated digits`` (by 90 degrees).
    """
    if name in _OF_DIGITS:
        digits, change = data.load("digits"), _OF_DIGITS[name]
        return replace(
            digits, name=name, train_x=change(digits.train_x), test_x=change(digits.test_x)
        )
    return data.load(name)


@lru_cache(maxsize=4)
def _states(
    config: Noise,
    sizes: tuple[int, ...],
    rule: str,
    lengths: tuple[int, ...],
    device: torch.device | str,
) -> dict[int, dict[str, Tensor]]:
    """The weights after each number of noise steps, from one training."""
    net = MLP(sizes, rule, config.networks, config.seed).to(device)
    states = []

    def keep(net: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        states.append({name: value.clone() for name, value in net.state_dict().items()})
        return {}

    train_on_noise(
        net,
        max(lengths),
        config.batch_size,
        config.noise_lr,
        config.seed,
        record=(keep,),
        record_at=lengths,
        progress=False,
    )
    return dict(zip(sorted(lengths), states, strict=True))


def noise_trained(
    config: Noise,
    sizes: tuple[int, ...],
    rule: str,
    steps: int,
    device: torch.device | str,
    lengths: tuple[int, ...] = (),
) -> MLP:
    """A population after ``steps`` noise steps.

    ``lengths`` are other numbers of steps that will be asked for: one training serves them all.
    """
    net = MLP(sizes, rule, config.networks, config.seed).to(device)
    if steps:
        wanted = tuple(sorted({steps, *lengths} - {0}))
        net.load_state_dict(_states(config, sizes, rule, wanted, device)[steps])
    return net


def learn(
    config: NoiseThenData, net: MLP, data: Dataset, steps: int, record: Sequence[str | Measure]
) -> History:
    """Trains ``net`` on data, as the configuration says."""
    return train(
        net,
        data,
        steps,
        config.batch_size,
        config.lr,
        config.seed,
        record=record,
        record_at=record_steps(steps, config.records),
        progress=False,
    )


@torch.no_grad()
def quieten(net: MLP, seed: int) -> None:
    """Shrinks the readout's weights: nothing aligned, but no confident errors to unlearn."""
    net.layers[-1].weight.mul_(_QUIET_FACTOR)


def record_steps(steps: int, records: int, first: int = 10) -> list[int]:
    """Step 0 and about ``records`` more, evenly spaced on a logarithmic axis from ``first``."""
    spaced = np.geomspace(min(first, steps), steps, records).round().astype(int)
    return sorted({0, *spaced.tolist()})


@torch.no_grad()
def performance(net: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Loss (nats) and accuracy from one forward pass."""
    logits = net(x)
    return {"loss": metrics.cross_entropy(logits, y), "accuracy": metrics.accuracy(logits, y)}


def credit(net: Any, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Update angle (degrees) of every layer but the last, on the first test samples."""
    angles = metrics.update_angle(net, x[:_CREDIT_SAMPLES], y[:_CREDIT_SAMPLES])
    return {f"update_angle_{i + 1}": angles[..., i] for i in range(angles.shape[-1] - 1)}
