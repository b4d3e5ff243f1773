"""Chapter 3: does noise training lower the rank of what is learned later, and the gap with it?"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy import stats
from torch import Tensor, nn

from fa_core import metrics
from fa_core.data import Dataset
from fa_core.experiments._common import (
    Part,
    load,
    noise_trained,
    performance,
    quieten,
    record_steps,
    run_parts,
)
from fa_core.findings import Finding, Findings
from fa_core.history import History, Measure
from fa_core.networks import MLP
from fa_core.tables import at, curve
from fa_core.training import train

MAIN = {
    "FA": ("fa", False),
    "noise then FA": ("fa", True),
    "BP": ("bp", False),
    "noise then BP": ("bp", True),
}
RANKS = {"W₁": "weight_rank_1", "W₂": "weight_rank_2", "the features": "feature_rank"}
QUIET = "quiet readout, FA"
_SAMPLES = 500  # of the test set, that the rank of features is taken on


@dataclass(frozen=True)
class Config:
    """Sizes and lengths of the experiment; "main" is the one that most figures show."""

    data: str
    images: int  # to train on
    other_images: tuple[int, ...]
    hidden: int
    networks: int
    noise_steps: int
    noise_lr: float
    long_noise: tuple[int, ...]  # noise steps far beyond noise_steps
    steps: int  # on data
    lr: float  # on data
    depths: tuple[int, ...] = (3, 4)  # weight layers, beside 2
    batch_size: int = 64
    records: int = 16
    seed: int = 0

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
            long_noise=(2500, 5000),
            steps=500,
            lr=1e-3,
        )

    @classmethod
    def paper(cls) -> Config:
        """Fashion-MNIST and networks the size of the paper's."""
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


def _variant_names(config: Config) -> set[str]:
    """The conditions with other numbers of images or layers, whose gaps alone are read."""
    prefixes = [prefix for prefix, _, _ in variants(config).values() if prefix]
    return {f"{prefix}{name}" for prefix in prefixes for name in MAIN}


def noise_name(length: int) -> str:
    """Name of the condition with another number of noise steps."""
    return f"{length} noise steps then FA"


def run(
    config: Config, device: torch.device | str = "cpu", *, progress: bool = True
) -> pd.DataFrame:
    """Trains every condition; returns the tidy table of what was recorded.

    Metrics: loss and train_loss (nats) and accuracy; for the main numbers of images and layers also
    weight_rank_l of layer ``l`` and feature_rank of the last hidden layer. ``step`` counts data
    steps. In the conditions ``noise: FA`` and ``noise: BP``, which hold ranks alone, it counts
    noise steps. In the conditions ``spectrum: ...`` the metric ``singular_value_l`` is the singular
    value number ``step`` of layer ``l``, divided by the largest.
    """
    return run_parts("low rank", parts(config, device), progress)


def parts(config: Config, device: torch.device | str = "cpu") -> dict[str, Part]:
    """One function for each condition, which trains it and returns its table."""
    on_data: dict[str, Part] = {
        name: partial(_train, config, name, condition, device)
        for name, condition in conditions(config).items()
    }
    return {
        f"noise: {rule.upper()}": partial(_on_noise, config, rule, device) for rule in ("fa", "bp")
    } | on_data


def _data(config: Config, images: int, device: torch.device | str) -> Dataset:
    data = load(config.data)
    return replace(data, train_x=data.train_x[:images], train_y=data.train_y[:images]).to(device)


def _lengths(config: Config, rule: str) -> tuple[int, ...]:
    """The numbers of noise steps at which weights are looked at."""
    end = max(config.long_noise) if rule == "fa" else config.noise_steps
    even = np.linspace(0, end, config.records + 1).round().astype(int).tolist()
    return tuple(sorted({*even, config.noise_steps, *(config.long_noise if rule == "fa" else ())}))


def _noise_trained(
    config: Config, condition: Condition, data: Dataset, device: torch.device | str
) -> MLP:
    sizes = (data.train_x.shape[1], *condition.hidden, data.classes)
    lengths = _lengths(config, condition.rule) if len(condition.hidden) == 1 else ()
    return noise_trained(config, sizes, condition.rule, condition.noise_steps, device, lengths)


