"""What chapter 5 reads off its table: the meta-loss along noise and meta-training, findings."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from fa_core.experiments.meta_loss.conditions import Config, start_name, tailored_name, with_rate
from fa_core.experiments.shared.noise_then_data import QUIET
from fa_core.results.findings import Finding, Findings
from fa_core.results.tables import at, curve

_BP_MARGIN = 0.1  # nats a task that FA after noise may adapt worse and still count as near BP


def on_tasks(
    config: Config, table: pd.DataFrame, start: str, k: int | None = None, metric: str = "loss"
) -> pd.DataFrame:
    """A metric after ``k`` adaptation steps (default: the main one): a column for each task."""
    step = config.k if k is None else k
    return pd.DataFrame(
        {task: at(table, f"{task}: {start}", metric, step) for task in config.tasks}
    )


def meta_loss(
    config: Config, table: pd.DataFrame, start: str, k: int | None = None
) -> pd.Series[float]:
    """Sum over tasks of the test loss after ``k`` adaptation steps, for each network."""
    return on_tasks(config, table, start, k).sum(axis=1)


def along_noise(
    config: Config, table: pd.DataFrame, k: int | None = None, task: str = ""
) -> pd.DataFrame:
    """Meta-loss, or one task's part, at each number of noise steps (row), for each network."""
    rows = {}
    for length in config.noise_lengths:
        losses = on_tasks(config, table, start_name(length), k)
        rows[length] = losses[task] if task else losses.sum(axis=1)
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


def to_feedback(
    config: Config, table: pd.DataFrame, start: str, metric: str = "feedback_distance"
) -> pd.DataFrame:
    """Mean over tasks of how the last layer lies to its feedback, while adapting."""
    ways = [curve(table, f"{task}: {start}", metric).loc[: config.k] for task in config.tasks]
    mean: pd.DataFrame = sum(ways[1:], ways[0]) / len(ways)
    return mean


def share_of_tailored(
    config: Config, table: pd.DataFrame, meta_steps: int, start: str, control: str = "FA"
) -> pd.Series[float]:
    """What a start gains over a control, divided by the gain of first-order MAML."""
    starts = (control, start, tailored_name(meta_steps))
    plain, prepared, tailored = (meta_loss(config, table, name) for name in starts)
    return (plain - prepared) / (plain - tailored)


def summary(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """One row for each start: loss before adapting, and loss and accuracy after it."""
    rows = {}
    tailored = map(tailored_name, config.meta_lengths)
    for start in ("FA", start_name(config.noise_steps), QUIET, "BP", *tailored):
        losses = on_tasks(config, table, start).mean()
        accuracies = on_tasks(config, table, start, metric="accuracy")
        rows[start] = {
            ("sum over tasks", "loss at step 0"): meta_loss(config, table, start, 0).mean(),
            ("sum over tasks", "meta-loss"): losses.sum(),
            ("mean over tasks", "accuracy, %"): 100 * accuracies.mean(axis=None),
            **{(task, "loss"): losses[task] for task in config.tasks},
        }
    return pd.DataFrame.from_dict(rows, orient="index").astype(float)


def findings(config: Config, table: pd.DataFrame) -> Findings:
    """What the chapter claims, tested on the table; all comparisons are paired by network."""
    noise, k, count = config.noise_steps, config.k, len(config.tasks)
    noisy, mean, difference = start_name(noise), Finding.of_mean, Finding.of_difference

    def lower(k: int = k, treated: str = noisy, control: str = "FA") -> pd.Series[float]:
        return meta_loss(config, table, treated, k) - meta_loss(config, table, control, k)

    def gained(metric: str, control: str = "FA") -> pd.DataFrame:
        pair = [on_tasks(config, table, start, metric=metric) for start in (noisy, control)]
        return pair[0] - pair[1]

    along = along_noise(config, table).loc[:noise]
    rates = {
        lr: lower(treated=with_rate(noisy, lr), control=with_rate("FA", lr))
        for lr in config.other_lrs
    }
    distances = [to_feedback(config, table, start).loc[k] for start in (noisy, "FA")]
    points = "percentage points"
    return Findings(
        [
            mean(
                f"{noise} noise steps lower the meta-loss of FA, the sum over {count} tasks of "
                f"the test loss after k = {k} adaptation steps.",
                *(lower(), "nats"),
                below=0,
                key="meta-loss-falls",
                paper="Fig. 6a",
                primary=True,
            ),
            mean(
                f"From each recorded number of noise steps to the next, up to {noise}, the "
                "meta-loss falls: its least favourable change is below 0.",
                *(along.diff().max(), "nats"),
                below=0,
                key="falls-along-noise",
                paper="Fig. 6a",
            ),
            mean(
                f"On the least favourable task, too, the test loss after {k} adaptation steps is "
                "lower after noise.",
                *(gained("loss").max(axis=1), "nats"),
                below=0,
                key="adapts-faster",
                paper="Fig. 6c",
            ),
            mean(
                f"On the least favourable task, too, the accuracy after {k} adaptation steps is "
                "higher after noise.",
                *(100 * gained("accuracy").min(axis=1), points),
                above=0,
                key="more-accurate",
                paper="Fig. 6c",
            ),
            difference(
                f"After {k} adaptation steps the last layer is nearer to its feedback, in "
                "‖W₂ − B₂‖, after noise than without (mean over tasks).",
                *(*distances, "in ‖W₂ − B₂‖"),
                below=0,
                key="nearer-to-b",
                paper="Fig. 6b",
            ),
            mean(
                f"While adapting, from 0 to {k} steps, the summed test loss falls further after "
                "noise than it does for FA without noise.",
                *(lower() - lower(0), "nats"),
                below=0,
                key="adapts-further",
            ),
            mean(
                "Noise leaves a lower meta-loss than a quiet readout does.",
                *(lower(control=QUIET), "nats"),
                below=0,
                key="lower-than-quiet",
            ),
            mean(
                "Noise leaves a higher accuracy than a quiet readout does (mean over tasks).",
                *(100 * gained("accuracy", QUIET).mean(axis=1), points),
                above=0,
                key="more-accurate-than-quiet",
            ),
            mean(
                "FA after noise adapts nearly as well as BP without noise: its meta-loss is higher "
                f"by at most {_BP_MARGIN * count:.1f} nats ({_BP_MARGIN} a task).",
                *(lower(control="BP"), "nats"),
                below=round(_BP_MARGIN * count, 9),
                key="near-bp",
            ),
            mean(
                "At the least favourable other number of adaptation steps "
                f"({_either(config.other_k)}), too, the meta-loss is lower after noise.",
                *(pd.DataFrame({k: lower(k) for k in config.other_k}).max(axis=1), "nats"),
                below=0,
                key="holds-for-other-k",
            ),
            mean(
                "At the least favourable other learning rate of the adaptation "
                f"({_either(config.other_lrs)}), too, the meta-loss is lower after noise.",
                *(pd.DataFrame(rates).max(axis=1), "nats"),
                below=0,
                key="holds-for-other-rates",
            ),
            mean(
                "Beyond a quiet readout, noise gives at least half of the gain of "
                f"{config.equal_meta_steps} meta-steps on the tasks, which take "
                f"{config.gradients(config.equal_meta_steps)} gradients.",
                share_of_tailored(config, table, config.equal_meta_steps, noisy, QUIET),
                "of the gain",
                above=0.5,
                key="half-of-the-rest",
            ),
        ]
    )


def _either(values: Iterable[float]) -> str:
    """The values as words: ``1, 2 or 3``."""
    *early, last = (f"{value:g}" for value in values)
    return f"{', '.join(early)} or {last}" if early else last
