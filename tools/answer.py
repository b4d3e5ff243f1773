"""The page "The answer in three minutes": the five claims, a forest plot, costs, what to use."""

import dataclasses
import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

import forest
import headline
import paper_claims
from fa_core import experiments
from fa_core.experiments.learning_speed.claims import steps_ratio
from fa_core.experiments.low_rank.claims import last_gap
from fa_core.experiments.meta_loss.claims import meta_loss
from fa_core.experiments.robustness.claims import ALL_SHIFTS, shifted_accuracy
from fa_core.experiments.shared.noise_then_data import QUIET, noise_name
from fa_core.experiments.shared.small_starts import SMALL_STARTS
from fa_core.results.findings import Finding, Row, html_table
from fa_core.results.multiplicity import paper_scale
from fa_core.results.store import at_paper_scale
from fa_core.results.tables import at
from forest import MISSING, primary

DATA = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
# What noise gives beside the control, by the verdict on "noise gives more".
BESIDE = {
    "supported": "noise gives more",
    "undecided": "no clear difference",
    "contradicted": "it gives more than noise",
}
# What the primary finding of an experiment compares, network by network, at a start by its name.
READINGS: dict[str, Callable[[Any, pd.DataFrame, str], "pd.Series[float]"]] = {
    "low_rank": lambda config, table, start: last_gap(table, start),
    "robustness": lambda config, table, start: (
        100 * shifted_accuracy(table, start, ALL_SHIFTS).iloc[-1]
    ),
    "meta_loss": meta_loss,
}


@dataclass(frozen=True)
class Claim:
    """One of the paper's five: what it says, what is measured, and the figures that make it.

    ``control`` says what the control gives where no reading tells.
    """

    experiment: str
    says: str
    measure: str
    figures: list[str]
    control: str = ""

    def findings(self, scale: paper_claims.Scale) -> list[Finding]:
        """All that test it."""
        told = [claim for claim in paper_claims.CLAIMS if claim.figure in self.figures]
        return [found for claim in told for found in claim.findings(scale)]

    def verdict(self, scale: paper_claims.Scale) -> str:
        """What becomes of it, a key of ``paper_claims.WORDS``."""
        return paper_claims.verdict(self.findings(scale))[0]

    def row(self, scale: paper_claims.Scale) -> Row:
        """Its verdict, what it says, what noise gives, and what the control gives."""
        name = self.verdict(scale)
        page, found = (
            paper_claims.CHAPTERS[self.experiment],
            primary(scale.get(self.experiment, [])),
        )
        says = f'<a href="{page}.html">{html.escape(self.says)}</a>'
        control = self.control
        if found and not control:
            found, alone, verdict = gains(self.experiment, scale)
            control = f"{measured(alone)}; {BESIDE[verdict]}"
        noise = f"{html.escape(self.measure)}: {measured(found)}"
        return name, [paper_claims.WORDS[name], says, noise, control or MISSING]


@dataclass(frozen=True)
class Use:
    """What to use when, and the finding that compares it with another start."""

    when: str
    use: str
    page: str
    beyond: str
    key: str
    flip: bool = False

    def finding(self, scale: paper_claims.Scale) -> Finding | None:
        """What it gives beyond the other; ``None`` while no table is stored.

        Raises:
            ValueError: a table is stored, and the key is missing from its findings.
        """
        experiment, key = self.key.split("/")
        known = {found.key: found for found in scale.get(experiment, [])}
        if known and key not in known:
            raise ValueError(f"{self.use}: no finding {self.key}")
        found = known.get(key)
        return flipped(found) if found and self.flip else found

    def row(self, scale: paper_claims.Scale) -> Row:
        """When to use it, what it is, and what it gives."""
        link = f'<a href="{self.page}.html">{html.escape(self.use)}</a>'
        number = measured(self.finding(scale))
        return "", [html.escape(self.when), link, f"{html.escape(self.beyond)}: {number}"]


CLAIMS = [Claim(**row) for row in DATA["claims"]]
USES = [Use(**row) for row in DATA["uses"]]
CLAIM_HEADINGS = ("Verdict", "The paper says", "Noise gives", "A quiet readout gives")
USE_HEADINGS = ("If", "Use", "Area, less that of FA")


