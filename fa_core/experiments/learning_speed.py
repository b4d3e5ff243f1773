"""Chapter 2: does feedback alignment learn data faster after noise training?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import pandas as pd
import torch

from fa_core.experiments._common import (
    Part,
    credit,
    load,
    noise_trained,
    performance,
    quieten,
    record_steps,
    run_parts,
)
from fa_core.findings import Finding, Findings
from fa_core.history import Measure
from fa_core.networks import MLP
from fa_core.tables import at, curve, steps_to
from fa_core.training import train

MAIN = ("FA", "noise then FA", "BP", "noise then BP")
OTHER_FEEDBACK = "noise, new feedback, FA"
QUIET = "quiet readout, FA"
_OTHER_SEED = 10_000  # added to the seed: far from the seeds of any population


@dataclass(frozen=True)
class Config:
    """Sizes and lengths of the experiment; "main" is the one that most figures show."""

    data: str
    other_data: tuple[str, ...]
    hidden: int
    networks: int
    noise_steps: int
    noise_lr: float
    steps: int  # data steps of the main experiment
    lr: float  # on data
    levels: tuple[float, ...]  # test accuracies whose steps are counted; findings read the second
    noise_lengths: tuple[int, ...]  # beside 0 and noise_steps
    long_data: str  # trained on to convergence, after 0, noise_steps and the longest noise
    long_steps: int
    short_steps: int  # data steps on other data sets and depths
    depths: tuple[int, ...] = (3, 4, 5)  # weight layers, beside 2
    share: float = 0.9  # of BP's final accuracy: the level to reach on other data sets and depths
    batch_size: int = 64
    records: int = 32
    seed: int = 0

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
            steps=1500,
            lr=3e-4,
            levels=(0.8, 0.9, 0.95),
            noise_lengths=(100, 300, 3000),
            long_data="digits",
            long_steps=3000,
            short_steps=600,
            records=24,
        )

    @classmethod
    def paper(cls) -> Config:
        """MNIST and networks the size of the paper's, 10 epochs."""
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
            noise_lengths=(1000, 2000, 4000, 20000),
            long_data="usps",
            long_steps=20000,
            short_steps=3000,
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
    one, noise = (config.hidden,), config.noise_steps
    found = {
        name: Condition(config.data, rule, steps, config.steps, one)
        for name, (rule, steps) in zip(MAIN, _before(noise), strict=True)
    }
    found[OTHER_FEEDBACK] = Condition(config.data, "fa", noise, config.steps, one, other_feedback)
    found[QUIET] = Condition(config.data, "fa", 0, config.steps, one, quieten)
    for length in config.noise_lengths:
        name = noise_name(length)
        found[name] = Condition(config.data, "fa", length, config.steps, one)
    three = list(zip(MAIN, _before(noise), strict=True))[:3]
    for data in config.other_data:
        for name, (rule, steps) in three:
            found[f"{data}: {name}"] = Condition(data, rule, steps, config.short_steps, one)
    for depth in config.depths:
        hidden = (config.hidden,) * (depth - 1)
        for name, (rule, steps) in three:
            label = f"{depth} layers: {name}"
            found[label] = Condition(config.data, rule, steps, config.short_steps, hidden)
    for name, (rule, steps) in three:
        found[f"long: {name}"] = Condition(config.long_data, rule, steps, config.long_steps, one)
    longest = max(config.noise_lengths)
    found[f"long: {noise_name(longest)}"] = Condition(
        config.long_data, "fa", longest, config.long_steps, one
    )
    return found


def _before(noise_steps: int) -> tuple[tuple[str, int], ...]:
    """Rule and noise steps of the conditions in ``MAIN``."""
    return (("fa", 0), ("fa", noise_steps), ("bp", 0), ("bp", noise_steps))


def noise_name(length: int) -> str:
    """Name of the condition with another number of noise steps."""
    return f"{length} noise steps then FA"


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
    return {
        name: partial(_train, config, name, condition, device)
        for name, condition in conditions(config).items()
    }


def _train(
    config: Config, name: str, condition: Condition, device: torch.device | str
) -> pd.DataFrame:
    data = load(condition.data).to(device)
    sizes = (data.train_x.shape[1], *condition.hidden, data.classes)
    # One noise training serves every condition that starts alike: it knows nothing of the task.
    alike = [c for c in conditions(config).values() if c.hidden == condition.hidden]
    lengths = tuple({c.noise_steps for c in alike if c.rule == condition.rule})
    net = noise_trained(config, sizes, condition.rule, condition.noise_steps, device, lengths)
    if condition.change:
        condition.change(net, config.seed)
    record: list[str | Measure] = [performance]
    if name in MAIN:
        record += ["alignment_angle", credit]
    history = train(
        net,
        data,
        condition.steps,
        config.batch_size,
        config.lr,
        config.seed,
        record=record,
        record_at=record_steps(condition.steps, config.records),
        progress=False,
    )
    table = history.table().assign(condition=name)
    return table if name in MAIN else table[table["metric"] == "accuracy"]


