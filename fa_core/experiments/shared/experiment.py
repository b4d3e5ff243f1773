"""An experiment as data: conditions, one function that trains them, claims about their table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from fa_core import _checks
from fa_core.data import Dataset
from fa_core.experiments.shared import tasks
from fa_core.experiments.shared.starts import NetworkFactory, Start
from fa_core.history import Columns, History, Measure, take
from fa_core.networks import MLP
from fa_core.results.findings import Findings
from fa_core.training import OptimizerFactory, train, train_on_noise

Part = Callable[[], pd.DataFrame]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One population as data: noise, then a task, then perhaps noise again; lengths are in steps.

    Without ``data`` the noise training is what is recorded, on noise never trained on. With data
    the record is taken on their test set: along the data steps and the noise after them or, where
    both are 0, along the noise steps. Populations of the same shape start from the same seeds.

    Attributes:
        hidden: units of each hidden layer.
        rule: what travels backward.
        network: makes the population, as :class:`fa_core.MLP` does, which is the default.
        noise_steps: length of the noise training.
        noise_lr: its learning rate.
        noise: options of :class:`fa_core.NoiseGenerator`.
        data: name of the task, see :func:`fa_core.experiments.shared.tasks.load`.
        images: train on so many, the first; ``None`` for all.
        held_out: so many of the last train images, which are not trained on, are the test set.
        tested: take measures on so many test images, the first; ``None`` for all.
        steps: length of the training on data, at most.
        lr: its learning rate.
        until: is asked after each record with the history so far; ends the training on data.
        noise_after: length of another noise training after the data, with the rate and the options
            of the first; its steps go on from ``steps``.
        inputs: units of the noise, where there are no data.
        classes: of its labels.
        change: called with the network and the seed before the training that is recorded.
        optimizer: makes the optimiser of all training, on noise and on data; ``None`` for Adam.
        watch: called with the network before that training; returns another measure, which has a
            method ``update`` that is called after every step.
        record: measures, by name or as functions ``(net, x, y) -> columns``.
        record_at: steps to record at; ``None`` for 21 steps, evenly, or fewer in a short run.
        at_end: measures that are taken on the test set after all training alone.
        keep: picks the rows of the table that are worth keeping.

    Raises:
        ValueError: neither a task nor noise to train on.
    """

    hidden: tuple[int, ...]
    rule: str = "fa"
    network: NetworkFactory = MLP
    noise_steps: int = 0
    noise_lr: float = 1e-4
    noise: Mapping[str, Any] = field(default_factory=dict)
    data: str = ""
    images: int | None = None
    held_out: int = 0
    tested: int | None = None
    steps: int = 0
    lr: float = 1e-4
    until: Callable[[History], bool] | None = None
    noise_after: int = 0
    inputs: int = 0
    classes: int = 10
    change: Callable[[Any, int], None] | None = None
    optimizer: OptimizerFactory | None = None
    watch: Callable[[Any], Any] | None = None
    record: Sequence[str | Measure] = ("loss", "alignment_angle")
    record_at: Sequence[int] | None = None
    at_end: Sequence[str | Measure] = ()
    keep: Callable[[pd.DataFrame], pd.DataFrame] | None = None

    def __post_init__(self) -> None:
        if not self.data and (self.steps or not self.inputs):
            raise ValueError(
                "data must name a task, or else steps be 0 and inputs the size of the noise; "
                f"got data={self.data!r}, steps={self.steps}, inputs={self.inputs}"
            )

    def noise_lengths(self) -> set[int]:
        """The numbers of noise steps after which this condition looks at the weights."""
        along_noise = self.record_at if self.data and not self.steps else None
        return {self.noise_steps, *(along_noise or ())}

    def noise_training(self) -> tuple[Any, ...]:
        """What decides its noise training, but for the length: equal ones are made once."""
        ways = self.rule, self.network, self.optimizer
        return self.data, self.hidden, *ways, self.noise_lr, tuple(sorted(self.noise.items()))


