"""What the chapter "Other roads to alignment" trains: methods, tasks, networks, and rates."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import pandas as pd
import torch
from torch import nn

from fa_core.experiments.other_roads.measures import at_the_end
from fa_core.experiments.other_roads.networks import Convolutions, softly_aligned
from fa_core.experiments.shared import tasks, tuning
from fa_core.experiments.shared.derived import append, areas_and_steps
from fa_core.experiments.shared.experiment import Condition
from fa_core.experiments.shared.measures import record_steps
from fa_core.networks import MLP

FA, SOFT, DFA, KP = "FA", "soft alignment", "DFA", "Kolen-Pollack"
# Name of a method to its rule.
METHODS = {
    "BP": "bp",
    FA: "fa",
    DFA: "dfa",
    "sign-symmetry": "sign-uniform",
    "weight mirror": "mirror",
    KP: "kp",
    SOFT: "fa",
}
CONVOLUTIONS = "convolutions"
_DECAY = 1.0  # of weights and feedback under Kolen-Pollack, times the rate at each step


class Entry(NamedTuple):
    """One population of the comparison."""

    method: str
    noise: bool
    task: str
    net: str  # "2 layers", ..., or CONVOLUTIONS

    def __str__(self) -> str:
        way = f"noise then {self.method}" if self.noise else self.method
        return f"{way}, {self.task}, {self.net}"


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What the networks that choose rates share with those that are reported; lengths in steps."""

    sets: dict[str, str]  # label of a task to the name of its data
    depths: tuple[int, ...]  # layers of weights
    hidden: int
    networks: int
    noise_steps: int
    noise_lr: float
    steps: int  # on data
    rates: tuple[float, ...]  # on data, to choose from
    held_out: int  # train images that the choice is made on
    tested: int  # test images
    batch_size: int = 64
    records: int = 12  # about so many of each data training
    seed: int = 0

    def nets(self) -> list[str]:
        """The networks' names."""
        return [*map(layers, self.depths), CONVOLUTIONS]

    def entries(self) -> list[Entry]:
        """All populations; those that begin with the same noise stand side by side."""
        every = product(self.sets, self.nets(), METHODS, (False, True))
        found = (Entry(method, noise, task, net) for task, net, method, noise in every)
        # No convolution can follow DFA.
        return [entry for entry in found if (entry.method, entry.net) != (DFA, CONVOLUTIONS)]


_QUICK: dict[str, Any] = {
    "sets": {"digits": "digits"},
    "depths": (2, 4),
    "hidden": 64,
    "noise_steps": 300,
    "noise_lr": 1e-3,
    "steps": 200,
    "rates": (3e-3, 1e-2, 3e-2, 1e-1),
    "held_out": 300,
    "tested": 360,
}
_PAPER: dict[str, Any] = {
    "sets": {
        "Fashion-MNIST": "fashion-mnist",
        "CIFAR-10": f"cifar10_12k.npz{tasks.HALF_SIZE}",
    },
    "depths": (2, 3, 5),
    "hidden": 100,
    "noise_steps": 500,
    "noise_lr": 1e-3,
    "steps": 1000,
    "rates": (3e-4, 1e-3, 3e-3, 1e-2),
    "held_out": 2000,
    "tested": 2000,
}


@dataclass(frozen=True, kw_only=True)
class TuningConfig(Sizes):
    """Networks that choose the rates."""

    @classmethod
    def quick(cls) -> TuningConfig:
        """The 8x8 digits."""
        return cls(**_QUICK, **tuning.CHOOSING)

    @classmethod
    def paper(cls) -> TuningConfig:
        """Every rate at the sizes of the report; the stored table took 42 minutes."""
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
        """Two sets, 100 hidden units a layer; the stored table took 68 minutes."""
        return cls(**_PAPER, networks=20, chosen=_choice(TuningConfig.paper()))


def layers(depth: int) -> str:
    """Name of the fully connected network with so many layers of weights."""
    return f"{depth} layers"


def candidates(config: Sizes) -> tuning.Candidates:
    """The conditions of each population, one for each rate."""
    return {
        str(entry): {f"lr {rate:g}": _condition(config, entry, rate) for rate in config.rates}
        for entry in config.entries()
    }


choose = tuning.tuning("other_roads", 1, TuningConfig, candidates)


def _choice(config: TuningConfig) -> dict[str, str]:
    return tuning.chosen(choose, config, candidates(config))


def conditions(config: Config) -> dict[str, Condition]:
    """All populations, each at the rate that it chose.

    Metrics at the last step: accuracy, area (the mean of accuracy over the data steps), and those
    of :func:`fa_core.experiments.other_roads.measures.at_the_end`.
    """
    known = candidates(config)
    return {name: known[name][setting] for name, setting in config.chosen.items()}


def _condition(config: Sizes, entry: Entry, rate: float) -> Condition:
    return Condition(
        hidden=_hidden(config, entry.net),
        rule=METHODS[entry.method],
        network=_network(config, entry),
        optimizer=decaying if entry.method == KP else None,
        noise_steps=config.noise_steps if entry.noise else 0,
        noise_lr=config.noise_lr,
        data=config.sets[entry.task],
        tested=config.tested,
        steps=config.steps,
        lr=rate,
        record=("accuracy",),
        at_end=(at_the_end,),
        record_at=record_steps(config.steps, config.records),
        keep=_last_alone,
    )


def _hidden(config: Sizes, net: str) -> tuple[int, ...]:
    depths = {layers(depth): depth for depth in config.depths}
    return (config.hidden,) * (depths[net] - 1) if net in depths else ()


def _network(config: Sizes, entry: Entry) -> Callable[..., nn.Module]:
    soft = entry.method == SOFT
    if entry.net == CONVOLUTIONS:
        return Convolutions(config.sets[entry.task], soft)
    return softly_aligned if soft else MLP


def decaying(parameters: Iterable[nn.Parameter], lr: float) -> torch.optim.Optimizer:
    """Adam that also shrinks weights and feedback, by ``lr`` times 1 at each step."""
    return torch.optim.AdamW(parameters, lr=lr, weight_decay=_DECAY)


def _last_alone(table: pd.DataFrame) -> pd.DataFrame:
    return append(table, areas_and_steps(table)).query("step == step.max()")
