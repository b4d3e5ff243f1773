"""What the tuned contest trains: contestants, what each may choose, and what it chose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import pandas as pd
import torch

from fa_core.experiments.contest.measures import shifted_accuracy
from fa_core.experiments.other_roads.conditions import decaying, layers
from fa_core.experiments.other_roads.networks import softly_aligned
from fa_core.experiments.shared import tuning
from fa_core.experiments.shared.derived import append, areas_and_steps
from fa_core.experiments.shared.experiment import Condition
from fa_core.experiments.shared.measures import record_steps
from fa_core.experiments.shared.small_starts import silence
from fa_core.networks import MLP

FA, BP, NOISE, SHORT = "FA", "BP", "noise then FA", "short noise then FA"
ZERO, SMALL, BP_ZERO = "FA, zero readout", "FA, small start", "BP, zero readout"
KP, MIRROR, SOFT = "Kolen-Pollack", "weight mirror", "soft alignment"
# What a contestant is, but for its learning rate and what else it may choose.
CONTESTANTS: dict[str, dict[str, Any]] = {
    FA: {},
    ZERO: {"change": silence},
    SMALL: {},
    NOISE: {},
    SHORT: {},
    SOFT: {"network": softly_aligned},
    KP: {"rule": "kp", "optimizer": decaying},
    MIRROR: {"rule": "mirror"},
    BP: {"rule": "bp"},
    BP_ZERO: {"rule": "bp", "change": silence},
}
# Those that neither copy weights nor read the feedback to set them.
UNAIDED = tuple(name for name in CONTESTANTS if name not in (BP, BP_ZERO, SOFT))


class Entry(NamedTuple):
    """One contestant on one task with one network."""

    contestant: str
    data: str
    depth: int  # layers of weights

    def __str__(self) -> str:
        return f"{self.contestant}; {self.data}; {layers(self.depth)}"


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What the networks that choose share with those that are reported; lengths in steps."""

    sets: tuple[str, ...]
    depths: tuple[int, ...]
    hidden: int
    networks: int
    steps: int  # on data
    rates: tuple[float, ...]  # on data
    noise_lengths: tuple[int, ...]
    noise_rates: tuple[float, ...]
    short_lengths: tuple[int, ...]
    short_rates: tuple[float, ...]
    factors: tuple[float, ...]  # of all weights above the first layer, in a small start
    held_out: int  # train images that the choice is made on
    tested: int  # test images
    levels: tuple[tuple[float, ...], ...]  # test accuracies whose steps are counted, by set
    batch_size: int = 64
    records: int = 24  # about so many of each data training
    seed: int = 0

    def entries(self) -> list[Entry]:
        """All contestants on all tasks with all networks."""
        every = product(self.sets, self.depths, CONTESTANTS)
        return [Entry(contestant, data, depth) for data, depth, contestant in every]


_QUICK: dict[str, Any] = {
    "sets": ("digits",),
    "depths": (2, 4),
    "hidden": 64,
    "steps": 200,
    "rates": (3e-3, 1e-2, 3e-2, 1e-1),
    "noise_lengths": (500,),
    "noise_rates": (1e-3,),
    "short_lengths": (50,),
    "short_rates": (1e-3, 3e-3),
    "factors": (0.1,),
    "held_out": 300,
    "tested": 360,
    "levels": ((0.7, 0.8, 0.9),),
}
_PAPER: dict[str, Any] = {
    "sets": ("mnist",),
    "depths": (2, 3, 5),
    "hidden": 100,
    "steps": 1000,
    "rates": (3e-4, 1e-3, 3e-3, 1e-2),
    "noise_lengths": (1000, 4000),
    "noise_rates": (3e-4, 1e-3),
    "short_lengths": (100, 300),
    "short_rates": (1e-3, 3e-3),
    "factors": (0.1, 0.3),
    "held_out": 2000,
    "tested": 2000,
    "levels": ((0.8, 0.9, 0.93),),
}


