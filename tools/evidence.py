"""The page "The paper, claim by claim": the paper's claims, then every finding at both scales."""

import html
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from matplotlib.ticker import MaxNLocator

import paper_claims
import publishing
from fa_core import experiments
from fa_core.results.findings import Finding, Findings, Row, folded_table
from fa_core.results.multiplicity import paper_scale
from fa_core.results.store import published
from fa_core.show import style

WORD = re.compile(r"\w(?:[\w.,-]*\w)?|\W")  # a number or a name is one word
HEADINGS = ("Paper scale", "Claim", "This run", "Expected")
# Fill of the bar: greys, for colours mean ways of learning.
VERDICTS = {"supported": style.FAINT, "undecided": "none", "contradicted": style.INK}
CAPTION = (
    "Verdicts on the findings of each chapter, at both scales. The numbers count those supported, "
    "undecided and contradicted."
)
Pair = tuple[Finding | None, Finding | None]


def pairs(build: Sequence[Finding], paper: Sequence[Finding]) -> Iterator[Pair]:
    """Findings of both scales side by side, joined by key, in the order of the paper scale.

    A claim that is made at one scale alone stands alone; those of this run come last.
    """
    now, then = ({found.key: found for found in side} for side in (build, paper))
    for key in then | now:
        yield now.get(key), then.get(key)


def merge(build: str, paper: str) -> str:
    """Two texts as one: a word that differs between them is given twice."""
    sides = [WORD.findall(text) for text in (build, paper)]
    if len(sides[0]) != len(sides[1]):
        return f"{build} / {paper}"
    return "".join(a if a == b else f"{a} / {b}" for a, b in zip(*sides, strict=True))


def row(pair: Pair) -> Row:
    """One row of the table; its verdict is that at paper scale, if it is known."""
    found = [finding for finding in pair if finding]
    words = [finding.cells() for finding in found]
    claim, expected = (html.escape(merge(words[0][i], words[-1][i])) for i in range(2))
    build, paper = map(measured, pair)
    return found[-1].verdict, [paper, claim, build, expected]


def measured(found: Finding | None) -> str:
    """Verdict, estimate, interval and number of networks as HTML."""
    return f"{found.cells()[-1]}: {found.measured_html()}" if found else "–"


def check_keys(page: str, findings: Sequence[Finding]) -> None:
    """Refuses findings of a page that cannot be joined: without a key, or two with one."""
    if nameless := [found.claim for found in findings if not found.key]:
        raise ValueError(f"{page}: each finding needs a key; these have none: {nameless}")
    Findings(findings)


def name_of(chapter: Path) -> str:
    """How the page's picture calls a chapter: ``Chapter 1``, or ``Why it works``."""
    number = chapter.stem.partition("-")[0]
    return (
        f"Chapter {int(number)}"
        if number.isdigit()
        else chapter.stem.replace("-", " ").capitalize()
    )


def section(chapter: Path, rows: list[dict]) -> tuple[str, dict[str, list[Finding]]]:
    """The table of one chapter's claims as HTML, and the findings of each scale."""
    title = name_of(chapter)
    build = [Finding.from_row(row) for row in rows]
    paper, stored = [], []
    for name in experiments.names():
        if paper_claims.CHAPTERS.get(name) == chapter.stem:
            paper += paper_scale().get(name, [])
            experiment = experiments.get(name)
            stored.append(published().load(experiment, experiment.Config.paper()))
    for side in (build, paper):
        check_keys(chapter.name, side)
    run = json.loads(chapter.read_text(encoding="utf-8"))["metadata"]["papermill"]
    profile = run["parameters"].get("profile", "quick")
    labels = [
        f"This run: profile {profile}, computed on {run['start_time'][:10]}.",
        *(f"Paper scale: {line or 'no table is stored yet'}." for line in stored),
    ]
    text = "<br>\n".join(map(html.escape, labels))
    rows = [([f for f in pair if f], row(pair)) for pair in pairs(build, paper)]
    table = folded_table(HEADINGS, rows)
    return f"<p>{text}</p>\n{table}\n", {
        f"{title}, this run": build,
        f"{title}, paper scale": paper,
    }


def picture(counts: Mapping[str, Counter]) -> str:
    """How many findings have which verdict: bars in HTML, with the same numbers in words."""
    with style.figure(1, height=1.6 + 0.27 * len(counts)) as (figure, (ax,)):
        rows, left = range(len(counts)), [0] * len(counts)
        for verdict, fill in VERDICTS.items():
            widths = [count[verdict] for count in counts.values()]
            look = {"facecolor": fill, "edgecolor": style.INK, "linewidth": 0.8, "label": verdict}
            bars = ax.barh(rows, widths, left=left, **look)
            left = [start + width for start, width in zip(left, widths, strict=True)]
        numbers = ([str(count[verdict]) for verdict in VERDICTS] for count in counts.values())
        ax.bar_label(bars, [" · ".join(row) for row in numbers], padding=5)
        ax.set_yticks(rows, list(counts))
        ax.invert_yaxis()
        ax.grid(visible=False, axis="y")
        ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        ax.set_xlabel("findings")
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=1)
    told = [
        f"{name}: {', '.join(f'{count[verdict]} {verdict}' for verdict in VERDICTS)}."
        for name, count in counts.items()
    ]
    return style.to_html(figure, " ".join(["Number of findings by verdict.", *told]))


def write(folder: Path, found: Mapping[Path, list[dict]]) -> None:
    """Writes what the page includes: the paper's claims, each chapter's table, the picture."""
    table, told = paper_claims.table(paper_scale()), paper_claims.counts(paper_scale())
    (folder / "evidence-paper.html").write_text(table, encoding="utf-8")
    (folder / "evidence-counts.txt").write_text(told, encoding="utf-8")
    scales: dict[str, list[Finding]] = {}
    for chapter, rows in found.items():
        text, findings = section(chapter, rows)
        (folder / f"evidence-{chapter.stem}.html").write_text(text, encoding="utf-8")
        scales |= findings
    counts = {name: Counter(f.verdict for f in side) for name, side in scales.items() if side}
    drawn = publishing.figure("fig-verdicts", picture(counts), CAPTION)
    (folder / "evidence-verdicts.html").write_text(drawn, encoding="utf-8")
