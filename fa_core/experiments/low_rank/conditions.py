"""What chapter 3 trains: sizes, conditions, and the table that training them gives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from fa_core import metrics
from fa_core.data import Dataset
from fa_core.experiments.shared import (
    MAIN,
    QUIET,
    NoiseThenData,
    Part,
    learn,
    load,
    noise_name,
    noise_trained,
    performance,
    quieten,
    run_parts,
)
from fa_core.history import History, Measure
from fa_core.networks import MLP

_SPECTRA = ("FA", "noise then FA", "BP")  # whose singular values are kept
_SHOWN = 20  # singular values of one matrix, or a few more, that are kept
_SAMPLES = 500  # of the test set, that the rank of features is taken on


@dataclass(frozen=True, kw_only=True)
class Config(NoiseThenData):
    """Sizes and lengths of the experiment."""

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
            hidden=64,
            networks=10,
            noise_steps=1000,
            noise_lr=1e-3,
            long_noise=(2000, 4000),
            steps=500,
            lr=1e-3,
            depths=(3,),
            records=12,
        )

    @classmethod
    def paper(cls) -> Config:
        """Fashion-MNIST and networks the size of the paper's; 14 minutes on two cores."""
        return cls(
            data="fashion-mnist",
            images=2000,
            other_images=(500, 10_000),
            hidden=100,
            networks=20,
            noise_steps=8000,
            noise_lr=1e-4,
            long_noise=(16_000, 32_000),
            steps=4000,
            lr=1e-4,
            records=12,
        )


@dataclass(frozen=True)
class Condition:
    """One population: what comes before the data, and how many images it sees."""

    rule: str
    noise_steps: int
    images: int
    hidden: tuple[int, ...]
    quiet: bool = False  # whether the readout's weights are shrunk before the data


def conditions(config: Config) -> dict[str, Condition]:
    """All populations that train on data, by name; all of one size start from the same seeds."""
    one = (config.hidden,)
    found = {
        noise_name(length): Condition("fa", length, config.images, one)
        for length in config.long_noise
    }
    found[QUIET] = Condition("fa", 0, config.images, one, quiet=True)
    for prefix, images, depth in variants(config).values():
        for name, (rule, noise) in MAIN.items():
            hidden = (config.hidden,) * (depth - 1)
            steps = config.noise_steps if noise else 0
            found[f"{prefix}{name}"] = Condition(rule, steps, images, hidden)
    return found


def variants(config: Config) -> dict[str, tuple[str, int, int]]:
    """Title of each variant to (how its conditions begin, images, weight layers); main is first."""
    return {
        f"{config.images} images, 2 layers": ("", config.images, 2),
        **{f"{n} images, 2 layers": (f"{n} images: ", n, 2) for n in config.other_images},
        **{
            f"{config.images} images, {depth} layers": (f"{depth} layers: ", config.images, depth)
            for depth in config.depths
        },
    }


def run(
    config: Config, device: torch.device | str = "cpu", *, progress: bool = True
) -> pd.DataFrame:
    """Trains every condition; returns the tidy table of what was recorded.

    Metrics: loss and train_loss (nats); for the main numbers of images and layers also accuracy,
    weight_rank_l of layer ``l`` and feature_rank of the last hidden layer. ``step`` counts data
    steps. In the conditions ``noise: FA`` and ``noise: BP``, which hold no loss, it counts noise
    steps. FA, noise then FA, BP and ``noise: FA`` also hold singular_value_l_n, the ``n``-th
    largest of layer ``l``: of the readout at every record, of the first layer before and after.
    """
    return run_parts("low rank", parts(config, device), progress)


def parts(config: Config, device: torch.device | str = "cpu") -> dict[str, Part]:
    """One function for each condition, which trains it and returns its table."""
    return {
        f"noise: {rule.upper()}": partial(_on_noise, config, rule, device) for rule in ("fa", "bp")
    } | {name: partial(_on_data, config, name, device) for name in conditions(config)}


def _data(config: Config, images: int, device: torch.device | str) -> Dataset:
    data = load(config.data)
    return replace(data, train_x=data.train_x[:images], train_y=data.train_y[:images]).to(device)


def _lengths(config: Config, rule: str) -> tuple[int, ...]:
    """The numbers of noise steps at which weights are looked at."""
    ends = [0, config.noise_steps, *(config.long_noise if rule == "fa" else ())]
    spaced = [np.linspace(*pair, config.records // 2 + 1) for pair in pairwise(ends)]
    return tuple(sorted(set(np.concatenate(spaced).round().astype(int).tolist())))


def _noise_trained(
    config: Config, condition: Condition, data: Dataset, device: torch.device | str
) -> MLP:
    sizes = (data.train_x.shape[1], *condition.hidden, data.classes)
    lengths = _lengths(config, condition.rule) if len(condition.hidden) == 1 else ()
    return noise_trained(config, sizes, condition.rule, condition.noise_steps, device, lengths)


def _ranks(net: Any, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Effective rank of every weight matrix and of the last hidden features."""
    layers = enumerate(net.layers, 1)
    columns = {f"weight_rank_{i}": metrics.effective_rank(layer.weight) for i, layer in layers}
    columns["feature_rank"] = metrics.effective_rank(net.hidden(x[:_SAMPLES])[-1])
    return columns


def _spectra(net: Any, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Singular values of every weight matrix; of a large one every second, third, ... of them."""
    columns: dict[str, Tensor] = {}
    for i, layer in enumerate(net.layers, 1):
        values = torch.linalg.svdvals(layer.weight.detach())
        numbers = range(0, values.shape[-1], max(1, values.shape[-1] // _SHOWN))
        columns |= {f"singular_value_{i}_{n + 1}": values[..., n] for n in numbers}
    return columns


def _on_noise(config: Config, rule: str, device: torch.device | str) -> pd.DataFrame:
    data = _data(config, config.images, device)
    measures = (_ranks, _spectra) if rule == "fa" else (_ranks,)
    history = History()
    for steps in _lengths(config, rule):
        condition = Condition(rule, steps, config.images, (config.hidden,))
        net = _noise_trained(config, condition, data, device)
        columns = {k: v for m in measures for k, v in m(net, data.test_x, data.test_y).items()}
        history.append(steps, columns)
    table = history.table().assign(condition=f"noise: {rule.upper()}")
    return _thinned(table, config.noise_steps)


def _on_data(config: Config, name: str, device: torch.device | str) -> pd.DataFrame:
    condition = conditions(config)[name]
    data = _data(config, condition.images, device)
    net = _noise_trained(config, condition, data, device)
    if condition.quiet:
        quieten(net, config.seed)

    def train_loss(net: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            return {"train_loss": metrics.cross_entropy(net(data.train_x), data.train_y)}

    main = (condition.images, condition.hidden) == (config.images, (config.hidden,))
    record: list[Measure] = [performance, train_loss]
    record += [_ranks] if main else []
    record += [_spectra] if name in _SPECTRA else []
    table = learn(config, net, data, config.steps, record).table().assign(condition=name)
    return _thinned(table, config.steps) if main else table[table["metric"] != "accuracy"]


def _thinned(table: pd.DataFrame, end: int) -> pd.DataFrame:
    """Without singular values beyond step ``end``, and of the first layer between 0 and ``end``."""
    step, metric = table["step"], table["metric"]
    between = metric.str.startswith("singular_value_1_") & ~step.isin([0, end])
    beyond = metric.str.startswith("singular_value_") & (step > end)
    return table[~(between | beyond)]
