"""What the factorial trains: starts of every norm and angle of W2, upon W1 with and without noise.

All populations learn the same data at the same rate. Beside the starts made by hand stand the one
that noise gives and changes of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import pandas as pd
import torch
from torch import Tensor

from fa_core import init, metrics, seeding
from fa_core.experiments.learning_speed.conditions import other_feedback
from fa_core.experiments.shared.derived import append, areas_and_steps
from fa_core.experiments.shared.experiment import Condition
from fa_core.experiments.shared.measures import performance, record_steps, train_loss
from fa_core.experiments.shared.starts import LARGE, SMALL
from fa_core.networks import MLP
from fa_core.results.tables import curve, where_reached

NOISE = "noise"
PERMUTED, OTHER_FEEDBACK = "noise, units permuted", "noise, new feedback"
UNDER_BP, EVEN = "noise under BP", "noise, labels 1/K"
RESCALED = "noise, W2 of norm"  # and the norm
_THIN = 3  # the accuracy is kept at each third record
GAP, START_NORM, START_ANGLE = "gap", "norm", "angle"


class Cell(NamedTuple):
    """A start made by hand: W2's norm as a share of its first, its angle to B2, and W1."""

    norm: float
    angle: float  # degrees
    noisy: bool  # W1 and its bias after noise, or as drawn

    def __str__(self) -> str:
        return f"norm {self.norm:g}, {self.angle:g} degrees, W1 {'noisy' if self.noisy else 'new'}"


@dataclass(frozen=True, kw_only=True)
class Config:
    """Sizes, lengths in steps, and what is read; levels and losses are in the order of ``sets``."""

    sets: tuple[str, ...]
    images: int  # to train on
    tested: int
    hidden: int
    networks: int
    noise_steps: int
    noise_lr: float
    steps: int
    lr: float
    levels: tuple[tuple[float, ...], ...]  # test accuracies whose steps are counted
    losses: tuple[float, ...]  # train losses (nats) at which gaps are read
    norms: tuple[float, ...] = (0, 0.1, 0.3, 0.52, 1)
    angles: tuple[float, ...] = (90, 74, 45, 0)
    own: tuple[float, float] = (0.52, 74)  # norm and angle in the grid next to those of noise
    batch_size: int = 64
    records: int = 24  # about so many of each training
    seed: int = 0

    @classmethod
    def quick(cls) -> Config:
        """The 8x8 digits; seconds on two cores."""
        return cls(
            sets=("digits",),
            **SMALL,
            images=1000,
            tested=360,
            steps=300,
            lr=1e-3,
            levels=((0.7, 0.8, 0.9),),
            losses=(0.3,),
            norms=(0, 0.1, 0.3, 0.6, 1),
            angles=(90, 70, 45, 0),
            own=(0.6, 70),
            records=20,
        )

    @classmethod
    def paper(cls) -> Config:
        """5,000 images of two sets, the paper's networks; the stored table took 53 minutes."""
        return cls(
            sets=("mnist", "fashion-mnist"),
            **LARGE,
            images=5000,
            tested=2000,
            steps=1500,
            lr=3e-4,
            levels=((0.7, 0.8, 0.85), (0.6, 0.7, 0.78)),
            losses=(0.35, 0.55),
        )

    def cells(self) -> list[Cell]:
        """Every norm, angle and W1; a W2 of zero has no angle, and 90 degrees stand for all."""
        every = product(self.norms, self.angles, (False, True))
        found = (Cell(*cell) for cell in every)
        return [cell for cell in found if cell.norm or cell.angle == self.angles[0]]

    def rescaled(self) -> dict[str, float]:
        """Norms that the readout of noise is scaled to, by the name of the start."""
        others = (norm for norm in self.norms if norm not in (0, self.own[0]))
        return {f"{RESCALED} {norm:g}": norm for norm in others}


def name_of(start: Cell | str, data: str) -> str:
    """Name of the condition that learns a data set from a start."""
    return f"{start}; {data}"


