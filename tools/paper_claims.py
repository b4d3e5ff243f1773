"""The paper's claims, figure by figure, and the findings at paper scale that test each of them."""

import html
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from fa_core.results.findings import Finding, Findings, Row, html_table

# The chapter that tells of an experiment.
CHAPTERS = {
    "alignment": "01-alignment",
    "conservation": "why-it-works",
    "learning_speed": "02-learning-speed",
    "convergence": "02-learning-speed",
    "low_rank": "03-low-rank",
    "robustness": "04-robustness",
    "meta_loss": "05-meta-loss",
    "other_roads": "other-roads",
    "contest": "fair-contest",
    "factorial": "fair-contest",
}
HEADINGS = ("Verdict", "The paper says", "We find", "Figure", "Measure", "See")
VERDICTS = ("supported", "contradicted", "undecided")
Scale = Mapping[str, Findings]  # the findings of each experiment


@dataclass(frozen=True)
class Claim:
    """A claim of the paper, which holds where all findings named by ``keys`` are supported.

    A key is one of ``experiment``, unless it names another: ``EXPERIMENT/KEY``.
    """

    figure: str
    measure: str
    says: str
    experiment: str
    keys: list[str]
    note: str = ""

    def findings(self, scale: Scale) -> list[Finding]:
        """What tests it; nothing while its experiment has no stored table.

        Raises:
            ValueError: a table is stored, and a key is missing from its findings.
        """
        if self.experiment not in scale:
            return []
        known = {f"{name}/{f.key}": f for name, found in scale.items() for f in found}
        wanted = [key if "/" in key else f"{self.experiment}/{key}" for key in self.keys]
        if missing := [key for key in wanted if key not in known]:
            raise ValueError(f"Fig. {self.figure}: no finding {', '.join(missing)}")
        return [known[key] for key in wanted]


# What becomes of a claim, in words.
WORDS = {
    "holds": "✓ Holds",
    "partly": "~ In part",
    "not": "✗ Not as stated",
    "open": "– not measured yet",
}
CLAIMS = [
    Claim(**row)
    for row in yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
]


def unbroken(text: str) -> str:
    """The text on one line."""
    return text.replace(" ", "\u00a0")


def verdict(found: list[Finding]) -> tuple[str, str]:
    """What becomes of a claim: a key of :data:`WORDS`, and the words that the page shows."""
    if not found:
        return "open", unbroken(WORDS["open"])
    supported = sum(finding.verdict == "supported" for finding in found)
    mark = " †" if any(f.holm is False and f.verdict != "undecided" for f in found) else ""
    name = "holds" if supported == len(found) else "partly" if supported else "not"
    count = f", {supported} of {len(found)}" if name == "partly" else ""
    return name, unbroken(f"{WORDS[name]}{count}{mark}")


def measured(found: list[Finding], note: str = "") -> str:
    """Estimate, interval and number of networks of the first finding, as HTML."""
    text = found[0].measured_html() if found else "not measured yet"
    return f"{text}; {html.escape(note)}" if note else text


def row(claim: Claim, scale: Scale) -> Row:
    """A claim under HEADINGS."""
    found, page = claim.findings(scale), CHAPTERS[claim.experiment]
    name, words = verdict(found)
    says, figure, measure = map(html.escape, (claim.says, claim.figure, claim.measure))
    link = f'<a href="{page}.html">chapter\u00a0{int(page[:2])}</a>'
    return name, [words, says, measured(found, claim.note), figure, measure, link]


def table(scale: Scale) -> str:
    """One row a claim, as HTML; on a phone each row is a card."""
    lines = html_table(HEADINGS, [row(claim, scale) for claim in CLAIMS], "paper-claims")
    return f'<div class="full-width">\n{lines}\n</div>\n'


def counts(scale: Scale) -> str:
    """How many claims the book makes, whose they are, and what became of them, in words."""
    found = [finding for findings in scale.values() for finding in findings]
    verdicts = Counter(finding.verdict for finding in found)
    theirs = sum(bool(finding.paper) for finding in found)
    decided = [finding for finding in found if finding.verdict != "undecided"]
    survive = sum(bool(finding.holm) for finding in decided)
    told = ", ".join(f"{verdicts[name]} {name}" for name in VERDICTS)
    primary = sum(finding.primary for finding in found)
    return (
        f"At paper scale the book makes **{len(found)} claims**: {theirs} are the paper's and "
        f"{len(found) - theirs} ours; {primary} are primary.\n"
        f"The verdicts: {told}.\n"
        f"Of the {len(decided)} that are not undecided, {survive} survive "
        f"{{term}}`Holm's correction` over all {len(found)} claims.\n"
    )
