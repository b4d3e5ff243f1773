"""What chapter 5 trains: starts that noise gives, and how they adapt to tasks."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial

import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor

from fa_core.data import Dataset
from fa_core.engine.batches import DataBatches
from fa_core.experiments.shared import (
    QUIET,
    Part,
    load,
    noise_trained,
    performance,
    quieten,
    record_steps,
    run_parts,
)
from fa_core.networks import MLP
from fa_core.training import train


@dataclass(frozen=True)
class Config:
    """Sizes and lengths of the experiment; tasks share the size of their images and the classes."""

    tasks: tuple[str, ...]
    hidden: int
    networks: int
    noise_lengths: tuple[int, ...]  # of one noise training, 0 and noise_steps among them
    noise_steps: int  # the length that most findings read, fixed before any result was seen
    noise_lr: float
    k: int  # adaptation steps of the meta-loss
    other_k: tuple[int, ...]
    lr: float  # of the adaptation
    other_lrs: tuple[float, ...]  # after 0 and noise_steps noise steps
    meta_lengths: tuple[int, ...]  # meta-steps of one first-order MAML
    meta_lr: float
    inner_steps: int = 5  # adaptation steps inside a meta-step
    batch_size: int = 64
    records: int = 7  # of each adaptation, on the way to k
    seed: int = 0

    @classmethod
    def quick(cls) -> Config:
        """Three tasks made of the 8x8 digits; seconds on two cores."""
        return cls(
            tasks=("digits", "permuted digits", "rotated digits"),
            hidden=64,
            networks=8,
            noise_lengths=(0, 50, 100, 200, 500, 1000, 3000),
            noise_steps=1000,
            noise_lr=1e-3,
            k=100,
            other_k=(30, 300),
            lr=3e-4,
            other_lrs=(1e-4, 1e-3),
            meta_lengths=(14, 56, 224),  # 56 take as many gradients as noise_steps
            meta_lr=3e-3,
        )

    @classmethod
    def paper(cls) -> Config:
        """MNIST, Fashion-MNIST and KMNIST, and networks the size of the paper's."""
        return cls(
            tasks=("mnist", "fashion-mnist", "kmnist"),
            hidden=100,
            networks=20,
            noise_lengths=(0, 500, 1000, 2000, 4000, 6000, 8000, 12000, 20000),
            noise_steps=8000,
            noise_lr=1e-4,
            k=100,
            other_k=(10, 30, 300, 1000),
            lr=1e-4,
            other_lrs=(3e-5, 3e-4, 1e-3),
            meta_lengths=(111, 444, 1776),  # 444 take as many gradients as noise_steps
            meta_lr=1e-3,
        )

    def gradients(self, meta_steps: int) -> int:
        """How many gradients this many meta-steps of first-order MAML take."""
        return meta_steps * len(self.tasks) * (self.inner_steps + 1)


@dataclass(frozen=True)
class Condition:
    """One population adapting to one task."""

    task: str
    lr: float
    steps: int
    rule: str = "fa"
    noise_steps: int = 0
    quiet: bool = False  # readout's weights shrunk before the task
    meta_steps: int = 0  # of first-order MAML on all tasks, before this one


def start_name(noise_steps: int) -> str:
    """Name of the start that this many noise steps give."""
    return f"{noise_steps} noise steps then FA" if noise_steps else "FA"


def tailored_name(meta_steps: int) -> str:
    """Name of the start that this many meta-steps give."""
    return f"{meta_steps} meta-steps then FA"


def with_rate(start: str, lr: float) -> str:
    """Name of a start whose adaptation has another learning rate."""
    return f"{start}, lr {lr:g}"


def conditions(config: Config) -> dict[str, Condition]:
    """All populations of the experiment, ``TASK: START``; all begin with the same seeds."""
    long = max(config.k, *config.other_k)
    found: dict[str, Condition] = {}
    for task in config.tasks:
        full = partial(Condition, task, config.lr, long)
        starts = {start_name(length): full(noise_steps=length) for length in config.noise_lengths}
        starts |= {tailored_name(length): full(meta_steps=length) for length in config.meta_lengths}
        starts |= {"BP": full("bp"), QUIET: full(quiet=True)}
        for lr in config.other_lrs:
            for length in (0, config.noise_steps):
                name = with_rate(start_name(length), lr)
                starts[name] = Condition(task, lr, config.k, noise_steps=length)
        found |= {f"{task}: {start}": condition for start, condition in starts.items()}
    return found


