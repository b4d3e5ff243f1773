"""What chapter 4 trains, and the shifted images that it tests on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from fa_core import data as datasets
from fa_core import metrics
from fa_core.data import Dataset, shifts
from fa_core.experiments.shared import tasks
from fa_core.experiments.shared.experiment import Condition
from fa_core.experiments.shared.noise_then_data import QUIET, NoiseThenData, quieten
from fa_core.experiments.shared.starts import LARGE, SMALL

UNMOVED = {"rotate": 0.0, "scale": 1.0, "translate": 0.0}  # the severity that changes nothing


@dataclass(frozen=True, kw_only=True)
class Config(NoiseThenData):
    """Sizes, lengths, and the grid of shifts: degrees, factors and pixels."""

    degrees: tuple[float, ...] = (10, 20, 30, 40, 50, 60)
    factors: tuple[float, ...]
    pixels: tuple[float, ...]
    every: int  # n: each n-th test image is shifted, for MNIST's early ones are the easier ones
    other_data: str = ""  # another set of digits to test on
    records: int = 64  # so dense that a reading between two of them is safe

    @classmethod
    def quick(cls) -> Config:
        """The 8x8 digits, which fill their images; seconds on two cores."""
        return cls(
            data="digits",
            **SMALL,
            steps=1500,
            lr=3e-4,
            factors=(0.6, 0.7, 0.8, 1.2, 1.4, 1.6),
            pixels=(0.5, 1, 1.5, 2),
            records=32,
            every=1,
        )

    @classmethod
    def paper(cls) -> Config:
        """MNIST, 10 epochs, networks of the paper's size; the stored table took 22 minutes."""
        return cls(
            data="mnist",
            **LARGE,
            steps=9380,
            lr=1e-4,
            factors=(0.6, 0.7, 0.8, 1.2, 1.3, 1.4),
            pixels=(1, 2, 3, 4, 5),
            every=10,
            other_data="usps",
        )


def severities(config: Config) -> dict[str, tuple[float, ...]]:
    """Family of shifts to its grid."""
    return {"rotate": config.degrees, "scale": config.factors, "translate": config.pixels}


def families(config: Config) -> dict[str, list[str]]:
    """Family of shifts to the metrics that hold its accuracies."""
    found = {
        family: [metric_name(family, severity) for severity in grid]
        for family, grid in severities(config).items()
    }
    return found | ({config.other_data: [config.other_data]} if config.other_data else {})


def metric_name(family: str, severity: float) -> str:
    """Name of the metric that holds the accuracy on the images shifted this far."""
    return f"{family} {severity:g}"


def shifted(x: Tensor, side: int, family: str, severity: float, background: float) -> Tensor:
    """Images ``[n, pixels]`` turned, scaled or moved so far.

    Half of the images turn to the left, half to the right; a quarter each moves up, down, left
    and right.
    """
    number = torch.arange(len(x))
    if family == "scale":
        return shifts.scale(x, side, severity, background=background)
    if family == "rotate":
        sign = 1 - 2 * (number % 2)
        return shifts.rotate(x, side, severity * sign, background=background)
    right, down = torch.tensor([(1, 0), (0, 1), (-1, 0), (0, -1)])[number % 4].T * severity
    return shifts.translate(x, side, right, down, background=background)


def shifted_tests(config: Config, data: Dataset) -> dict[str, tuple[Tensor, Tensor]]:
    """Metric name to the images and labels that its accuracy is taken on."""
    side, background = data.shape[-1], -data.mean / data.std
    x, y = data.test_x[:: config.every], data.test_y[:: config.every]
    tests = {
        metric_name(family, severity): (shifted(x, side, family, severity, background), y)
        for family, grid in severities(config).items()
        for severity in grid
    }
    if config.other_data:
        other = datasets.load(config.other_data)
        pixels = other.test_x * other.std + other.mean
        framed = shifts.mnist_frame(pixels, other.shape[-1], background=0)
        tests[config.other_data] = ((framed - data.mean) / data.std, other.test_y)
    return tests


@lru_cache(maxsize=1)
def _tests(config: Config, device: torch.device) -> dict[str, tuple[Tensor, Tensor]]:
    tests = shifted_tests(config, tasks.load(config.data))
    return {name: (x.to(device), y.to(device)) for name, (x, y) in tests.items()}


@torch.no_grad()
def accuracies(config: Config, net: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Accuracy as it is, on every kind of shifted images, and the mean of each family."""
    tests = _tests(config, x.device) | {"accuracy": (x, y)}
    found = {test: metrics.accuracy(net(x), y) for test, (x, y) in tests.items()}
    means = {
        family: torch.stack([found[test] for test in its_tests]).mean(0)
        for family, its_tests in families(config).items()
    }
    return found | means


def _without_early_severities(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    followed = table["metric"].isin(["accuracy", *families(config)])
    return table[followed | (table["step"] == config.steps)]


def conditions(config: Config) -> dict[str, Condition]:
    """All populations of the experiment by name; ``step`` counts data steps.

    Metrics: accuracy on the whole test set; its mean over a family's shifts, such as ``rotate``;
    ``usps``, on the test set of USPS; at the last step also each shift alone, such as
    ``rotate 30``, ``scale 0.8``, ``translate 2``.
    """
    fields: dict[str, Any] = {
        "record": (partial(accuracies, config),),
        "keep": partial(_without_early_severities, config),
    }
    found = {name: config.condition(*way, **fields) for name, way in config.main().items()}
    return found | {QUIET: config.condition(change=quieten, **fields)}
