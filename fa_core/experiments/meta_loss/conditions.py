"""What chapter 5 trains: starts that noise gives, and how they adapt to tasks."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial

import torch
import torch.nn.functional as F
from torch import Tensor

from fa_core.data import Dataset
from fa_core.engine.batches import DataBatches
from fa_core.experiments.shared import tasks
from fa_core.experiments.shared.experiment import Condition
from fa_core.experiments.shared.measures import feedback_angles, performance, record_steps
from fa_core.experiments.shared.noise_then_data import QUIET, noise_name, quieten
from fa_core.experiments.shared.starts import LARGE, SMALL
from fa_core.networks import MLP


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
            **SMALL,
            noise_lengths=(0, 50, 100, 200, 500, 1000, 3000),
            k=100,
            other_k=(30, 300),
            lr=3e-4,
            other_lrs=(1e-4, 1e-3),
            meta_lengths=(14, 56, 224),  # 56 take as many gradients as noise_steps
            meta_lr=3e-3,
        )

    @classmethod
    def paper(cls) -> Config:
        """Three tasks, networks of the paper's size; the stored table took 34 minutes."""
        return cls(
            tasks=("mnist", "fashion-mnist", "kmnist"),
            **LARGE,
            noise_lengths=(0, 500, 1000, 2000, 4000, 6000, 8000, 12000, 20000),
            k=100,
            other_k=(10, 300, 1000),
            lr=1e-4,
            other_lrs=(3e-5, 3e-4, 1e-3),
            meta_lengths=(111, 444, 1776),  # 444 take as many gradients as noise_steps
            meta_lr=1e-3,
        )

    def gradients(self, meta_steps: int) -> int:
        """How many gradients this many meta-steps of first-order MAML take."""
        return meta_steps * len(self.tasks) * (self.inner_steps + 1)

    @property
    def equal_meta_steps(self) -> int:
        """The one of ``meta_lengths`` whose gradients are nearest to ``noise_steps``."""
        return min(self.meta_lengths, key=lambda n: abs(self.gradients(n) - self.noise_steps))


def start_name(noise_steps: int) -> str:
    """Name of the start that this many noise steps give."""
    return noise_name(noise_steps) if noise_steps else "FA"


def tailored_name(meta_steps: int) -> str:
    """Name of the start that this many meta-steps give."""
    return f"{meta_steps} meta-steps then FA"


def with_rate(start: str, lr: float) -> str:
    """Name of a start whose adaptation has another learning rate."""
    return f"{start}, lr {lr:g}"


def conditions(config: Config) -> dict[str, Condition]:
    """All populations of the experiment, ``TASK: START``.

    Metrics: loss (nats) on the task's whole test set; where starts are compared, accuracy and how
    the last layer lies to its feedback too. ``step`` counts adaptation steps.
    """
    return {
        f"{task}: {start}": condition
        for task in config.tasks
        for start, condition in _starts(config, task).items()
    }


def _starts(config: Config, task: str) -> dict[str, Condition]:
    steps = sorted({*record_steps(config.k, config.records), config.k, *config.other_k})
    loss, compared = ("loss",), (performance, _to_feedback)
    network = partial(Condition, data=task, hidden=(config.hidden,), noise_lr=config.noise_lr)
    full = partial(network, lr=config.lr, steps=steps[-1], record_at=steps)
    short = partial(full, steps=config.k, record_at=[s for s in steps if s <= config.k])
    starts = {}
    for length in config.noise_lengths:
        record = compared if length in (0, config.noise_steps) else loss
        starts[start_name(length)] = full(noise_steps=length, record=record)
    starts["BP"] = short(rule="bp", record=(performance,))
    starts[QUIET] = short(change=quieten, record=compared)
    for length in config.meta_lengths:
        change = partial(_tailor, config, length)
        starts[tailored_name(length)] = short(change=change, record=(performance,))
    for lr in config.other_lrs:
        for length in (0, config.noise_steps):
            name = with_rate(start_name(length), lr)
            starts[name] = short(noise_steps=length, lr=lr, record=loss)
    return starts


def _to_feedback(net: MLP, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Distance of the last layer from its feedback, and the mean angle of hidden neurons."""
    found = feedback_angles(net, x, y)
    return {name: found[name] for name in ("feedback_distance", "neuron_angle")}


def _tailor(config: Config, meta_steps: int, net: MLP, seed: int) -> None:
    """Gives ``net`` the weights that meta-training on all tasks gives."""
    device = next(net.parameters()).device
    net.load_state_dict(_tailored(config, net.sizes, device)[meta_steps])


@lru_cache(maxsize=1)
def _tailored(
    config: Config, sizes: tuple[int, ...], device: torch.device
) -> dict[int, dict[str, Tensor]]:
    """The weights after each number of meta-steps, from one meta-training on all tasks."""
    net = MLP(sizes, "fa", config.networks, config.seed).to(device)
    states = {}
    for made in meta_train(net, [tasks.load(task).to(device) for task in config.tasks], config):
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