@dataclass(frozen=True, kw_only=True)
class TuningConfig(Sizes):
    """Networks that choose settings."""

    @classmethod
    def quick(cls) -> TuningConfig:
        """The 8x8 digits."""
        return cls(**_QUICK, **tuning.CHOOSING)

    @classmethod
    def paper(cls) -> TuningConfig:
        """Every setting at the sizes of the report; the stored table took 16 minutes."""
        return cls(**_PAPER, **tuning.CHOOSING)


@dataclass(frozen=True, kw_only=True)
class Config(Sizes):
    """Networks that are reported, and the setting that each contestant has chosen."""

    chosen: dict[str, str]

    @classmethod
    def quick(cls) -> Config:
        """The 8x8 digits; seconds on two cores."""
        return cls(**_QUICK, networks=8, chosen=_choice(TuningConfig.quick()))

    @classmethod
    def paper(cls) -> Config:
        """MNIST, 100 hidden units a layer; the stored table took 13 minutes."""
        return cls(**_PAPER, networks=20, chosen=_choice(TuningConfig.paper()))


def _settings(config: Sizes, contestant: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a contestant may choose beside its learning rate: a name, and fields of its condition.

    Noise settings that differ in length alone stand side by side: one training serves them.
    """
    if contestant == SMALL:
        for factor in config.factors:
            yield f"weights x {factor:g}, ", {"change": partial(shrink, factor)}
    elif contestant in (NOISE, SHORT):
        rates, lengths = (
            (config.noise_rates, config.noise_lengths)
            if contestant == NOISE
            else (config.short_rates, config.short_lengths)
        )
        for rate, labels, length in product(rates, ("random", "uniform"), lengths):
            known = "random labels" if labels == "random" else "labels 1/K"
            fields = {"noise_steps": length, "noise_lr": rate, "noise": {"labels": labels}}
            yield f"{length} noise steps at {rate:g}, {known}, ", fields
    else:
        yield "", {}


def candidates(config: Sizes) -> tuning.Candidates:
    """The conditions of each entry, one for each setting that it may choose."""
    return {
        str(entry): {
            f"{setting}lr {rate:g}": _condition(config, entry, rate, fields)
            for setting, fields in _settings(config, entry.contestant)
            for rate in config.rates
        }
        for entry in config.entries()
    }


choose = tuning.tuning("contest", 1, TuningConfig, candidates)


def _choice(config: TuningConfig) -> dict[str, str]:
    return tuning.chosen(choose, config, candidates(config))


def conditions(config: Config) -> dict[str, Condition]:
    """All entries, each at the setting that it chose.

    Metrics at the last step: accuracy, area (its mean over the data steps), steps_to_1 to
    steps_to_3 (data steps to the levels of its set, at most the last), and shifted, the accuracy
    on shifted images.
    """
    known = candidates(config)
    return {name: known[name][setting] for name, setting in config.chosen.items()}


def _condition(config: Sizes, entry: Entry, rate: float, fields: dict[str, Any]) -> Condition:
    levels = config.levels[config.sets.index(entry.data)]
    return Condition(
        hidden=(config.hidden,) * (entry.depth - 1),
        data=entry.data,
        tested=config.tested,
        steps=config.steps,
        lr=rate,
        record=("accuracy",),
        at_end=(partial(shifted_accuracy, entry.data),),
        record_at=record_steps(config.steps, config.records),
        keep=partial(_last_alone, levels),
        **CONTESTANTS[entry.contestant],
        **fields,
    )


@torch.no_grad()
def shrink(factor: float, net: MLP, seed: int) -> None:
    """Scales the weights of all layers but the first, not the feedback."""
    for layer in net.layers[1:]:
        layer.weight.mul_(factor)


def _last_alone(levels: tuple[float, ...], table: pd.DataFrame) -> pd.DataFrame:
    return append(table, areas_and_steps(table, levels)).query("step == step.max()")