def ranks(net: Any, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Effective rank of every weight matrix and of the last hidden features."""
    layers = enumerate(net.layers, 1)
    columns = {f"weight_rank_{i}": metrics.effective_rank(layer.weight) for i, layer in layers}
    columns["feature_rank"] = metrics.effective_rank(net.hidden(x[:_SAMPLES])[-1])
    return columns


def _on_noise(config: Config, rule: str, device: torch.device | str) -> pd.DataFrame:
    data = _data(config, config.images, device)
    history = History()
    for steps in _lengths(config, rule):
        condition = Condition(rule, steps, config.images, (config.hidden,))
        net = _noise_trained(config, condition, data, device)
        history.append(steps, ranks(net, data.test_x, data.test_y))
    return history.table().assign(condition=f"noise: {rule.upper()}")


def _train(
    config: Config, name: str, condition: Condition, device: torch.device | str
) -> pd.DataFrame:
    data = _data(config, condition.images, device)
    net = _noise_trained(config, condition, data, device)
    if condition.quiet:
        quieten(net, config.seed)

    def train_loss(net: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            return {"train_loss": metrics.cross_entropy(net(data.train_x), data.train_y)}

    record: list[Measure] = [performance, train_loss]
    if name not in _variant_names(config):
        record.append(ranks)
    before = _spectrum(net)
    history = train(
        net,
        data,
        config.steps,
        config.batch_size,
        config.lr,
        config.seed,
        record=record,
        record_at=record_steps(config.steps, config.records),
        progress=False,
    )
    frames = [history.table().assign(condition=name)]
    if name in MAIN:
        frames.append(before.assign(condition=f"spectrum: before {name}"))
        frames.append(_spectrum(net).assign(condition=f"spectrum: after {name}"))
    return pd.concat(frames)


def _spectrum(net: MLP) -> pd.DataFrame:
    """Singular values of the weights, each matrix's largest being 1."""
    frames = []
    for layer, linear in enumerate(net.layers, 1):
        values = torch.linalg.svdvals(linear.weight.detach().double())
        history = History()
        for index, column in enumerate((values / values[..., :1]).unbind(-1), 1):
            history.append(index, {f"singular_value_{layer}": column})
        frames.append(history.table())
    return pd.concat(frames)


def gap(table: pd.DataFrame, condition: str) -> pd.DataFrame:
    """Generalisation gap (nats) at each record: test loss less train loss."""
    return curve(table, condition, "loss") - curve(table, condition, "train_loss")


def gap_at(table: pd.DataFrame, condition: str, level: pd.Series[float]) -> pd.Series[float]:
    """The gap where each network's train loss first falls to its own ``level``.

    Between two records gap and train loss are taken as linear in each other.
    """
    gaps, losses = gap(table, condition), curve(table, condition, "train_loss")
    found = {}
    for network, goal in level.items():
        loss, values = losses[network].to_numpy(), gaps[network].to_numpy()
        now = int(np.argmax(loss <= goal))
        pair = slice(max(now - 1, 0), now + 1)
        found[network] = float(np.interp(-goal, -loss[pair], values[pair]))
    return pd.Series(found)


def shared_level(table: pd.DataFrame, *names: str) -> pd.Series[float]:
    """The lowest train loss that all of these conditions reach, for each network."""
    return pd.concat([curve(table, name, "train_loss").min() for name in names], axis=1).max(axis=1)


def matched_gaps(table: pd.DataFrame, *names: str) -> list[pd.Series[float]]:
    """The gap of each condition at the lowest train loss that all of them reach."""
    level = shared_level(table, *names)
    return [gap_at(table, name, level) for name in names]


def rank_and_gap(table: pd.DataFrame) -> tuple[pd.Series[float], pd.Series[float]]:
    """Of each noise-trained FA network: rank of W₁ before data, gap at one train loss for all."""
    name = "noise then FA"
    level = curve(table, name, "train_loss").min()
    same = pd.Series(level.max(), index=level.index)
    return at(table, name, "weight_rank_1", 0), gap_at(table, name, same)


def summary(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """One row for each variant and rule: gaps without and with noise, at one step and matched."""
    rows = {}
    for title, (prefix, _, _) in variants(config).items():
        for rule in ("FA", "BP"):
            names = [f"{prefix}{rule}", f"{prefix}noise then {rule}"]
            end = [gap(table, name).iloc[-1].mean() for name in names]
            matched = [values.mean() for values in matched_gaps(table, *names)]
            rows[title, rule] = {
                ("gap, last step", "no noise"): end[0],
                ("gap, last step", "noise"): end[1],
                ("gap, same train loss", "no noise"): matched[0],
                ("gap, same train loss", "noise"): matched[1],
                ("train loss there", ""): shared_level(table, *names).mean(),
            }
    return pd.DataFrame.from_dict(rows, orient="index")


def correlation(claim: str, x: pd.Series[float], y: pd.Series[float], **bounds: float) -> Finding:
    """Pearson's correlation over networks with Fisher's 95 % interval, as a finding."""
    found = stats.pearsonr(x, y)
    low, high = found.confidence_interval(0.95)
    expected = (bounds.get("above", -math.inf), bounds.get("below", math.inf))
    return Finding(claim, float(found.statistic), "correlation", low, high, len(x), expected)


def findings(config: Config, table: pd.DataFrame) -> Findings:
    """What the chapter claims, tested on the table; all differences are paired by network."""
    fa, noisy, bp, noisy_bp = MAIN
    noise = config.noise_steps
    mean, difference = Finding.of_mean, Finding.of_difference

    def turned(metric: str) -> tuple[pd.Series[float], pd.Series[float], str]:
        steps = [at(table, "noise: FA", metric, step) for step in (noise, 0)]
        return *steps, "effective rank"

    def learned(metric: str) -> tuple[pd.Series[float], pd.Series[float], str]:
        ends = [curve(table, name, metric).iloc[-1] for name in (noisy, fa)]
        return *ends, "effective rank"

    def matched(prefix: str, *names: str) -> tuple[pd.Series[float], pd.Series[float], str]:
        treated, control = matched_gaps(table, *(f"{prefix}{name}" for name in names))
        return treated, control, "nats"

    def accuracy(name: str) -> pd.Series[float]:
        return 100 * curve(table, name, "accuracy").iloc[-1]

    longest = noise_name(max(config.long_noise))
    ends = [gap(table, name).iloc[-1] for name in (noisy, fa)]
    rank, gaps = rank_and_gap(table)
    return Findings(
        [
            *(
                difference(
                    f"{noise} noise steps under FA lower the effective rank of {what}.",
                    *turned(metric),
                    below=0,
                )
                for what, metric in RANKS.items()
            ),
            *(
                difference(
                    f"After data, noise-trained FA has a lower rank of {what} than FA.",
                    *learned(metric),
                    below=0,
                )
                for what, metric in RANKS.items()
            ),
            difference(
                "At the last data step, FA with noise has the smaller gap.",
                *(*ends, "nats"),
                below=0,
            ),
            *(
                difference(
                    f"At the same train loss, FA with noise has the smaller gap: {title}.",
                    *matched(prefix, noisy, fa),
                    below=0,
                )
                for title, (prefix, _, _) in variants(config).items()
            ),
            difference(
                "At the same train loss, BP with noise has a smaller gap than BP.",
                *matched("", noisy_bp, bp),
                below=0,
            ),
            difference(
                "At the same train loss, noise leaves a smaller gap than a quiet readout does.",
                *matched("", noisy, QUIET),
                below=0,
            ),
            correlation(
                "Networks with a lower rank of W₁ after noise have a smaller gap later.",
                *(rank, gaps),
                above=0,
            ),
            mean(
                "Very long noise training harms: the last accuracy is lower.",
                *(accuracy(longest) - accuracy(noisy), "percentage points"),
                below=0,
            ),
        ]
    )
