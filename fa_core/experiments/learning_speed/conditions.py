"""What chapter 2 trains: sizes and conditions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fa_core.experiments.shared.experiment import Condition
from fa_core.experiments.shared.measures import credit, performance
from fa_core.experiments.shared.noise_then_data import QUIET, NoiseThenData, noise_name, quieten
from fa_core.experiments.shared.starts import LARGE, SMALL
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
            **SMALL,
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
            **LARGE,
            steps=9380,
            lr=1e-4,
            levels=(0.8, 0.9, 0.93),
            noise_lengths=(1000, 3000, 20000),
            long_data="usps",
            long_steps=12000,
            short_steps=2500,
            records=24,
        )


def conditions(config: Config) -> dict[str, Condition]:
    """All populations of the experiment by name; ``step`` counts data steps.

    Metrics: accuracy; of the conditions in ``MAIN`` also loss (nats), alignment_angle_2 and
    update_angle_1 (degrees).
    """
    main, longest = config.main(), max(config.noise_lengths)
    fields: dict[str, Any] = {"record": ("accuracy",)}
    short = {**fields, "steps": config.short_steps}
    long = {**fields, "data": config.long_data, "steps": config.long_steps}
    everything = (performance, "alignment_angle", credit)
    found = {name: config.condition(*way, record=everything) for name, way in main.items()}
    noise = config.noise_steps
    found[OTHER_FEEDBACK] = config.condition("fa", noise, change=other_feedback, **fields)
    found[QUIET] = config.condition(change=quieten, **fields)
    for length in config.noise_lengths:
        found[noise_name(length)] = config.condition("fa", length, **fields)
    del main["noise then BP"]
    for data in config.other_data:
        for name, way in main.items():
            found[f"{data}: {name}"] = config.condition(*way, data=data, **short)
    for name, way in {**main, noise_name(longest): ("fa", longest)}.items():
        found[f"long: {name}"] = config.condition(*way, **long)
    for depth in config.depths:
        hidden = (config.hidden,) * (depth - 1)
        for name, way in main.items():
            found[f"{depth} layers: {name}"] = config.condition(*way, hidden=hidden, **short)
    return found


def other_feedback(net: MLP, seed: int) -> None:
    """Replaces the feedback, so that nothing is aligned to it."""
    other = MLP(net.sizes, net.layers[0].rule, net.networks, seed + _OTHER_SEED)
    for layer, fresh in zip(net.layers, other.layers, strict=True):
        layer.feedback.copy_(fresh.feedback)
