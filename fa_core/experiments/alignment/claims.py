"""What chapter 1 reads off its table: findings."""

from __future__ import annotations

import pandas as pd

from fa_core import metrics
from fa_core.experiments.alignment.conditions import INPUTS, LABELS, Config
from fa_core.experiments.shared.small_starts import SCALES, TENTH
from fa_core.results.findings import Finding, Findings
from fa_core.results.tables import at


def summary(config: Config, table: pd.DataFrame) -> pd.DataFrame:
    """One row for each kind of noise: mean angles (degrees) at ``config.steps`` and the change."""
    rows: dict[str, dict[str, float]] = {}
    for name in ("FA", *INPUTS, *LABELS):
        row = rows["standard" if name == "FA" else name] = {}
        for title, metric in (("raw", "neuron_angle"), ("class-centred", "centred_neuron_angle")):
            now = at(table, name, metric, config.steps)
            row[title] = now.mean()
            row[f"{title}, change"] = (now - at(table, name, metric, 0)).mean()
    return pd.DataFrame.from_dict(rows, orient="index")


def findings(config: Config, table: pd.DataFrame) -> Findings:
    """What the chapter claims, tested on the table; read at ``config.steps`` unless it says so."""
    now, end = config.steps, config.long_steps

    def angle(metric: str, step: int, condition: str = "FA") -> pd.Series[float]:
        return at(table, condition, metric, step)

    def change(condition: str) -> pd.Series[float]:
        return angle("neuron_angle", now, condition) - angle("neuron_angle", 0, condition)

    least = pd.concat(map(change, ("FA", *INPUTS)), axis=1).max(axis=1)
    mean, difference, unit = Finding.of_mean, Finding.of_difference, "degrees"
    return Findings(
        [
            difference(
                f"{now} noise steps under FA turn what hidden neurons send towards what comes back "
                "to them, on average: the mean neuron angle falls.",
                *(angle("neuron_angle", now), angle("neuron_angle", 0), unit),
                below=0,
                key="angle-falls",
                paper="Fig. 1e",
                primary=True,
            ),
            mean(
                "In untrained networks the mean neuron angle is 90 ± 2.",
                *(angle("neuron_angle", 0), unit),
                above=88,
                below=92,
                key="untrained-angle",
                paper="Fig. 1e",
            ),
            difference(
                f"{now} noise steps lower the loss on noise that was never trained on.",
                *(at(table, "FA", "loss", now), at(table, "FA", "loss", 0), "nats"),
                below=0,
                key="loss-falls",
                paper="Fig. 1d",
            ),
            mean(
                f"Under the least favourable of {len(INPUTS) + 1} kinds of input, too, the mean "
                f"neuron angle falls in {now} noise steps.",
                *(least, unit),
                below=0,
                key="falls-under-all-inputs",
                paper="Fig. 1f",
            ),
            mean(
                "Under BP the same noise leaves the mean neuron angle at 90 ± 3.",
                *(angle("neuron_angle", now, "BP"), unit),
                above=87,
                below=93,
                key="bp-angle-stays",
            ),
            mean(
                "Under FA the mean neuron angle to an unrelated matrix stays at 90 ± 3.",
                *(angle("unrelated_angle", now), unit),
                above=87,
                below=93,
                key="unrelated-angle-stays",
            ),
            difference(
                "The update that FA makes to W₁ turns towards the update of BP.",
                *(angle("update_angle_1", now), angle("update_angle_1", 0), unit),
                below=0,
                key="update-turns",
            ),
            difference(
                "The angle of the whole matrix falls also where W₂ and B₂ are class-centred.",
                *(angle("centred_alignment_angle", now), angle("centred_alignment_angle", 0)),
                unit,
                below=0,
                key="centred-angle-falls",
            ),
            difference(
                f"From step {now} to {end} the raw angle of the whole matrix rises again.",
                *(angle("alignment_angle", end), angle("alignment_angle", now), unit),
                above=0,
                key="raw-angle-rises-again",
            ),
            difference(
                "Over the same steps the class-centred angle does not rise: it falls.",
                *(angle("centred_alignment_angle", end), angle("centred_alignment_angle", now)),
                unit,
                below=0,
                key="centred-angle-stays-down",
            ),
            difference(
                f"With all initial weights times {SCALES[TENTH]:g} W₂ turns away from B₂: the "
                "class-centred angle of the whole matrix rises.",
                *(
                    angle("centred_alignment_angle", now, TENTH),
                    angle("centred_alignment_angle", 0, TENTH),
                ),
                unit,
                above=0,
                key="small-start-turns-away",
            ),
            mean(
                f"The loss is within 0.02 nats of chance, log K, after {now} steps.",
                at(table, "FA", "loss", now) - metrics.chance_loss(config.classes),
                "nats above log K",
                above=-0.02,
                below=0.02,
                key="loss-at-chance",
            ),
        ]
    )