def flipped(found: Finding) -> Finding:
    """The same comparison with its two sides exchanged."""
    return dataclasses.replace(
        found,
        estimate=-found.estimate,
        low=-found.high,
        high=-found.low,
        expected=(-found.expected[1], -found.expected[0]),
    )


def measured(found: Finding | None) -> str:
    """Estimate, unit and interval as HTML."""
    if not found:
        return MISSING
    *_, interval, _, _ = found.cells()
    unit = html.escape(found.unit)
    return f'<b>{found.number}</b> {unit} <span class="interval">({interval})</span>'


def gains(experiment: str, scale: paper_claims.Scale) -> tuple[Finding, Finding, str]:
    """What noise gives FA, what a quiet readout gives it, and the verdict on "noise gives more".

    By the measure of the primary finding; of learning speed in data steps, for the areas of the
    control are those of a shorter training.
    """
    known = {found.key: found for found in scale[experiment]}
    if experiment == "learning_speed":
        steps = {one.name: one.number for one in headline.headlines()}
        return steps["data_steps"], steps["control"], known["faster-than-quiet"].verdict
    config, table = at_paper_scale(experiments.get(experiment))
    noisy = noise_name(config.noise_steps) if experiment == "meta_loss" else "noise then FA"
    fa, noise, quiet = (
        READINGS[experiment](config, table, start) for start in ("FA", noisy, QUIET)
    )
    found = next(found for found in scale[experiment] if found.primary)
    above, below = found.expected
    alone, beside = (
        Finding.of_difference("It helps.", treated, other, found.unit, above=above, below=below)
        for treated, other in ((quiet, fa), (noise, quiet))
    )
    return found, alone, beside.verdict


def angle_after(start: str) -> Finding:
    """Class-centred angle after noise, from a start of chapter 1."""
    config, table = at_paper_scale(experiments.get("alignment"))
    angle = at(table, start, "centred_alignment_angle", config.steps)
    return Finding.of_mean(start, angle, "°", below=90)


def longest_noise() -> tuple[int, Finding]:
    """The longest noise of chapter 2, and data steps after it over those of FA."""
    config, table = at_paper_scale(experiments.get("learning_speed"))
    length = max(config.noise_lengths)
    steps, bound = steps_ratio(table, noise_name(length), "FA", config.levels[1])
    return length, Finding.of_mean("steps", steps, "times the steps", below=1, bound=bound)


def substitutions() -> dict[str, str]:
    """What the text of the pages may name in double braces; ``claim_EXPERIMENT`` is a verdict."""

    def number(found: Finding, unit: str = "") -> str:
        ends = f"{headline.told(found.low)} to {headline.told(found.high)}"
        return f"{found.bound} {headline.told(found.estimate)}{unit} ({ends})".lstrip()

    length, steps = longest_noise()
    starts = ["FA", *SMALL_STARTS]
    names = ("angle_as_drawn", "angle_from_third", "angle_from_tenth", "angle_from_zero")
    networks = {str(primary(paper_scale()[claim.experiment]).n) for claim in CLAIMS}
    angles = {name: angle_after(start) for name, start in zip(names, starts, strict=True)}
    return {
        **{name: number(angle, "°") for name, angle in angles.items()},
        **{
            f"claim_{claim.experiment}": paper_claims.WORDS[claim.verdict(paper_scale())]
            for claim in CLAIMS
        },
        "networks": " or ".join(sorted(networks, key=int)),
        "longest_noise": f"{length:,}",
        "longest_noise_steps": number(steps),
    }


def write(folder: Path, found: Mapping[Path, list[dict]]) -> None:
    """Writes what the page includes; ``found`` are the findings of each chapter of this build."""
    scale = paper_scale()
    build = {chapter.stem: [*map(Finding.from_row, rows)] for chapter, rows in found.items()}
    parts = {
        "claims": html_table(CLAIM_HEADINGS, [claim.row(scale) for claim in CLAIMS], "answer"),
        "forest": forest.figure(DATA["forest"], build, scale),
        "uses": html_table(USE_HEADINGS, [use.row(scale) for use in USES], "answer"),
    }
    for name, text in parts.items():
        (folder / f"answer-{name}.html").write_text(text, encoding="utf-8")
