"""What chapter 2 trains: sizes, conditions, and the table that training them gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pandas as pd
import torch

from fa_core.experiments.shared import (
    MAIN,
    QUIET,
    NoiseThenData,
    Part,
    credit,
    learn,
    load,
    noise_name,
    noise_trained,
    performance,
    quieten,
    run_parts,
)
from fa_core.history import Measure
from fa_core.networks import MLP

OTHER_FEEDBACK = "noise, new feedback, FA"
_OTHER_SEED = 10_000  # added to the seed: far from the seeds of any population


@dataclass(frozen=True, kw_only=True)
class Config(NoiseThenData):
    """Sizes and lengths of the experiment."""

    other_data: tuple[str, ...]
    levels: tuple[float, ...]  # test accuracies whose steps are counted; findings read the second
    noise_lengths: tuple[int, ...]  # beside 0 and noise_steps
    long_data: str  # trained on to convergence, after 0, noise_steps and the longest noise
    long_steps: int
    short_steps: int  # data steps on other data sets and depths
    depths: tuple[int, ...] = (3, 4, 5)  # weight layers, beside 2
    share: float = 0.9  # of BP's final accuracy: the level to reach on other data sets and depths

    @classmethod
    def quick(cls) -> Config:
        """The 8x8 digits and harder tasks made of them; seconds on two cores."""
        return cls(
            data="digits",
            other_data=("noisy digits", "upper half of digits"),
            hidden=64,
            networks=8,
            noise_steps=1000,
            noise_lr=1e-3,
            steps=900,
            lr=5e-4,
            levels=(0.8, 0.9, 0.95),
            noise_lengths=(100, 300, 2000),
            long_data="digits",
            long_steps=3000,
            short_steps=400,
            depths=(3, 5),
            records=16,
        )

    @classmethod
    def paper(cls) -> Config:
        """MNIST and networks the size of the paper's, 10 epochs; 23 minutes on two cores."""
        return cls(
            data="mnist",
            other_data=("fashion-mnist", "kmnist", "usps", "cifar10_12k.npz"),
            hidden=100,
            networks=20,
            noise_steps=8000,
            noise_lr=1e-4,
            steps=9380,
            lr=1e-4,
            levels=(0.8, 0.9, 0.93),
            noise_lengths=(1000, 3000, 20000),
            long_data="usps",
            long_steps=12000,
            short_steps=2500,
            records=24,
        )


@dataclass(frozen=True)
class Condition:
    """One population: the task, what comes before it, and how long it takes."""

    data: str
    rule: str
    noise_steps: int
    steps: int
    hidden: tuple[int, ...]
    change: Callable[[MLP, int], None] | None = None  # of the network before data, given a seed


def other_feedback(net: MLP, seed: int) -> None:
    """Replaces the feedback, so that nothing is aligned to it."""
    other = MLP(net.sizes, net.layers[0].rule, net.networks, seed + _OTHER_SEED)
    for layer, fresh in zip(net.layers, other.layers, strict=True):
        layer.feedback.copy_(fresh.feedback)


def conditions(config: Config) -> dict[str, Condition]:
    """All populations of the experiment by name; all of one size start from the same seeds."""
    one, longest = (config.hidden,), max(config.noise_lengths)
    lengths = {
        name: (rule, config.noise_steps if noise else 0) for name, (rule, noise) in MAIN.items()
    }

    def on_main(rule: str, noise: int, change: Callable[..., None] | None = None) -> Condition:
        return Condition(config.data, rule, noise, config.steps, one, change)

    found = {name: on_main(*before) for name, before in lengths.items()}
    found[OTHER_FEEDBACK] = on_main("fa", config.noise_steps, other_feedback)
    found[QUIET] = on_main("fa", 0, quieten)
    found |= {noise_name(length): on_main("fa", length) for length in config.noise_lengths}
    del lengths["noise then BP"]
    for data in config.other_data:
        for name, before in lengths.items():
            found[f"{data}: {name}"] = Condition(data, *before, config.short_steps, one)
    for name, before in {**lengths, noise_name(longest): ("fa", longest)}.items():
        found[f"long: {name}"] = Condition(config.long_data, *before, config.long_steps, one)
    for depth in config.depths:
        hidden = (config.hidden,) * (depth - 1)
        for name, before in lengths.items():
            label = f"{depth} layers: {name}"
            found[label] = Condition(config.data, *before, config.short_steps, hidden)
    return found


def run(
    config: Config, device: torch.device | str = "cpu", *, progress: bool = True
) -> pd.DataFrame:
    """Trains every condition; returns the tidy table of what was recorded on the test set.

    ``step`` counts data steps. Metrics: accuracy; of the conditions in ``MAIN`` also loss (nats),
    alignment_angle_2 and update_angle_1 (degrees).
    """
    return run_parts("learning speed", parts(config, device), progress)


def parts(config: Config, device: torch.device | str = "cpu") -> dict[str, Part]:
    """One function for each condition, which trains it and returns its table."""
    return {name: partial(_train, config, name, device) for name in conditions(config)}


def _train(config: Config, name: str, device: torch.device | str) -> pd.DataFrame:
    known = conditions(config)
    condition = known[name]
    data = load(condition.data).to(device)
    sizes = (data.train_x.shape[1], *condition.hidden, data.classes)
    # One noise training serves every condition that starts alike on the same data.
    alike = [c for c in known.values() if (c.data, c.hidden) == (condition.data, condition.hidden)]
    lengths = tuple({c.noise_steps for c in alike if c.rule == condition.rule})
    net = noise_trained(config, sizes, condition.rule, condition.noise_steps, device, lengths)
    if condition.change:
        condition.change(net, config.seed)
    record: list[str | Measure] = [performance]
    if name in MAIN:
        record += ["alignment_angle", credit]
    table = learn(config, net, data, condition.steps, record).table().assign(condition=name)
    return table if name in MAIN else table[table["metric"] == "accuracy"]
