"""What chapter 5 reads off its table: the meta-loss along noise and meta-training, findings."""

from __future__ import annotations

from typing import TypeAlias

import pandas as pd

from fa_core.experiments.meta_loss.conditions import Config, start_name, tailored_name, with_rate
from fa_core.experiments.shared.keys import roles, slug
from fa_core.experiments.shared.noise_then_data import QUIET
from fa_core.results.findings import Finding, Findings
from fa_core.results.tables import at

Pair: TypeAlias = "tuple[pd.Series[float], pd.Series[float], str]"  # treated, control, unit


def meta_loss(
    config: Config,
    table: pd.DataFrame,
    start: str,
    k: int | None = None,
    metric: str = "loss",
    tasks: tuple[str, ...] = (),
) -> pd.Series[float]:
    """Mean over tasks after ``k`` adaptation steps (default: the main K), for each network."""
    step = config.k if k is None else k
    values = [at(table, f"{task}: {start}", metric, step) for task in tasks or config.tasks]
    return pd.concat(values, axis=1).mean(axis=1)


def along_noise(
    config: Config, table: pd.DataFrame, k: int | None = None, tasks: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Meta-loss at each number of noise steps (row), for each network (column)."""
    starts = {length: start_name(length) for length in config.noise_lengths}
    rows = {n: meta_loss(config, table, name, k, tasks=tasks) for n, name in starts.items()}
    return pd.DataFrame(rows).T


def along_gradients(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """Meta-loss at each number of gradients that first-order MAML took (row), for each network."""
    lengths = config.meta_lengths
    rows = {config.gradients(n): meta_loss(config, table, tailored_name(n)) for n in lengths}
    return pd.DataFrame(rows).T


def along_rates(config: Config, table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Meta-loss at each learning rate of the adaptation (row), without and with noise."""
    starts = {"FA": "FA", "noise then FA": start_name(config.noise_steps)}
    names = {lr: {s: with_rate(s, lr) for s in starts.values()} for lr in config.other_lrs}
    names[config.lr] = {start: start for start in starts.values()}
    return {
        label: pd.DataFrame(
            {lr: meta_loss(config, table, names[lr][start]) for lr in sorted(names)}
        ).T
        for label, start in starts.items()
    }


def at_best_length(values: pd.DataFrame) -> tuple[pd.Series[float], list[int]]:
    """Each network's value at the number of noise steps that is best for *other* networks.

    The even networks choose for the odd ones and the reverse, by their mean: no network has a say
    in its own choice. Returns the values, and the choices for even and for odd networks.
    """
    halves = [values.iloc[:, 0::2], values.iloc[:, 1::2]]
    best = [int(other.mean(axis=1).idxmin()) for other in reversed(halves)]
    chosen = [half.loc[length] for half, length in zip(halves, best, strict=True)]
    return pd.concat(chosen).sort_index(), best


def share_of_tailored(config: Config, table: pd.DataFrame, meta_steps: int) -> pd.Series[float]:
    """The gain of noise over no preparation, divided by the gain of first-order MAML."""
    starts = ("FA", start_name(config.noise_steps), tailored_name(meta_steps))
    plain, noisy, tailored = (meta_loss(config, table, start) for start in starts)
    return (plain - noisy) / (plain - tailored)


def summary(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """One row for each start: loss before adapting, and loss and accuracy after K steps."""
    rows = {}
    tailored = map(tailored_name, config.meta_lengths)
    for start in ("FA", start_name(config.noise_steps), QUIET, "BP", *tailored):
        accuracy = meta_loss(config, table, start, metric="accuracy")
        rows[start] = {
            ("all tasks", "loss at step 0"): meta_loss(config, table, start, 0).mean(),
            ("all tasks", "meta-loss"): meta_loss(config, table, start).mean(),
            ("all tasks", "accuracy, %"): 100 * accuracy.mean(),
            **{
                (task, "loss"): at(table, f"{task}: {start}", "loss", config.k).mean()
                for task in config.tasks
            },
        }
    return pd.DataFrame.from_dict(rows, orient="index").astype(float)


def findings(config: Config, table: pd.DataFrame) -> Findings:
    """What the chapter claims, tested on the table; all comparisons are paired by network."""
    noise, k, longest = config.noise_steps, config.k, max(config.noise_lengths)
    noisy, mean, difference = start_name(noise), Finding.of_mean, Finding.of_difference

    def losses(treated: str, control: str, k: int = config.k) -> Pair:
        values = [meta_loss(config, table, start, k) for start in (treated, control)]
        return values[0], values[1], "nats"

    def accuracies(treated: str, control: str) -> Pair:
        pair = [100 * meta_loss(config, table, s, metric="accuracy") for s in (treated, control)]
        return pair[0], pair[1], "percentage points"

    def on(task: str) -> Pair:
        values = [at(table, f"{task}: {start}", "loss", k) for start in (noisy, "FA")]
        return values[0], values[1], "nats"

    (after, plain, nats), (after_0, plain_0, _) = losses(noisy, "FA"), losses(noisy, "FA", 0)
    rates = roles(config.lr, config.other_lrs)
    best, _ = at_best_length(along_noise(config, table))
    return Findings(
        [
            difference(
                f"{noise} noise steps lower the meta-loss of FA (K = {k}).",
                *(after, plain, nats),
                below=0,
                key="meta-loss-falls",
            ),
            mean(
                "At the best noise length, chosen on other networks, it is at most 0.6 of its "
                "start.",
                *(best / plain, "times the meta-loss without noise"),
                below=0.6,
                key="best-length",
            ),
            *(
                difference(
                    f"The gain holds on {task}.",
                    *on(task),
                    below=0,
                    key=f"task-{slug(task)}",
                )
                for task in config.tasks
            ),
            difference(
                f"After {k} adaptation steps the accuracy, too, is higher after noise.",
                *accuracies(noisy, "FA"),
                above=0,
                key="more-accurate",
            ),
            difference(
                "More than a quieter start: while adapting, the loss falls further than FA's does.",
                *(after - after_0, plain - plain_0, nats),
                below=0,
                key="adapts-further",
            ),
            difference(
                "Noise leaves a lower meta-loss than a quiet readout does.",
                *losses(noisy, QUIET),
                below=0,
                key="lower-than-quiet",
            ),
            difference(
                "Noise leaves a higher accuracy than a quiet readout does.",
                *accuracies(noisy, QUIET),
                above=0,
                key="more-accurate-than-quiet",
            ),
            difference(
                "FA after noise adapts as well as BP without noise, or better.",
                *losses(noisy, "BP"),
                below=0,
                key="as-good-as-bp",
            ),
            *(
                difference(
                    f"The gain holds for K = {other}.",
                    *losses(noisy, "FA", other),
                    below=0,
                    key=f"k-{other}",
                )
                for other in config.other_k
            ),
            *(
                difference(
                    f"The gain holds where adaptation has the learning rate {lr:g}.",
                    *losses(with_rate(noisy, lr), with_rate("FA", lr)),
                    below=0,
                    key=f"learning-rate-{rates[lr]}",
                )
                for lr in config.other_lrs
            ),
            difference(
                f"Too much noise does harm: from {noise} to {longest} steps the meta-loss rises.",
                *losses(start_name(longest), noisy),
                above=0,
                key="too-much-harms",
            ),
            *(
                mean(
                    f"Noise gives at least half of the gain of {length} meta-steps on the tasks "
                    f"({config.gradients(length)} gradients).",
                    *(share_of_tailored(config, table, length), "of the gain"),
                    above=0.5,
                    key=f"half-of-maml-{number}",
                )
                for number, length in enumerate(config.meta_lengths, 1)
            ),
        ]
    )