def last(table: pd.DataFrame, condition: str, metric: str = "accuracy") -> pd.Series[float]:
    """The last record of a metric, for each network."""
    return curve(table, condition, metric).iloc[-1]


def level_of(config: Config, table: pd.DataFrame, prefix: str) -> float:
    """The accuracy to reach on a task: a share of the mean that BP ends with."""
    return config.share * float(last(table, f"{prefix}BP").mean())


def prefixes(config: Config) -> Iterator[tuple[str, str]]:
    """Data set or depth, and how the names of its conditions begin."""
    yield f"{config.data}, 2 layers", ""
    for data in config.other_data:
        yield f"{data}, 2 layers", f"{data}: "
    for depth in config.depths:
        yield f"{config.data}, {depth} layers", f"{depth} layers: "


def summary(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """One row for each data set and depth: final accuracies, steps to a share of BP's, ratios."""
    rows = {}
    for task, prefix in prefixes(config):
        names = [f"{prefix}{name}" for name in MAIN[:3]]
        level = level_of(config, table, prefix)
        steps = [steps_to(table, name, level) for name in names]
        rows[task] = {
            **{
                ("accuracy, %", name): 100 * last(table, full).mean()
                for name, full in zip(MAIN, names, strict=False)
            },
            ("level, %", ""): 100 * level,
            **{
                ("steps to level", name): taken.mean()
                for name, taken in zip(MAIN, steps, strict=False)
            },
            ("steps / FA's", "noise then FA"): (steps[1] / steps[0]).mean(),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def findings(config: Config, table: pd.DataFrame) -> Findings:
    """What the chapter claims, tested on the table; all ratios are paired by network."""
    fa, noisy, bp, noisy_bp = MAIN
    level, noise = config.levels[1], config.noise_steps
    percent = f"{level:.0%}".replace("%", " %")

    def ratio(treated: str, control: str, extra: int = 0) -> pd.Series[float]:
        return (steps_to(table, treated, level) + extra) / steps_to(table, control, level)

    def paired_ratio(prefix: str) -> pd.Series[float]:
        goal = level_of(config, table, prefix)
        treated, control = (steps_to(table, f"{prefix}{name}", goal) for name in (noisy, fa))
        return treated / control

    def end(condition: str) -> pd.Series[float]:
        return 100 * last(table, condition)

    mean, difference = Finding.of_mean, Finding.of_difference
    times, points = "times the steps", "percentage points"
    longest = noise_name(max(config.noise_lengths))
    return Findings(
        [
            mean(
                f"After {noise} noise steps FA reaches {percent} in at most 0.7 of the data steps.",
                *(ratio(noisy, fa), times),
                below=0.7,
            ),
            mean(
                "It is faster even when the noise steps count.",
                *(ratio(noisy, fa, noise), times),
                below=1,
            ),
            mean(
                f"FA after noise needs less than twice the data steps of BP to {percent}.",
                *(ratio(noisy, bp), times),
                below=2,
            ),
            mean(
                "BP gains nothing from noise: its steps stay within a tenth.",
                *(ratio(noisy_bp, bp), times),
                above=0.9,
                below=1.1,
            ),
            mean(
                "The gain needs alignment: with new feedback after the noise, FA takes longer.",
                *(ratio(OTHER_FEEDBACK, noisy), times),
                above=1,
            ),
            mean(
                "Noise is faster than a quiet readout alone: W₂ divided by 10, no noise.",
                *(ratio(noisy, QUIET), times),
                below=1,
            ),
            difference(
                f"After {config.steps} data steps FA with noise is more accurate than without.",
                *(end(noisy), end(fa), points),
                above=0,
            ),
            difference(
                "It is then as accurate as BP, or more.",
                *(end(noisy), end(bp), points),
                above=0,
            ),
            difference(
                "W₂ goes on turning towards B₂ during data training.",
                last(table, noisy, "alignment_angle_2"),
                at(table, noisy, "alignment_angle_2", 0),
                "degrees",
                below=0,
            ),
            difference(
                "At the first data step, noise has turned the update of W₁ towards BP's.",
                at(table, noisy, "update_angle_1", 0),
                at(table, fa, "update_angle_1", 0),
                "degrees",
                below=0,
            ),
            *(
                mean(f"FA after noise is faster: {task}.", paired_ratio(prefix), times, below=1)
                for task, prefix in prefixes(config)
                if prefix
            ),
            difference(
                f"The gain outlasts convergence ({config.long_data}, {config.long_steps} steps).",
                *(end(f"long: {noisy}"), end(f"long: {fa}"), points),
                above=0,
            ),
            difference(
                f"The longest noise training is no better than {noise} steps.",
                *(steps_to(table, longest, level), steps_to(table, noisy, level), "data steps"),
                above=0,
            ),
        ]
    )