def run(
    config: Config, device: torch.device | str = "cpu", *, progress: bool = True
) -> pd.DataFrame:
    """Adapts every start to every task; returns the tidy table of loss (nats) and accuracy.

    ``step`` counts adaptation steps; both metrics are taken on the task's whole test set.
    """
    return run_parts("meta-loss", parts(config, device), progress)


def parts(config: Config, device: torch.device | str = "cpu") -> dict[str, Part]:
    """One function for each condition, which adapts it and returns its table."""
    return {
        name: partial(_adapt, config, name, condition, device)
        for name, condition in conditions(config).items()
    }


def _adapt(
    config: Config, name: str, condition: Condition, device: torch.device | str
) -> pd.DataFrame:
    data = load(condition.task).to(device)
    sizes = (data.train_x.shape[1], config.hidden, data.classes)
    lengths = config.noise_lengths  # served by one noise training, which knows no task
    net = noise_trained(config, sizes, condition.rule, condition.noise_steps, device, lengths)
    if condition.quiet:
        quieten(net, config.seed)
    if condition.meta_steps:
        net.load_state_dict(_tailored(config, sizes, device)[condition.meta_steps])
    planned = {*record_steps(config.k, config.records), config.k, *config.other_k}
    history = train(
        net,
        data,
        condition.steps,
        config.batch_size,
        condition.lr,
        config.seed,
        record=(performance,),
        record_at=[step for step in planned if step <= condition.steps],
        progress=False,
    )
    return history.table().assign(condition=name)


@lru_cache(maxsize=1)
def _tailored(
    config: Config, sizes: tuple[int, ...], device: torch.device | str
) -> dict[int, dict[str, Tensor]]:
    """The weights after each number of meta-steps, from one meta-training on all tasks."""
    net = MLP(sizes, "fa", config.networks, config.seed).to(device)
    states = {}
    for made in meta_train(net, [load(task).to(device) for task in config.tasks], config):
        if made in config.meta_lengths:
            states[made] = {name: value.clone() for name, value in net.state_dict().items()}
    return states


def meta_train(net: MLP, tasks: Iterable[Dataset], config: Config) -> Iterator[int]:
    """First-order MAML (Finn et al. 2017): makes the start of ``net`` fit to adapt to ``tasks``.

    At each meta-step a copy adapts to each task. The gradients of the adapted copies, on a fresh
    batch, are summed and applied to the start. Copies keep rule and feedback of ``net``. Only train
    sets are used. Yields the number of meta-steps made, to ``max(config.meta_lengths)``.
    """
    sources = []
    for task in tasks:
        labels = F.one_hot(task.train_y, task.classes).to(task.train_x.dtype)
        order = (config.batch_size, net.networks, config.seed)
        sources.append(DataBatches(task.train_x, labels, *order))

    def gradients(net: MLP, source: DataBatches) -> list[Tensor]:
        source.prepare()
        source.draw()
        net.loss_and_gradients(*source.batch)
        return [p.grad for p in net.parameters() if p.grad is not None]

    meta = torch.optim.Adam(net.parameters(), lr=config.meta_lr, fused=True)
    for made in range(1, max(config.meta_lengths) + 1):
        ends = []
        for source in sources:
            adapted = copy.deepcopy(net)
            inner = torch.optim.Adam(adapted.parameters(), lr=config.lr, fused=True)
            for _ in range(config.inner_steps):
                gradients(adapted, source)
                inner.step()
            ends.append(gradients(adapted, source))
        for start, *of_tasks in zip(net.parameters(), *ends, strict=True):
            start.grad = torch.stack(of_tasks).sum(0)
        meta.step()
        yield made
