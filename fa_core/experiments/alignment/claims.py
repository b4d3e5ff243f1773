"""What chapter 1 reads off its table: findings."""

from __future__ import annotations

import pandas as pd

from fa_core import metrics
from fa_core.experiments.alignment.conditions import Config
from fa_core.results.findings import Finding, Findings
from fa_core.results.tables import at


def findings(config: Config, table: pd.DataFrame) -> Findings:
    """What the chapter claims, tested on the table; read at ``config.steps`` unless it says so."""
    now, end = config.steps, config.long_steps

    def angle(condition: str, step: int, metric: str = "alignment_angle_2") -> pd.Series[float]:
        return at(table, condition, metric, step)

    chance = metrics.chance_loss(config.classes)
    readouts = [at(table, "FA", f"readout_{k}", end) for k in range(config.classes)]
    farthest = (pd.concat(readouts, axis=1) - 1 / config.classes).abs().max(axis=1)
    mean, difference, unit = Finding.of_mean, Finding.of_difference, "degrees"
    return Findings(
        [
            difference(
                f"{now} noise steps under FA turn W₂ towards B₂: the angle falls.",
                *(angle("FA", now), angle("FA", 0), unit),
                below=0,
                key="angle-falls",
            ),
            mean(
                "Under BP the same noise leaves the angle at 90 ± 3.",
                *(angle("BP", now), unit),
                above=87,
                below=93,
                key="bp-angle-stays",
            ),
            mean(
                "The angle of W₂ to an unrelated matrix stays at 90 ± 3.",
                *(angle("FA", now, "unrelated_angle_2"), unit),
                above=87,
                below=93,
                key="unrelated-angle-stays",
            ),
            difference(
                "The update that FA makes to W₁ turns towards the update of BP.",
                *(angle("FA", now, "update_angle_1"), angle("FA", 0, "update_angle_1"), unit),
                below=0,
                key="update-turns",
            ),
            mean(
                f"The loss is within 0.02 nats of chance, log K, after {now} steps.",
                *(at(table, "FA", "loss", now) - chance, "nats above log K"),
                above=-0.02,
                below=0.02,
                key="loss-at-chance",
            ),
            mean(
                f"The loss is within 0.02 nats of chance after {end} steps.",
                *(at(table, "FA", "loss", end) - chance, "nats above log K"),
                above=-0.02,
                below=0.02,
                key="loss-stays-at-chance",
            ),
            mean(
                f"Every mean readout probability is within 0.02 of 1/K after {end} steps.",
                *(farthest, "largest distance from 1/K"),
                below=0.02,
                key="readouts-at-chance",
            ),
            difference(
                "The shape of the input distribution matters by less than 1 degree (uniform).",
                *(angle("uniform", now), angle("FA", now), unit),
                above=-1,
                below=1,
                key="shape-hardly-matters",
            ),
            difference(
                "Inputs with a large mean (3) align less.",
                *(angle("mean 3", now), angle("FA", now), unit),
                above=0,
                key="large-mean-aligns-less",
            ),
            difference(
                "Inputs with a small standard deviation (0.3) align less in the same time.",
                *(angle("std 0.3", now), angle("FA", now), unit),
                above=0,
                key="small-inputs-align-less",
            ),
            difference(
                "One fixed label for each network aligns less.",
                *(angle("labels fixed", now), angle("FA", now), unit),
                above=0,
                key="fixed-label-aligns-less",
            ),
            difference(
                f"Over-training undoes it: from step {now} to {end} the angle rises.",
                *(angle("FA", end), angle("FA", now), unit),
                above=0,
                key="over-training-undoes",
            ),
        ]
    )
