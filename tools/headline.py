"""What the first page says in numbers, read from the stored tables at paper scale."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import paper_claims
from fa_core import experiments
from fa_core.experiments.learning_speed.claims import steps_ratio
from fa_core.experiments.shared.noise_then_data import MAIN, QUIET
from fa_core.results.findings import Finding
from fa_core.results.multiplicity import paper_scale
from fa_core.results.store import at_paper_scale
from fa_core.results.tables import last

# The cheapest way to learn sooner that we know of: its condition, and how the page calls it.
CONTROL, CONTROL_WORDS = QUIET, "No noise: W₂ divided by 10"


def told(number: float) -> str:
    """Two decimals, or one beyond 10, and a true minus sign."""
    return f"{number:.{2 if abs(number) < 10 else 1}f}".replace("-", "−")


@dataclass(frozen=True)
class Headline:
    """A number, the line that says what it is, and the name by which the text calls it."""

    name: str
    line: str
    number: Finding
    sign: str = " × FA"

    @property
    def estimate(self) -> str:
        """The mean; where networks never reached the level, which way it is bounded."""
        return f"{self.number.bound} {told(self.number.estimate)}".lstrip()

    @property
    def interval(self) -> str:
        """Its 95 % interval."""
        return f"{told(self.number.low)} to {told(self.number.high)}"


@cache
def headlines() -> tuple[Headline, ...]:
    """Data steps, steps that count the noise, the simplest control, the distance to BP at the end.

    All compare networks in pairs, on the table of learning speed.
    """
    config, table = at_paper_scale(experiments.get("learning_speed"))
    fa, noisy, bp, _ = MAIN
    level = config.levels[1]

    def steps(name: str, extra: int = 0) -> Finding:
        values, bound = steps_ratio(table, name, fa, level, extra)
        return Finding.of_mean(name, values, "times the steps", below=1, bound=bound)

    behind = Finding.of_difference(
        "FA after noise beside BP",
        *(100 * last(table, name) for name in (noisy, bp)),
        "percentage points",
        above=0,
    )
    goal = f"{100 * level:.0f} % on {config.data.upper()}"
    noise = f"{config.noise_steps:,}"
    return (
        Headline("data_steps", f"Data steps to {goal}, after noise", steps(noisy)),
        Headline(
            "all_steps", f"All steps, {noise} on noise included", steps(noisy, config.noise_steps)
        ),
        Headline("control", CONTROL_WORDS, steps(CONTROL)),
        Headline("behind_bp", "Accuracy at the end, less that of BP", behind, " points"),
    )


def cards(numbers: Sequence[Headline]) -> str:
    """The numbers as HTML, each a link to its chapter, and how they were measured."""
    page = paper_claims.CHAPTERS["learning_speed"]
    items = "\n".join(
        f'<li><a href="{page}.html"><span>{html.escape(one.line)}</span> '
        f"<strong>{one.estimate}{one.sign}</strong> <small>{one.interval}</small></a></li>"
        for one in numbers
    )
    return (
        f'<ul class="headline">\n{items}\n</ul>\n<p class="headline-note">Means over '
        f"{numbers[0].number.n} networks with 95 % intervals, at the paper's sizes.</p>\n"
    )


def substitutions() -> dict[str, str]:
    """What the text of the first page may name in double braces.

    ``primary_EXPERIMENT`` is what its primary finding measured; a headline's name gives its number
    with its interval, and ``final_gain`` that after convergence.
    """
    words = {one.name: f"{one.estimate} ({one.interval})" for one in headlines()}
    for name, found in paper_scale().items():
        for finding in found:
            if finding.primary:
                words[f"primary_{name}"] = finding.measured_html()
            if finding.key == "narrower-gap":
                interval = f"{told(finding.low)} to {told(finding.high)}"
                words["final_gain"] = f"{told(finding.estimate)} ({interval})"
    return words


def write(folder: Path) -> None:
    """Writes the numbers that the first page includes."""
    (folder / "headline.html").write_text(cards(headlines()), encoding="utf-8")