@dataclass(frozen=True)
class Experiment:
    """Conditions to train and claims to test on the table that they give.

    ``tuning`` is the experiment that chose what its configurations hold of learning rates.
    ``version`` is declared: raise it when a change moves the numbers of its tables, which are then
    computed anew. ``Config`` is a frozen dataclass with at least ``networks``, ``batch_size`` and
    ``seed``; those of the book have the class methods ``quick()`` and ``paper()``.

    Examples:
        >>> from fa_core.experiments import get
        >>> alignment = get("alignment")
        >>> list(alignment.parts(alignment.Config.quick()))[:3]
        ['FA', 'BP', 'uniform']
    """

    name: str
    version: int
    Config: Any
    conditions: Callable[[Any], dict[str, Condition]]  # of a config
    claims: Callable[[Any, pd.DataFrame], Findings]  # of a config and the table it gave
    # Further parts, of a config and a device: what no training of an MLP is.
    simulations: Callable[[Any, torch.device | str], dict[str, Part]] = lambda config, device: {}
    tuning: Experiment | None = None

    def parts(self, config: Any, device: torch.device | str = "cpu") -> dict[str, Part]:
        """One function for each condition or simulation, which returns its table.

        Raises:
            TypeError: a config of another experiment.
        """
        known = self._known(config)
        trained = {name: partial(_table, known, name, config, device) for name in known}
        return trained | self.simulations(config, device)

    def run(
        self, config: Any, device: torch.device | str = "cpu", *, progress: bool = True
    ) -> pd.DataFrame:
        """Trains every condition; returns one tidy table, with what each condition records.

        Its columns are condition, step, network, metric and value.
        """
        parts = self.parts(config, device)
        label = self.name.replace("_", " ")
        frames = [part() for part in tqdm(parts.values(), label, disable=not progress)]
        return pd.concat(frames, ignore_index=True)

    def train(
        self, config: Any, name: str, device: torch.device | str = "cpu"
    ) -> tuple[Any, pd.DataFrame]:
        """The trained population of one condition, and its table.

        Raises:
            TypeError: a config of another experiment.
            ValueError: no condition has that name; names those there are.
        """
        known = self._known(config)
        return train_condition(known, _checks.choice("name", name, known), config, device)

    def _known(self, config: Any) -> dict[str, Condition]:
        if not isinstance(config, self.Config):
            raise TypeError(f"config must be a Config of {self.name}, got {config!r}")
        return self.conditions(config)


def train_condition(
    known: Mapping[str, Condition], name: str, config: Any, device: torch.device | str
) -> tuple[Any, pd.DataFrame]:
    """Trains one of the ``known`` conditions; returns the population and its tidy table.

    Number of networks, batch size and seed are those of ``config``.
    """
    condition = known[name]
    inputs, classes, data = condition.inputs, condition.classes, None
    if condition.data:
        amounts = condition.images, condition.held_out, condition.tested
        data = tasks.load(condition.data, *amounts).to(device)
        inputs, classes = data.train_x.shape[1], data.classes
    start = Start(
        (inputs, *condition.hidden, classes),
        *(condition.rule, config.networks, config.batch_size, config.seed),
        *(condition.noise_lr, tuple(sorted(condition.noise.items()))),
        *(condition.network, condition.optimizer),
    )
    # One noise training serves every condition that it is the same for.
    alike = [c for c in known.values() if c.noise_training() == condition.noise_training()]
    lengths = {length for c in alike for length in c.noise_lengths()}

    def prepared(noise_steps: int) -> Any:
        net = start.after(noise_steps, lengths, device)
        if condition.change:
            condition.change(net, config.seed)
        if condition.watch:
            watcher = condition.watch(net)
            options["record"] = (*condition.record, watcher)
            options["after_step"] = watcher.update
        return net

    options: dict[str, Any] = {
        "batch_size": config.batch_size,
        "seed": config.seed,
        "optimizer": condition.optimizer,
        "record": condition.record,
        "record_at": condition.record_at,
        "progress": False,
    }
    if data is None:
        net = prepared(0)
        lr, noise = condition.noise_lr, condition.noise
        history = train_on_noise(net, condition.noise_steps, lr=lr, **options, **noise)
    elif condition.steps:
        net = prepared(condition.noise_steps)
        history = _on_data(net, data, condition, options)
    else:
        history = History()
        for steps in condition.record_at or (condition.noise_steps,):
            net = prepared(steps)
            history.append(steps, take(condition.record, net, data.test_x, data.test_y))
    tables = [history.table()]
    if data and condition.at_end:
        end = History()
        end.append(history.steps[-1], take(condition.at_end, net, data.test_x, data.test_y))
        tables.append(end.table())
    table = pd.concat(tables, ignore_index=True).assign(condition=name)
    return net, condition.keep(table) if condition.keep else table


def _on_data(net: MLP, data: Dataset, condition: Condition, options: dict[str, Any]) -> History:
    """Trains on data, then on noise; what is recorded is taken on the test set throughout."""
    steps, rate = condition.steps, condition.lr
    if not condition.noise_after:
        return train(net, data, steps, lr=rate, until=condition.until, **options)
    asked = options["record_at"]
    early = {**options, "record_at": [step for step in asked if step <= steps]}
    history = train(net, data, steps, lr=rate, until=condition.until, **early)

    def on_test_set(net: nn.Module, x: Tensor, y: Tensor) -> Columns:
        return take(options["record"], net, data.test_x, data.test_y)

    late = {
        **options,
        "record": (on_test_set,),
        "record_at": [step - steps for step in asked if step > steps],
    }
    after = train_on_noise(
        net, condition.noise_after, lr=condition.noise_lr, **late, **condition.noise
    )
    for number, step in enumerate(after.steps):
        columns = {name: data.test_x.new_tensor(after[name][number]) for name in after.names}
        history.append(steps + step, columns)
    return history


def _table(
    known: Mapping[str, Condition], name: str, config: Any, device: torch.device | str
) -> pd.DataFrame:
    return train_condition(known, name, config, device)[1]