def conditions(config: Config) -> dict[str, Condition]:
    """All populations; each name is that of its start and its data.

    Metrics: accuracy at some steps; at the last one also area (its mean over the steps), steps_to_1
    to steps_to_3 (steps to the levels of its data, at most the last), and gap (test loss less train
    loss in nats, where the train loss reaches that of its data; missing where one does not). At
    step 0 norm and angle of W2, the norm as a share of that before noise.
    """
    found = {}
    for number, data in enumerate(config.sets):
        for start, change in _starts(config).items():
            noisy = start.noisy if isinstance(start, Cell) else True
            found[name_of(start, data)] = Condition(
                hidden=(config.hidden,),
                rule="bp" if start == UNDER_BP else "fa",
                noise_steps=config.noise_steps * noisy,
                noise_lr=config.noise_lr,
                noise={"labels": "uniform"} if start == EVEN else {},
                data=data,
                images=config.images,
                tested=config.tested,
                steps=config.steps,
                lr=config.lr,
                change=change,
                record=(performance, partial(train_loss, data, config.images), readout),
                record_at=record_steps(config.steps, config.records),
                keep=partial(_read, config, number),
            )
    return found


def _starts(config: Config) -> dict[Cell | str, Callable[[MLP, int], None] | None]:
    """All starts, and what makes each of a network as drawn or after noise."""
    return {
        **{cell: partial(place, cell) for cell in config.cells()},
        NOISE: None,
        **{name: partial(rescale, norm) for name, norm in config.rescaled().items()},
        PERMUTED: permute,
        OTHER_FEEDBACK: other_feedback,
        UNDER_BP: learn_by_fa,
        EVEN: None,
    }


@torch.no_grad()
def place(cell: Cell, net: MLP, seed: int) -> None:
    """Gives the readout the weights of its first draw, turned to an angle and scaled; no bias."""
    fresh = MLP(net.sizes, net.layers[0].rule, net.networks, seed)
    init.soft_alignment(fresh, cell.angle)
    net.layers[-1].weight.copy_(cell.norm * fresh.layers[-1].weight)
    net.layers[-1].bias.zero_()


@torch.no_grad()
def rescale(norm: float, net: MLP, seed: int) -> None:
    """Scales the readout's weights to a share of the norm that they are drawn with, on average."""
    weight = net.layers[-1].weight
    weight.mul_(norm / share_of_norm(weight)[..., None, None])


@torch.no_grad()
def permute(net: MLP, seed: int) -> None:
    """Permutes the columns of the readout, each network's in its own order: no unit keeps its."""
    weight = net.layers[-1].weight
    streams = seeding.generators(seed, "control", net.networks)
    orders = torch.stack([torch.randperm(weight.shape[-1], generator=s) for s in streams])
    order = orders.to(weight.device)[:, None].expand_as(weight)
    weight.copy_(weight.gather(-1, order))


def learn_by_fa(net: MLP, seed: int) -> None:
    """The data are learnt by feedback alignment, whatever came before."""
    for layer in net.layers:
        layer.rule = "fa"


def share_of_norm(weight: Tensor) -> Tensor:
    """Norm of a readout ``[p, k, h]`` by the root of 2 k, about which it is drawn."""
    share: Tensor = torch.linalg.matrix_norm(weight.detach()) / (2 * weight.shape[-2]) ** 0.5
    return share


def readout(net: Any, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Norm of W2, as a share of what it is drawn with, and its angle to B2 (degrees)."""
    last = net.layers[-1]
    angle = metrics.alignment_angle(last.weight, last.feedback)
    return {START_NORM: share_of_norm(last.weight), START_ANGLE: angle}


def _read(config: Config, number: int, table: pd.DataFrame) -> pd.DataFrame:
    """What the table keeps of one condition: see :func:`conditions`."""
    (name,) = table["condition"].unique()
    steps = sorted(table["step"].unique())
    derived = areas_and_steps(table, config.levels[number])
    train = curve(table, name, "train_loss")
    reached = train.columns[(train <= config.losses[number]).any()]
    if len(reached):
        level = pd.Series(-config.losses[number], index=reached)
        derived[GAP] = where_reached(curve(table, name, "loss") - train, -train, level)
    accuracy = (table["metric"] == "accuracy") & table["step"].isin(steps[::-_THIN])
    start = table["metric"].isin([START_NORM, START_ANGLE]) & (table["step"] == 0)
    return append(table[accuracy | start], derived).dropna()  # the angle of W2 = 0 is none
