"""What the second part of chapter 2 trains: data sets, depths, and when training ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from fa_core.experiments.shared import tasks
from fa_core.experiments.shared.experiment import Condition
from fa_core.experiments.shared.keys import slug
from fa_core.experiments.shared.measures import performance, train_loss
from fa_core.experiments.shared.noise_then_data import MAIN, QUIET, quieten
from fa_core.history import History

BAND = 0.01  # nats: a network whose train loss stays within it for a window learns no more


@dataclass(frozen=True)
class Config:
    """Sizes and lengths of the experiment; lengths are in steps."""

    data: tuple[str, ...]
    depths: tuple[int, ...]  # weight layers
    images: int  # to train on, of each data set
    hidden: int
    networks: int
    noise_steps: int
    noise_lr: float
    lr: float  # on data: large, for the end of training is asked for and not the way to it
    window: int  # in which the train loss of a network that still learns leaves BAND
    steps: int  # at most, on data
    records: int = 4  # in each window
    batch_size: int = 64
    seed: int = 0

    @classmethod
    def quick(cls) -> Config:
        """The 8x8 digits and a harder task made of them; seconds on two cores."""
        return cls(
            data=("digits", "noisy digits"),
            depths=(2, 3),
            images=200,
            hidden=64,
            networks=4,
            noise_steps=500,
            noise_lr=1e-3,
            lr=3e-3,
            window=200,
            steps=2000,
        )

    @classmethod
    def paper(cls) -> Config:
        """Six data sets, 2 to 5 layers of the paper's width; the stored table took 96 minutes."""
        return cls(
            data=(
                *("mnist", "fashion-mnist", "kmnist", "usps"),
                *(f"{name}{tasks.HALF_SIZE}" for name in ("cifar10_12k.npz", "cifar100_24k.npz")),
            ),
            depths=(2, 3, 4, 5),
            images=2000,
            hidden=100,
            networks=10,
            noise_steps=8000,
            noise_lr=1e-4,
            lr=3e-4,
            window=1000,
            steps=10_000,
        )


def title(data: str) -> str:
    """A data set's name without what says which part of it: ``cifar10``."""
    return data.partition("_")[0]


class Cell(NamedTuple):
    """A data set and a depth, and how the names of its conditions begin."""

    data: str
    depth: int
    prefix: str

    @property
    def title(self) -> str:
        return title(self.data)


def cells(config: Config) -> Iterator[Cell]:
    """All pairs of data set and depth."""
    for depth in config.depths:  # data sets of one size share the noise training
        for data in config.data:
            yield Cell(data, depth, f"{slug(title(data))}, {depth} layers: ")


def conditions(config: Config) -> dict[str, Condition]:
    """All populations of the experiment by name.

    Metrics, each at the moment when the network has converged: accuracy and loss (nats) on the
    test set, train_loss, the ``steps`` it took, and whether it ``converged`` (1) before
    ``config.steps`` (else 0). Column ``step`` is ``config.steps`` throughout.
    """
    every = config.window // config.records
    found = {}
    for data, depth, prefix in cells(config):
        fields: dict[str, Any] = {
            "data": data,
            "images": config.images,
            "hidden": (config.hidden,) * (depth - 1),
            "noise_lr": config.noise_lr,
            "steps": config.steps,
            "lr": config.lr,
            "record": (performance, partial(train_loss, data, config.images)),
            "record_at": range(0, config.steps + 1, every),
            "until": partial(all_converged, config.records),
            "keep": partial(at_convergence, config),
        }
        for name, (rule, noise) in MAIN.items():
            length = config.noise_steps * noise
            found[f"{prefix}{name}"] = Condition(rule=rule, noise_steps=length, **fields)
        found[f"{prefix}{QUIET}"] = Condition(change=quieten, **fields)
    return found


def converged_at(losses: NDArray[Any], window: int) -> NDArray[Any]:
    """The record of each network (column) that first ends a window within ``BAND``.

    Where there is none, it is the number of records.
    """
    spread = np.ptp(sliding_window_view(losses, window + 1, axis=0), axis=-1)
    ended = np.vstack([spread < BAND, np.ones(losses.shape[1], dtype=bool)])
    first: NDArray[Any] = window + ended.argmax(axis=0)
    return first


def all_converged(window: int, history: History) -> bool:
    """Whether every network has converged."""
    losses = history["train_loss"]
    return len(losses) > window and bool((converged_at(losses, window) < len(losses)).all())


def at_convergence(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """Each network at its own moment of convergence, or at its last record."""
    losses = table[table["metric"] == "train_loss"].pivot(
        index="step", columns="network", values="value"
    )
    ends = converged_at(losses.to_numpy(), config.records)
    converged = ends < len(losses)
    steps = losses.index.to_numpy()[np.minimum(ends, len(losses) - 1)]
    own = pd.Series(steps, index=losses.columns, name="own")
    rows = table.join(own, on="network").query("step == own").drop(columns="own")
    first = rows[rows["metric"] == "train_loss"].sort_values("network")
    extra = [
        first.assign(metric="steps", value=own.to_numpy(dtype=float)),
        first.assign(metric="converged", value=converged.astype(float)),
    ]
    return pd.concat([rows, *extra], ignore_index=True).assign(step=config.steps)
