"""What chapter 2 reads off its table: levels, summary, findings."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from fa_core.experiments.learning_speed.conditions import OTHER_FEEDBACK, Config
from fa_core.experiments.shared.keys import slug
from fa_core.experiments.shared.noise_then_data import MAIN, QUIET, noise_name
from fa_core.results.findings import Finding, Findings
from fa_core.results.tables import at, last, steps_to


def tasks_of(config: Config) -> Iterator[tuple[str, str, str]]:
    """Key and title of each data set and depth, and how the names of its conditions begin."""
    yield "main", f"{config.data}, 2 layers", ""
    for data in config.other_data:
        name = data.removesuffix(".npz")
        yield slug(name), f"{name}, 2 layers", f"{data}: "
    for depth in config.depths:
        yield f"{depth}-layers", f"{config.data}, {depth} layers", f"{depth} layers: "


def level_of(config: Config, table: pd.DataFrame, prefix: str) -> float:
    """The accuracy to reach on a task: a share of the mean that BP ends with."""
    return config.share * float(last(table, f"{prefix}BP").mean())


def summary(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """One row for each data set and depth: final accuracies, steps to a share of BP's, ratios."""
    rows = {}
    for _, task, prefix in tasks_of(config):
        level = level_of(config, table, prefix)
        names = {name: f"{prefix}{name}" for name in ("FA", "noise then FA", "BP")}
        steps = {name: steps_to(table, full, level) for name, full in names.items()}
        rows[task] = {
            **{
                ("accuracy, %", name): 100 * last(table, full).mean()
                for name, full in names.items()
            },
            ("level, %", ""): 100 * level,
            **{("steps to level", name): taken.mean() for name, taken in steps.items()},
            ("steps / FA's", "noise then FA"): (steps["noise then FA"] / steps["FA"]).mean(),
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
                key="faster",
            ),
            mean(
                "It is faster even when the noise steps count.",
                *(ratio(noisy, fa, noise), times),
                below=1,
                key="faster-in-all-steps",
            ),
            mean(
                f"FA after noise needs less than twice the data steps of BP to {percent}.",
                *(ratio(noisy, bp), times),
                below=2,
                key="near-bp",
            ),
            mean(
                "BP gains nothing from noise: its steps stay within a tenth.",
                *(ratio(noisy_bp, bp), times),
                above=0.9,
                below=1.1,
                key="bp-gains-nothing",
            ),
            mean(
                "The gain needs alignment: with new feedback after the noise, FA takes longer.",
                *(ratio(OTHER_FEEDBACK, noisy), times),
                above=1,
                key="needs-alignment",
            ),
            mean(
                "Noise is faster than a quiet readout alone: W₂ divided by 10, no noise.",
                *(ratio(noisy, QUIET), times),
                below=1,
                key="faster-than-quiet",
            ),
            difference(
                f"After {config.steps} data steps FA with noise is more accurate than without.",
                *(end(noisy), end(fa), points),
                above=0,
                key="more-accurate",
            ),
            difference(
                "It is then as accurate as BP, or more.",
                *(end(noisy), end(bp), points),
                above=0,
                key="as-accurate-as-bp",
            ),
            difference(
                "W₂ goes on turning towards B₂ during data training.",
                last(table, noisy, "alignment_angle_2"),
                at(table, noisy, "alignment_angle_2", 0),
                "degrees",
                below=0,
                key="turns-on-data",
            ),
            difference(
                "At the first data step, noise has turned the update of W₁ towards BP's.",
                at(table, noisy, "update_angle_1", 0),
                at(table, fa, "update_angle_1", 0),
                "degrees",
                below=0,
                key="update-turned-at-start",
            ),
            *(
                mean(
                    f"FA after noise is faster: {task}.",
                    *(paired_ratio(prefix), times),
                    below=1,
                    key=f"faster-{key}",
                )
                for key, task, prefix in tasks_of(config)
                if prefix
            ),
            difference(
                f"The gain outlasts convergence ({config.long_data}, {config.long_steps} steps).",
                *(end(f"long: {noisy}"), end(f"long: {fa}"), points),
                above=0,
                key="outlasts-convergence",
            ),
            difference(
                f"The longest noise training is no better than {noise} steps.",
                *(steps_to(table, longest, level), steps_to(table, noisy, level), "data steps"),
                above=0,
                key="longest-no-better",
            ),
        ]
    )
