"""What the chapter "Why it works" trains: sizes and conditions, all on noise alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from fa_core.experiments.conservation.measures import Law, angles, sgd
from fa_core.experiments.shared.experiment import Condition
from fa_core.experiments.shared.small_starts import SMALL_STARTS, TENTH

SGD, BY_LAYER, ADAM = "SGD", "SGD by layer", "Adam"
EVEN = ", labels 1/K"  # added to the name of each optimiser
MEAN, SLOWER_MEAN, FIXED = "mean 3", "mean 3, rates / 10", "labels fixed"


@dataclass(frozen=True)
class Config:
    """Sizes, rates and lengths; rates of gradient descent are geometric means over the layers."""

    inputs: int
    hidden: int
    networks: int
    steps: int
    lr: float  # of gradient descent: fast enough that the angle turns back within ``steps``
    slow_lr: float  # so slow that it does not
    ratio: float  # of the layers' rates under "SGD by layer"
    ratios: tuple[float, ...]  # beside it, at the slow rate
    adam_lr: float
    widths: tuple[int, ...]  # of linear networks, beside ``hidden``
    linear_steps: int
    linear_lr: float
    classes: int = 10
    batch_size: int = 64
    records: int = 20  # intervals between recorded steps
    seed: int = 0

    @classmethod
    def quick(cls) -> Config:
        """Inputs the size of the 8x8 digits; seconds on two cores."""
        return cls(
            inputs=64,
            hidden=64,
            networks=8,
            steps=1000,
            lr=0.14,
            slow_lr=0.07,
            ratio=10,
            ratios=(0.1, 1, 100),
            adam_lr=1.5e-3,
            widths=(16, 256),
            linear_steps=1000,
            linear_lr=3e-3,
            records=10,
        )

    @classmethod
    def paper(cls) -> Config:
        """Networks the size of the paper's; the stored table took 52 minutes."""
        return cls(
            inputs=784,
            hidden=100,
            networks=20,
            steps=8000,
            lr=0.02,
            slow_lr=0.006,
            ratio=3,
            ratios=(0.3, 1, 10, 30),
            adam_lr=1e-4,
            widths=(30, 300),
            linear_steps=4000,
            linear_lr=1e-3,
        )


def conditions(config: Config) -> dict[str, Condition]:
    """All trained populations by name. Those without a ratio of their own have the main one.

    Metrics at the last step: alignment_angle and centred_alignment_angle (degrees), loss (nats);
    but for the slow ones of other ratios also those of
    :class:`fa_core.experiments.conservation.measures.Law`. Along training: what figures show.
    """

    def on_noise(
        lr: float,
        ratio: float | None = config.ratio,
        along: Collection[str] = ("centred_alignment_angle",),
        **other: Any,
    ) -> Condition:
        """By gradient descent; by Adam where ``ratio`` is ``None``."""
        return Condition(
            inputs=config.inputs,
            classes=config.classes,
            hidden=(config.hidden,),
            noise_steps=config.steps,
            noise_lr=lr,
            optimizer=sgd(ratio) if ratio else None,
            record=("loss", angles),
            record_at=range(0, config.steps + 1, config.steps // config.records),
            keep=partial(_thin, along),
            **{"watch": partial(Law, lr=lr, ratio=ratio or 1), **other},
        )

    optimisers: dict[str, tuple[float, float | None]] = {
        SGD: (config.lr, 1),
        BY_LAYER: (config.lr, config.ratio),
        ADAM: (config.adam_lr, None),
    }
    both = ("alignment_angle", "centred_alignment_angle")
    ledger = (*both, "aligned", "growth", "walk", "length")
    even = {"labels": "uniform"}
    found = {}
    for name, way in optimisers.items():
        along = ledger if name == BY_LAYER else both
        found[name] = on_noise(*way, along)
        found[name + EVEN] = on_noise(*way, along, noise=even)
    slow, mean = config.slow_lr, {"mean": 3.0}
    found[slow_name(config.ratio)] = on_noise(slow)
    for ratio in config.ratios:
        found[slow_name(ratio)] = on_noise(slow, ratio, (), watch=None)
    found[FIXED] = on_noise(slow, noise={"labels": "fixed"})
    found[MEAN] = on_noise(slow, noise=mean)
    found[SLOWER_MEAN] = on_noise(slow / 10, noise=mean)  # as |x|^2 is ten times as large
    for name, change in SMALL_STARTS.items():
        found[name] = on_noise(slow, change=change)
    found[TENTH + EVEN] = on_noise(slow, change=SMALL_STARTS[TENTH], noise=even)
    return found


def _thin(along: Collection[str], table: pd.DataFrame) -> pd.DataFrame:
    """The rows that something reads; the angle to W2 = 0 is none."""
    last = table["step"] == table["step"].max()
    return table[last | table["metric"].isin(along)].dropna()


def slow_name(ratio: float) -> str:
    """Name of the condition of slow gradient descent at a ratio of the layers' rates."""
    return f"slow SGD, ratio {ratio:g}"


def width_name(width: int) -> str:
    """Name of the linear network with another hidden width."""
    return f"linear network, {width} hidden units"
