"""What chapter 3 trains, and how ranks, spectra and train losses are measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from fa_core import metrics
from fa_core.experiments.shared import tasks
from fa_core.experiments.shared.experiment import Condition
from fa_core.experiments.shared.keys import roles
from fa_core.experiments.shared.measures import performance
from fa_core.experiments.shared.noise_then_data import QUIET, NoiseThenData, noise_name, quieten
from fa_core.experiments.shared.starts import LARGE, SMALL
from fa_core.history import Measure

_SPECTRA = ("FA", "noise then FA", "BP")  # whose singular values are kept
_SHOWN = 20  # singular values of one matrix, or a few more, that are kept
_SAMPLES = 500  # of the test set, that the rank of features is taken on


@dataclass(frozen=True, kw_only=True)
class Config(NoiseThenData):
    """Sizes and lengths of the experiment."""

    records: int = 12
    images: int  # to train on
    other_images: tuple[int, ...]
    long_noise: tuple[int, ...]  # noise steps far beyond noise_steps
    depths: tuple[int, ...] = (3, 4)  # weight layers, beside 2

    @classmethod
    def quick(cls) -> Config:
        """Few of the 8x8 digits, so that there is a gap; seconds on two cores."""
        return cls(
            data="digits",
            images=200,
            other_images=(100, 800),
            **SMALL | {"networks": 10},
            long_noise=(2000, 4000),
            steps=500,
            lr=1e-3,
            depths=(3,),
        )

    @classmethod
    def paper(cls) -> Config:
        """Fashion-MNIST and networks the size of the paper's; 14 minutes on two cores."""
        return cls(
            data="fashion-mnist",
            images=2000,
            other_images=(500, 10_000),
            **LARGE,
            long_noise=(16_000, 32_000),
            steps=4000,
            lr=1e-4,
        )


class Variant(NamedTuple):
    """A number of images and of weight layers, and how its conditions are named."""

    title: str
    key: str  # of its findings, the same at both scales
    prefix: str  # of its conditions' names
    images: int
    depth: int = 2


def variants(config: Config) -> list[Variant]:
    """All pairs of images and depth that are trained; the main one is first."""
    main, role = config.images, roles(config.images, config.other_images)
    of_images = {main: ("main", "")}
    of_images |= {n: (f"images-{role[n]}", f"{n} images: ") for n in config.other_images}
    return [
        *(Variant(f"{n} images, 2 layers", *names, n) for n, names in of_images.items()),
        *(
            Variant(f"{main} images, {d} layers", f"{d}-layers", f"{d} layers: ", main, d)
            for d in config.depths
        ),
    ]


def conditions(config: Config) -> dict[str, Condition]:
    """All populations of the experiment by name.

    Metrics: loss and train_loss (nats); for the main numbers of images and layers also accuracy,
    weight_rank_l of layer ``l`` and feature_rank of the last hidden layer. ``step`` counts data
    steps. In the conditions ``noise: FA`` and ``noise: BP``, which hold no loss, it counts noise
    steps. FA, noise then FA, BP and ``noise: FA`` also hold singular_value_l_n, the ``n``-th
    largest of layer ``l``: of the readout at every record, of the first layer before and after.
    """
    found = {
        f"noise: {rule.upper()}": _on_noise(config, rule, *measures)
        for rule, measures in {"fa": (ranks, spectra), "bp": (ranks,)}.items()
    }
    losses = partial(train_loss, config.data, config.images)
    main: dict[str, Any] = {
        "images": config.images,
        "record": (performance, losses, ranks),
        "keep": _until(config.steps),
    }
    with_spectra = {**main, "record": (*main["record"], spectra)}
    for length in config.long_noise:
        found[noise_name(length)] = config.condition("fa", length, **main)
    found[QUIET] = config.condition(change=quieten, **main)
    for name, way in config.main().items():
        found[name] = config.condition(*way, **with_spectra if name in _SPECTRA else main)
    for _, _, prefix, images, depth in variants(config)[1:]:
        other: dict[str, Any] = {
            "images": images,
            "hidden": (config.hidden,) * (depth - 1),
            "record": ("loss", partial(train_loss, config.data, images)),
        }
        for name, way in config.main().items():
            found[f"{prefix}{name}"] = config.condition(*way, **other)
    return found


def _on_noise(config: Config, rule: str, *measures: Measure) -> Condition:
    """Ranks along noise training, on the test set of the data that come later."""
    ends = [0, config.noise_steps, *(config.long_noise if rule == "fa" else ())]
    spaced = [np.linspace(*pair, config.records // 2 + 1) for pair in pairwise(ends)]
    lengths = sorted(set(np.concatenate(spaced).round().astype(int).tolist()))
    fields = {"record": measures, "record_at": lengths, "keep": _until(config.noise_steps)}
    return config.condition(rule, lengths[-1], steps=0, **fields)


@torch.no_grad()
def train_loss(data: str, images: int, net: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Loss (nats) on the whole train set."""
    task = tasks.load(data, images).to(x.device)
    return {"train_loss": metrics.cross_entropy(net(task.train_x), task.train_y)}


def ranks(net: Any, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Effective rank of every weight matrix and of the last hidden features."""
    layers = enumerate(net.layers, 1)
    columns = {f"weight_rank_{i}": metrics.effective_rank(layer.weight) for i, layer in layers}
    columns["feature_rank"] = metrics.effective_rank(net.hidden(x[:_SAMPLES])[-1])
    return columns


def spectra(net: Any, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Singular values of every weight matrix; of a large one every second, third, ... of them."""
    columns: dict[str, Tensor] = {}
    for i, layer in enumerate(net.layers, 1):
        values = torch.linalg.svdvals(layer.weight.detach())
        numbers = range(0, values.shape[-1], max(1, values.shape[-1] // _SHOWN))
        columns |= {f"singular_value_{i}_{n + 1}": values[..., n] for n in numbers}
    return columns


def _until(end: int) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Drops singular values beyond step ``end``, and of the first layer between 0 and ``end``."""

    def keep(table: pd.DataFrame) -> pd.DataFrame:
        step, metric = table["step"], table["metric"]
        between = metric.str.startswith("singular_value_1_") & ~step.isin([0, end])
        beyond = metric.str.startswith("singular_value_") & (step > end)
        return table[~(between | beyond)]

    return keep
