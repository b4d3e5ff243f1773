"""What chapter 1 reads off its table: findings."""

from __future__ import annotations

import pandas as pd

from fa_core import metrics
from fa_core.experiments.alignment.conditions import INPUTS, Config
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
    inputs = [angle(name, now) - angle("FA", 0) for name in INPUTS]
    return Findings(
        [
            difference(
                f"{now} noise steps under FA turn W₂ towards B₂: the angle falls.",
                *(angle("FA", now), angle("FA", 0), unit),
                below=0,
                key="angle-falls",
                paper="Fig. 1e",
                primary=True,
            ),
            mean(
                "Untrained, the angle of W₂ to B₂ is within 2 degrees of 90.",
                *(angle("FA", 0), unit),
                above=88,
                below=92,
                key="untrained-angle",
                paper="Fig. 1e",
            ),
            difference(
                f"The loss on unseen noise falls in {now} noise steps.",
                *(at(table, "FA", "loss", now), at(table, "FA", "loss", 0), "nats"),
                below=0,
                key="loss-falls",
                paper="Fig. 1d",
            ),
            mean(
                "The angle falls under the least favourable of the other inputs, too.",
                *(pd.concat(inputs, axis=1).max(axis=1), unit),
                below=0,
                key="falls-under-all-inputs",
                paper="Fig. 1f",
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
                f"Every mean readout probability is within 0.02 of 1/K after {end} steps.",
                *(farthest, "largest distance from 1/K"),
                below=0.02,
                key="readouts-at-chance",
            ),
            difference(
                "Inputs with a large mean (3) align less.",
                *(angle("mean 3", now), angle("FA", now), unit),
                above=0,
                key="large-mean-aligns-less",
            ),
            difference(
                "One fixed label for each network aligns less.",
                *(angle("labels fixed", now), angle("FA", now), unit),
                above=0,
                key="fixed-label-aligns-less",
            ),
            difference(
                f"Further noise turns W₂ away again: from step {now} to {end} the angle rises.",
                *(angle("FA", end), angle("FA", now), unit),
                above=0,
                key="angle-rises-again",
            ),
        ]
    )
